import type { JWK } from "jose";
import { type JwtFailure, type JwtRules, type KeyLookup, verifyJwt } from "../jose/jwt.ts";
import { timeFailure } from "../jose/jwt-claims.ts";
import type { KeyMemory } from "../jose/key-memory.ts";
import type { Clock, SigningAlgorithm } from "../model/ports.ts";
import { nowSeconds } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import { tokenTyp } from "../model/wire.ts";
import type { IssuerKeys } from "./issuer-keys.ts";
import type { VerifyRefusal } from "./refusal.ts";
import { strictExpiry } from "./strict-expiry.ts";
import { freezeWhole, type TokenCache, type TokenCaches, tokenCaches, type VerifiedToken } from "./token-cache.ts";
import { type ReadAccess, readAccess } from "./verified-access.ts";

/** What signed access tokens are checked against, and what they are checked with. */
interface SignedTokenInput {
  readonly issuer: string;
  readonly resource: string;
  readonly algorithm?: SigningAlgorithm;
  readonly clock: Clock;
  readonly keys: IssuerKeys;
  /** Imports and remembers keys; this process's own unless given. */
  readonly keyMemory?: KeyMemory;
  /**
   * Room for verified tokens; this process's own when left out. `null` for none: each token is then verified whole
   * every time.
   */
  readonly tokenCaches?: TokenCaches | null;
}

/**
 * Checks one access token: signature, claims, times. The caller checks what depends on the request.
 * @param hash SHA-256 of the whole token, base64url
 */
type SignedTokenReader = (token: string, hash: string) => Promise<Result<ReadAccess, VerifyRefusal>>;

/**
 * Creates the check of signed access tokens (RFC 9068 4). A token that comes again is not verified again, but its key
 * is looked up again and must be the same object, and its times are checked again (threat 50). Every other check
 * depends only on the token's bytes and on the settings in the cache's name.
 * @param input read once; later changes to it have no effect
 */
export function createSignedTokenReader(input: SignedTokenInput): SignedTokenReader {
  const { issuer, resource, algorithm, clock, keys, keyMemory } = input;
  const algorithms = algorithm === undefined ? ["ES256", "RS256"] : [algorithm];
  const lookup = keys.lookup(tokenTyp.access);
  const cache = cacheOf(input, JSON.stringify([issuer, resource, algorithms]));
  const rules = (): JwtRules => ({
    typ: [tokenTyp.access],
    algorithms,
    issuer,
    audience: resource,
    ...strictExpiry(nowSeconds(clock)),
    requiredClaims: ["sub", "client_id", "exp", "iat", "jti"],
    ...(keyMemory ? { keyMemory } : {}),
  });
  const verifyWhole = async (token: string, hash: string) => {
    let key: JWK | undefined;
    const noting: KeyLookup = async (header) => {
      const found = await lookup(header);
      if (found.ok) key = found.value;
      return found;
    };
    const verified = await verifyJwt(token, noting, rules());
    if (!verified.ok) return err(tokenRefusal(verified.error));
    const { header, payload } = verified.value;
    const read = readAccess(payload, resource);
    if (!read.ok) return read;
    const { exp, nbf, iat } = payload;
    const times = nbf === undefined ? { exp, iat } : { exp, nbf, iat };
    const bytes = freezeWhole(read.value);
    const named = { alg: header.alg, kid: header.kid };
    if (cache && key) cache.put(hash, { header: named, key, times, read: read.value }, bytes);
    return read;
  };
  return async (token, hash) => {
    const known = cache?.get(hash);
    if (!known) return verifyWhole(token, hash);
    const again = await evaluateAgain(known, lookup, rules());
    if (again) return again;
    cache?.forget(hash);
    return verifyWhole(token, hash);
  };
}

function cacheOf(
  { keys, tokenCaches: given = tokenCaches }: SignedTokenInput,
  settings: string,
): TokenCache | undefined {
  const cache = given?.of(settings);
  keys.onReplaced?.(() => cache?.clear());
  return cache;
}

/**
 * What {@link verifyJwt} would answer now for a token that was verified before; undefined when its key has been
 * replaced.
 */
async function evaluateAgain(
  { header, key, times, read }: VerifiedToken,
  lookup: KeyLookup,
  rules: JwtRules,
): Promise<Result<ReadAccess, VerifyRefusal> | undefined> {
  const found = await lookup(header);
  if (!found.ok) return err(tokenRefusal(found.error));
  if (found.value !== key) return undefined;
  const failure = timeFailure(times, rules);
  return failure ? err(tokenRefusal(failure)) : ok(read);
}

function tokenRefusal(failure: JwtFailure): VerifyRefusal {
  if (failure.why === "expired") return { code: "token_expired", expiredAtSeconds: failure.expiredAtSeconds ?? 0 };
  if (failure.why === "keys_unavailable") return { code: "keys_unavailable", why: failure.detail };
  return { code: "token_invalid", why: `${failure.why}: ${failure.detail}` };
}
