import { nowSeconds } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import { sha256 } from "../text/digest.ts";
import { ask, type Introspector } from "./introspection.ts";
import type { PresentedRequest, PresentedToken } from "./presented.ts";
import { forgetProof, type ProofDeps, readProof, useProof } from "./proof.ts";
import type { VerifyRefusal } from "./refusal.ts";
import { freezeWhole } from "./token-cache.ts";
import { readClaims, type VerifiedAccess } from "./verified-access.ts";

/** What a handle is checked with. */
interface HandleDeps extends ProofDeps {
  readonly issuer: string;
  readonly resource: string;
  readonly introspector: Introspector;
  /** Whether this server can read every detail of a token. */
  readonly reads: (details: VerifiedAccess["details"]) => Result<void, VerifyRefusal>;
}

/**
 * Checks a request whose access token is an opaque handle:
 *
 * proof for this request and handle (`ath`) ▸ first use of the proof ▸ the issuer's answer, asked with the proof's key
 * ▸ issuer, audience, time, key and claims of that answer, its details readable
 *
 * The proof comes first: the issuer may count the question as a use, and a request that fails anyway must not cost one.
 */
export async function verifyHandle(
  request: PresentedRequest,
  { scheme, token: handle }: PresentedToken,
  deps: HandleDeps,
): Promise<Result<VerifiedAccess, VerifyRefusal>> {
  const proof = scheme === "Bearer" ? undefined : await readProof(request, await sha256(handle), deps);
  if (proof && !proof.ok) return proof;
  const first = proof && (await useProof(proof.value, deps));
  if (first && !first.ok) return first;
  const jkt = proof?.value.jkt;
  const answer = await ask(deps.introspector, handle, jkt);
  // without an answer nothing is decided: the issuer may have counted a use, so the proof stays used
  if (!answer.ok && answer.error.code === "session_over" && proof) await forgetProof(proof.value, deps);
  if (!answer.ok) return answer;
  const { iss, aud, exp } = answer.value;
  const wrong = (why: string) => err({ code: "introspection_unavailable", why } as const);
  if (iss !== deps.issuer || aud !== deps.resource) return wrong("it answered for another issuer or resource");
  if (typeof exp !== "number" || exp <= nowSeconds(deps.clock)) return wrong("it called an expired token active");
  const read = readClaims(answer.value, deps.resource);
  if (!read.ok) return read;
  const restricted = deps.reads(read.value.access.details);
  if (!restricted.ok) return restricted;
  // the issuer compares the keys too; a resource that did not would accept a stolen handle from any key
  if (read.value.jkt !== jkt) return err({ code: scheme === "Bearer" ? "bearer_not_accepted" : "proof_key_mismatch" });
  proof?.value.keepKey();
  freezeWhole(read.value.access);
  return ok(read.value.access);
}
