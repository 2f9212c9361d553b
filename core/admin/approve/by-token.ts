import type { Denial } from "../../denial/denial.ts";
import { type DpopNonces, verifyDpop } from "../../jose/dpop.ts";
import type { KeySets } from "../../keys/key-sets.ts";
import { type Clock, nowSeconds } from "../../model/ports.ts";
import { err, ok, type Result } from "../../model/result.ts";
import type { Call } from "../../model/wire.ts";
import { verifyApprover } from "../../person/approver.ts";
import { sha256 } from "../../text/digest.ts";
import type { Introduce } from "./approver.ts";

/** What reading a person's token needs. */
export interface ByTokenDeps {
  readonly clock: Clock;
  readonly issuer: string;
  readonly keySets: KeySets;
  /** Present where the stage demands nonces in proofs (RFC 9449 9). */
  readonly nonces?: DpopNonces | undefined;
}

/**
 * The person who shows a token of a client for approvals: `Authorization: DPoP …` with a proof that names the token's
 * hash (RFC 9449 7.1), or `Bearer …` where the person signed in a moment ago.
 * @param authorization the header's value, as it came
 * @returns who it is by a registry: `client_unauthenticated`, what `verifyDpop` refuses, what `verifyApprover` refuses
 */
export async function byToken(
  call: Call,
  authorization: string | undefined,
  deps: ByTokenDeps,
): Promise<Result<Introduce, Denial>> {
  const [, scheme = "", token] = /^(DPoP|Bearer) +([A-Za-z0-9._~+/=-]+)$/i.exec(authorization ?? "") ?? [];
  if (token === undefined) {
    const tried = call.authorizationScheme;
    const why = `a person's token as Authorization: DPoP or Bearer instead of ${tried ?? "nothing"}`;
    return err({ code: "client_unauthenticated", why, ...(tried === undefined ? {} : { scheme: tried }) });
  }
  const proof = scheme.toLowerCase() === "dpop" ? await proofOf(call, token, deps) : undefined;
  if (proof && !proof.ok) return proof;
  return ok(async (registry) => {
    const { clock, keySets, issuer: ownIssuer } = deps;
    const jkt = proof?.ok ? { jkt: proof.value.jkt } : {};
    const person = await verifyApprover({ token, registry, keySets, clock, ownIssuer, ...jkt });
    if (!person.ok) return person;
    const { principal, groups, issuer, clientId, issuedAtSeconds, authTimeSeconds } = person.value;
    return ok({
      principal,
      groups,
      as: { proof: "token", issuer, clientId },
      signedInSeconds: Math.min(issuedAtSeconds, authTimeSeconds ?? issuedAtSeconds),
      replayEntries: proof?.ok ? [proof.value.replayEntry] : [],
    });
  });
}

async function proofOf(call: Call, token: string, { clock, nonces }: ByTokenDeps) {
  const proof = await verifyDpop({
    proofs: call.dpop,
    method: call.method,
    url: call.url,
    nowSeconds: nowSeconds(clock),
    ath: await sha256(token),
    nonces,
  });
  if (proof.ok || proof.error.code !== "dpop_nonce_required") return proof;
  return err({ ...proof.error, at: "resource" as const });
}
