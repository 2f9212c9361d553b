import type { DpopNonces } from "../jose/dpop.ts";
import type { KeyMemory } from "../jose/key-memory.ts";
import type { Clock, Fetcher, SigningAlgorithm } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import { isAccessHandle } from "../model/wire.ts";
import { sha256 } from "../text/digest.ts";
import { createCutSource } from "./cuts/source.ts";
import { verifyHandle } from "./handle.ts";
import { askIssuer, type Introspector } from "./introspection.ts";
import { createIssuerKeys, type IssuerKeys } from "./issuer-keys.ts";
import { createDetailsReader, type DetailsTypeDeclaration } from "./permits.ts";
import { type PresentedRequest, presentedToken } from "./presented.ts";
import { type ProofDeps, readProof, useProof } from "./proof.ts";
import type { VerifyRefusal } from "./refusal.ts";
import { createReplayStore, type ReplayStore } from "./replay.ts";
import { createSignedTokenReader } from "./signed-token.ts";
import { createStatusSource } from "./status/source.ts";
import type { TokenCaches } from "./token-cache.ts";
import type { ReadAccess, VerifiedAccess } from "./verified-access.ts";

/** What a resource server's verifier is made from. */
export interface VerifierInput {
  /** The one issuer whose tokens are accepted, exactly as it writes itself. */
  readonly issuer: string;
  /** The one resource this verifier protects: a token's `aud` must be exactly this. */
  readonly resource: string;
  /** The one algorithm this resource is registered for; by default either, as the key's `alg` says (RFC 9068 2.1). */
  readonly algorithm?: SigningAlgorithm;
  readonly clock: Clock;
  readonly fetcher: Fetcher;
  /** Asks the issuer about every request, instead of the status list. Without it opaque handles are refused. */
  readonly introspector?: Introspector;
  /** Longest use of a status list and of the document of cuts, in seconds; their own `ttl` where that is shorter. */
  readonly freshSeconds?: number;
  /** Store of used proofs; in memory when left out. */
  readonly replay?: ReplayStore;
  /** Nonces that every proof must carry (RFC 9449 9). */
  readonly nonces?: DpopNonces | undefined;
  /** The types of details that restrict this resource. A token with a detail of another type is refused (threat 40). */
  readonly details?: readonly DetailsTypeDeclaration[];
  /**
   * Accept bearer tokens too, which the issuer makes for resources registered so. A token that is bound to a key is
   * never accepted as one.
   */
  readonly acceptBearer?: boolean;
  /** The issuer's keys; fetched by way of its metadata when left out. */
  readonly keys?: IssuerKeys;
  /** Imports and remembers keys; this process's own when left out. */
  readonly keyMemory?: KeyMemory;
  /**
   * Room for verified tokens; this process's own when left out. `null` for none: each token is then verified whole
   * every time.
   */
  readonly tokenCaches?: TokenCaches | null;
}

/** Checks requests to one resource. */
export interface Verifier {
  /**
   * The access the request carries, or why it is refused.
   * @param asking asks about this request in the place of the verifier's own introspector, as with what it can cost
   */
  verify(request: PresentedRequest, asking?: Introspector): Promise<Result<VerifiedAccess, VerifyRefusal>>;
}

/**
 * Creates the verifier of one resource. A request is checked in this order:
 *
 * one credential ▸ signature by a session key, typ, issuer, audience, time (RFC 9068 4) ▸ claims ▸ proof by the bound
 * key for this request and token (RFC 9449 7) ▸ first use of the proof ▸ every detail can be read ▸ the session still
 * lives (document of cuts and status list, or introspection)
 *
 * A token that is an opaque handle is checked by `handle.ts` instead. Cheap, local checks come first. For a token
 * without a valid signature nothing is fetched, except the issuer's keys.
 */
export function createVerifier(input: VerifierInput): Verifier {
  const keys = input.keys ?? createIssuerKeys(input);
  const { introspector, clock, nonces, acceptBearer = false, replay = createReplayStore() } = input;
  const proving: ProofDeps = { clock, replay, nonces, ...(input.keyMemory ? { keyMemory: input.keyMemory } : {}) };
  const handling = { issuer: input.issuer, resource: input.resource, ...proving };
  const readToken = createSignedTokenReader({ ...input, keys });
  const reads = createDetailsReader(input.details ?? []);
  const aliveOffline = introspector ? undefined : createOfflineLiveness({ ...input, keys });
  return {
    async verify(request, asking = introspector) {
      const presented = presentedToken(request, acceptBearer);
      if (!presented.ok) return presented;
      const { scheme, token } = presented.value;
      if (asking && isAccessHandle(token))
        return verifyHandle(request, presented.value, { ...handling, introspector: asking, reads });
      const hash = await sha256(token);
      const read = await readToken(token, hash);
      if (!read.ok) return read;
      const proved =
        scheme === "Bearer"
          ? checkUnbound(read.value)
          : await checkProof(request, { ath: hash, read: read.value }, proving);
      if (!proved.ok) return proved;
      const { access } = read.value;
      const restricted = reads(access.details);
      if (!restricted.ok) return restricted;
      const alive = aliveOffline
        ? await aliveOffline(read.value)
        : asking
          ? await askIssuer(asking, token, access.tokenId)
          : err({ code: "status_unavailable", why: "no source of liveness" } as const);
      return alive.ok ? ok(access) : alive;
    },
  };
}

/**
 * Whether a session lives, as far as the issuer has published it: nothing in it was cut since, and its bit says valid.
 * Both are checked for every request, and a session that one of them refuses is refused. Of two refusals the final one
 * is answered.
 */
function createOfflineLiveness(
  input: Parameters<typeof createStatusSource>[0],
): (read: ReadAccess) => Promise<Result<void, VerifyRefusal>> {
  const statusOf = createStatusSource(input);
  const cutOf = createCutSource(input);
  return async ({ status, issuedUnder }) => {
    const [cut, bit] = await Promise.all([cutOf(issuedUnder), statusOf(status)]);
    if (cut.ok || (!bit.ok && cut.error.code === "cuts_unavailable")) return bit;
    return cut;
  };
}

/**
 * RFC 9449 7.2: a bound token sent as Bearer is a downgrade. If it were accepted, a copy of it could be used without
 * the key.
 */
const checkUnbound = (read: ReadAccess): Result<void, VerifyRefusal> =>
  read.jkt === undefined ? ok(undefined) : err({ code: "bearer_not_accepted" });

async function checkProof(
  request: PresentedRequest,
  { ath, read }: { readonly ath: string; readonly read: ReadAccess },
  deps: ProofDeps,
): Promise<Result<void, VerifyRefusal>> {
  // the opposite case: the token is bound to no key, so a proof beside it proves nothing
  if (read.jkt === undefined) return err({ code: "claims_invalid", claim: "cnf" });
  const proof = await readProof(request, ath, deps);
  if (!proof.ok) return proof;
  if (proof.value.jkt !== read.jkt) return err({ code: "proof_key_mismatch" });
  proof.value.keepKey();
  return useProof(proof.value, deps);
}
