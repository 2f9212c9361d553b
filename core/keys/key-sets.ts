import type { JwtFailure, KeyLookup } from "../jose/jwt.ts";
import { limits } from "../model/limits.ts";
import type { Clock, Fetcher } from "../model/ports.ts";
import type { TrustedIssuerRegistration } from "../model/registry.ts";
import { err, ok } from "../model/result.ts";
import { createCache, type Taken } from "./cache.ts";
import { fetchKeys } from "./fetch-keys.ts";
import type { KeySet } from "./key-set.ts";

/** Key sets of trusted issuers, cached by issuer. */
export interface KeySets {
  /** Keys of one registered issuer: exact `kid`, an algorithm it is registered for. */
  lookup(issuer: TrustedIssuerRegistration): KeyLookup;
}

/** What key sets need. */
export interface KeySetDeps {
  readonly fetcher: Fetcher;
  readonly clock: Clock;
  /** This deployment's issuer. */
  readonly ownIssuer: string;
}

const failed = (why: JwtFailure["why"], detail: string) => err<JwtFailure>({ why, detail });

/**
 * Creates the cache of foreign key sets. Cached by the issuer's whole registration, so that two issuers with one `kid`
 * never meet and a changed registration starts afresh; how often it asks, and what serves while asking fails:
 * `cache.ts`.
 */
export function createKeySets(deps: KeySetDeps): KeySets {
  const cache = createCache<TrustedIssuerRegistration, KeySet>({
    clock: deps.clock,
    name: (issuer) => JSON.stringify([issuer.purpose, issuer.issuer, issuer.jwksUri ?? "", issuer.algorithms]),
    bring: async (issuer) => {
      const fetched = await fetchKeys(issuer, deps.fetcher, deps.ownIssuer);
      if (!fetched.ok) return err({ why: fetched.error });
      const { set: value, maxAgeSeconds } = fetched.value;
      return ok({ value, ageSeconds: maxAgeSeconds ?? limits.keySetAgeSeconds });
    },
  });
  return {
    lookup: (issuer) =>
      registeredLookup(issuer, (kid) => cache.take(issuer, (keys) => kid === undefined || keys.has(kid))),
  };
}

/**
 * Lookup in what is at hand of one registered issuer. A token that names no key is verified by the one key of a set that
 * has no other for its algorithm; by one that names a key, no other is tried.
 * @param take gets its keys, asking anew for a `kid` that is not among them
 */
export function registeredLookup(
  issuer: TrustedIssuerRegistration,
  take: (kid: string | undefined) => Promise<Taken<KeySet>>,
): KeyLookup {
  return async ({ alg, kid }) => {
    if (!issuer.algorithms.some((known) => known === alg)) return failed("alg", "not registered for this issuer");
    // an authority of a trust domain is found by its kid, and an account's STS always writes one
    if (kid === undefined && issuer.purpose !== "person" && issuer.purpose !== "workload")
      return failed("key_unknown", "the token names no key");
    const { value: keys, failure } = await take(kid);
    if (!keys) return failed("keys_unavailable", failure ?? "no key set at hand");
    const jwk = kid === undefined ? keys.sole(alg) : keys.key(kid, alg);
    if (jwk) return ok(jwk);
    if (kid === undefined) return failed("key_unknown", "the token names no key, and the issuer has not just one");
    // while the newest fetch fails nobody can tell a rotated key from an invented one
    return failure === undefined
      ? failed("key_unknown", "the issuer has no such key for this algorithm")
      : failed("keys_unavailable", failure);
  };
}
