import type { JwtFailure, KeyLookup } from "../jwt.ts";
import { limits } from "../limits.ts";
import type { Clock, Fetcher } from "../ports.ts";
import type { TrustedIssuerRegistration } from "../registry/model.ts";
import { err, ok } from "../result.ts";
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

/** What is known of one issuer's keys. Times in milliseconds. */
interface Shelf {
  set?: { readonly keys: KeySet; readonly since: number; readonly freshUntil: number; readonly sequence: number };
  flight?: { readonly since: number; readonly done: Promise<void> };
  /** Start of the last fetch and how it went. */
  tried?: number;
  failure?: string;
}

/** A cached set for as many issuers as any registry sensibly trusts; beyond it the eldest goes. */
const shelvesMax = 1_000;

const seconds = 1_000;
const failed = (why: JwtFailure["why"], detail: string) => err<JwtFailure>({ why, detail });

/**
 * Creates the cache of foreign key sets. Cached by the issuer's whole registration, so that two issuers with one `kid`
 * never meet and a changed registration starts afresh. One fetch at a time an issuer; after each, a pause, whether it
 * failed or did not bring the wanted `kid`: a storm of invented kids costs one fetch. A set is used beyond its age only
 * while fetching fails, and only so long; what replaces it drops its keys.
 */
export function createKeySets(deps: KeySetDeps): KeySets {
  const shelves = new Map<string, Shelf>();
  let sequence = 0;

  const shelfOf = (issuer: TrustedIssuerRegistration): Shelf => {
    const name = JSON.stringify([issuer.purpose, issuer.issuer, issuer.jwksUri ?? "", issuer.algorithms]);
    const known = shelves.get(name);
    if (known) return known;
    const eldest = shelves.keys().next().value;
    if (shelves.size >= shelvesMax && eldest !== undefined) shelves.delete(eldest);
    const shelf: Shelf = {};
    shelves.set(name, shelf);
    return shelf;
  };

  const fetchInto = async (shelf: Shelf, issuer: TrustedIssuerRegistration, since: number): Promise<void> => {
    const mine = ++sequence;
    const fetched = await fetchKeys(issuer, deps.fetcher, deps.ownIssuer);
    // a sandbox frozen in mid-flight may wake with an old answer after a newer one
    if (mine < (shelf.set?.sequence ?? 0)) return;
    if (!fetched.ok) {
      shelf.failure = fetched.error;
      return;
    }
    delete shelf.failure;
    const asked = fetched.value.maxAgeSeconds ?? limits.keySetAgeSeconds;
    const age = Math.min(Math.max(asked, limits.keySetAgeMinSeconds), limits.keySetAgeMaxSeconds);
    shelf.set = { keys: fetched.value.set, since, freshUntil: since + age * seconds, sequence: mine };
  };

  /** Fetches unless one is under way (then joins it) or the last began too short a time ago. */
  const refresh = async (shelf: Shelf, issuer: TrustedIssuerRegistration): Promise<void> => {
    const now = deps.clock.nowMillis();
    const { flight } = shelf;
    // two documents, each within its timeout; a flight older than that was frozen with its sandbox
    if (flight && now - flight.since <= 2 * limits.fetchTimeoutMillis) return flight.done;
    if (shelf.tried !== undefined && now - shelf.tried < limits.keySetPauseSeconds * seconds) return;
    shelf.tried = now;
    const done = fetchInto(shelf, issuer, now).finally(() => {
      if (shelf.flight?.since === now) delete shelf.flight;
    });
    shelf.flight = { since: now, done };
    return done;
  };

  return {
    lookup: (issuer) => async (header) => {
      const { alg, kid } = header;
      if (!issuer.algorithms.some((known) => known === alg)) return failed("alg", "not registered for this issuer");
      if (kid === undefined) return failed("key_unknown", "the token names no key");
      const shelf = shelfOf(issuer);
      const now = deps.clock.nowMillis();
      const fresh = shelf.set && now < shelf.set.freshUntil && now >= shelf.set.since;
      if (!fresh || !shelf.set?.keys.has(kid)) await refresh(shelf, issuer);
      return answer(shelf, kid, alg, deps.clock.nowMillis());
    },
  };
}

function answer(shelf: Shelf, kid: string, alg: string, now: number): Awaited<ReturnType<KeyLookup>> {
  const { set, failure } = shelf;
  const usable = set && now < set.freshUntil + limits.keySetStaleSeconds * seconds && now >= set.since;
  if (!usable) return failed("keys_unavailable", failure ?? "no key set at hand");
  const jwk = set.keys.key(kid, alg);
  if (jwk) return ok(jwk);
  // while the newest fetch fails nobody can tell a rotated key from an invented one
  return failure === undefined
    ? failed("key_unknown", "the issuer has no such key for this algorithm")
    : failed("keys_unavailable", failure);
}
