import type { DpopNonces } from "../jose/dpop.ts";
import { type JwtFailure, verifyJwt } from "../jose/jwt.ts";
import type { Clock, Fetcher, SigningAlgorithm } from "../model/ports.ts";
import { nowSeconds } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import { isAccessHandle, tokenTyp } from "../model/wire.ts";
import { verifyHandle } from "./handle.ts";
import { askIssuer, type Introspector } from "./introspection.ts";
import { createIssuerKeys, type IssuerKeys } from "./issuer-keys.ts";
import { createDetailsReader, type DetailsTypeDeclaration } from "./permits.ts";
import { type PresentedRequest, presentedToken } from "./presented.ts";
import { type ProofDeps, readProof, useProof } from "./proof.ts";
import type { VerifyRefusal } from "./refusal.ts";
import { createReplayStore, type ReplayStore } from "./replay.ts";
import { createStatusSource } from "./status-source.ts";
import { strictExpiry } from "./strict-expiry.ts";
import { type ReadAccess, readAccess, type VerifiedAccess } from "./verified-access.ts";

/** What a resource server's verifier is made of. */
export interface VerifierInput {
  /** The one issuer whose tokens are accepted, exactly as it writes itself. */
  readonly issuer: string;
  /** The one resource this verifier stands for: a token's `aud` must be exactly this. */
  readonly resource: string;
  /** The one algorithm this resource is registered for; by default either, as the key itself says (RFC 9068 2.1). */
  readonly algorithm?: SigningAlgorithm;
  readonly clock: Clock;
  readonly fetcher: Fetcher;
  /** Ask the issuer about every request, instead of the status list; without it opaque handles are refused. */
  readonly introspector?: Introspector;
  /** Used proofs; in memory unless given. */
  readonly replay?: ReplayStore;
  /** Demand these in every proof (RFC 9449 9). */
  readonly nonces?: DpopNonces | undefined;
  /** The types of details that restrict this resource; a token with a detail that they cannot read is refused. */
  readonly details?: readonly DetailsTypeDeclaration[];
  /** Take bearer tokens too, which the issuer makes for resources registered so; a bound token never passes as one. */
  readonly acceptBearer?: boolean;
  /** The issuer's keys; fetched by its metadata unless given. */
  readonly keys?: IssuerKeys;
}

/** Checks requests to one resource. */
export interface Verifier {
  /** The access the request carries, or why it is refused. */
  verify(request: PresentedRequest): Promise<Result<VerifiedAccess, VerifyRefusal>>;
}

/**
 * Creates the verifier of one resource. The way of a request:
 *
 *     one credential ▸ signature by a session key, typ, issuer, audience, time (RFC 9068 4)
 *     ▸ claims ▸ proof by the bound key for this request and token (RFC 9449 7) ▸ first use of the proof
 *     ▸ every restriction can be read ▸ the session still lives (status list, or introspection)
 *
 * A token that is an opaque handle goes the way of `handle.ts` instead. Cheap and local comes first; nothing is fetched for a token nobody signed, except the issuer's keys.
 */
export function createVerifier(input: VerifierInput): Verifier {
  const keys = input.keys ?? createIssuerKeys(input);
  const replay = input.replay ?? createReplayStore();
  const { introspector } = input;
  const reads = createDetailsReader(input.details ?? []);
  const statusOf = introspector ? undefined : createStatusSource({ ...input, keys });
  return {
    async verify(request) {
      const presented = presentedToken(request, input.acceptBearer === true);
      if (!presented.ok) return presented;
      const { scheme, token } = presented.value;
      const proving = { clock: input.clock, replay, nonces: input.nonces };
      if (introspector && isAccessHandle(token))
        return verifyHandle(request, presented.value, { ...input, ...proving, introspector, reads });
      const read = await readToken(token, input, keys);
      if (!read.ok) return read;
      const proved =
        scheme === "Bearer" ? checkUnbound(read.value) : await checkProof(request, token, read.value, proving);
      if (!proved.ok) return proved;
      const { access, status } = read.value;
      const restricted = reads(access.details);
      if (!restricted.ok) return restricted;
      const alive = statusOf
        ? await statusOf(status)
        : introspector
          ? await askIssuer(introspector, token, access.tokenId)
          : err({ code: "status_unavailable", why: "no source of liveness" } as const);
      return alive.ok ? ok(access) : alive;
    },
  };
}

async function readToken(
  token: string,
  input: Pick<VerifierInput, "issuer" | "resource" | "clock" | "algorithm">,
  keys: IssuerKeys,
): Promise<Result<ReadAccess, VerifyRefusal>> {
  const verified = await verifyJwt(token, keys.lookup(tokenTyp.access), {
    typ: [tokenTyp.access],
    algorithms: input.algorithm === undefined ? ["ES256", "RS256"] : [input.algorithm],
    issuer: input.issuer,
    audience: input.resource,
    ...strictExpiry(nowSeconds(input.clock)),
    requiredClaims: ["sub", "client_id", "exp", "iat", "jti"],
  });
  return verified.ok ? readAccess(verified.value.payload, input.resource) : err(tokenRefusal(verified.error));
}

function tokenRefusal(failure: JwtFailure): VerifyRefusal {
  if (failure.why === "expired") return { code: "token_expired", expiredAtSeconds: failure.expiredAtSeconds ?? 0 };
  if (failure.why === "keys_unavailable") return { code: "keys_unavailable", why: failure.detail };
  return { code: "token_invalid", why: `${failure.why}: ${failure.detail}` };
}

/** RFC 9449 7.2: a bound token sent as Bearer is a downgrade, whoever copied it would need no key. */
const checkUnbound = (read: ReadAccess): Result<void, VerifyRefusal> =>
  read.jkt === undefined ? ok(undefined) : err({ code: "bearer_not_accepted" });

async function checkProof(
  request: PresentedRequest,
  accessToken: string,
  read: ReadAccess,
  deps: ProofDeps,
): Promise<Result<void, VerifyRefusal>> {
  // the reverse: a proof beside a token that is bound to no key proves nothing
  if (read.jkt === undefined) return err({ code: "claims_invalid", claim: "cnf" });
  const proof = await readProof(request, accessToken, deps);
  if (!proof.ok) return proof;
  return proof.value.jkt === read.jkt ? useProof(proof.value, deps) : err({ code: "proof_key_mismatch" });
}
