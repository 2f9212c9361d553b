import type { JWK } from "jose";
import type { JwtFailure, KeyLookup } from "../jose/jwt.ts";
import { publicJwkFor } from "../jose/public-jwk.ts";
import { limits } from "../model/limits.ts";
import type { Clock, Fetcher } from "../model/ports.ts";
import type { TrustedIssuerRegistration } from "../model/registry.ts";
import { err, ok, type Result } from "../model/result.ts";
import { parseBoundedJson } from "../text/json.ts";
import { createCache, type Taken } from "./cache.ts";
import { keysUrl, trustedUrl } from "./issuer-url.ts";

/** Key sets of trusted issuers, cached by issuer. */
export interface KeySets {
  /** Keys of one registered issuer, by exact `kid` and an algorithm it is registered for. */
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
 * Creates the cache of foreign key sets. An entry is named by the issuer's whole registration, so that two issuers with
 * the same `kid` are never mixed and a changed registration is fetched anew. `cache.ts` decides how often it fetches,
 * and what is used while fetching fails.
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
 * Lookup among the keys of one registered issuer. A token that names no key is verified with the only key of its
 * algorithm, where the set has just one. For a token that names a key, no other key is tried.
 * @param take gets the keys, fetching again for a `kid` that is not among them
 */
export function registeredLookup(
  issuer: TrustedIssuerRegistration,
  take: (kid: string | undefined) => Promise<Taken<KeySet>>,
): KeyLookup {
  return async ({ alg, kid }) => {
    if (!issuer.algorithms.some((known) => known === alg)) return failed("alg", "not registered for this issuer");
    // an authority of a trust domain is found by its kid, and an account's STS always sends one
    if (kid === undefined && issuer.purpose !== "person" && issuer.purpose !== "workload")
      return failed("key_unknown", "the token names no key");
    const { value: keys, failure } = await take(kid);
    if (!keys) return failed("keys_unavailable", failure ?? "no key set at hand");
    const jwk = kid === undefined ? keys.sole(alg) : keys.key(kid, alg);
    if (jwk) return ok(jwk);
    if (kid === undefined) return failed("key_unknown", "the token names no key, and the issuer has not just one");
    // while the newest fetch fails, a rotated key cannot be told from an invented one
    return failure === undefined
      ? failed("key_unknown", "the issuer has no such key for this algorithm")
      : failed("keys_unavailable", failure);
  };
}

/** A key set as fetched, and how long it is fresh by its server's answer. */
interface FetchedKeys {
  readonly set: KeySet;
  readonly maxAgeSeconds?: number;
}

const bounds = { maxBytes: limits.keySetBytes, timeoutMillis: limits.fetchTimeoutMillis };

/**
 * Fetches the keys of a registered issuer, by its registered `jwksUri` or its discovery document (OpenID Connect
 * Discovery 4). Every URL is checked before it is followed; the keys of an `aws-sts` issuer must be on its own host, so
 * that no document can point to another one.
 * @param ownIssuer this deployment's issuer
 */
async function fetchKeys(
  issuer: TrustedIssuerRegistration,
  fetcher: Fetcher,
  ownIssuer: string,
): Promise<Result<FetchedKeys, string>> {
  const uri = await keysUri(issuer, fetcher, ownIssuer);
  if (!uri.ok) return uri;
  const url = keysUrl(uri.value, ownIssuer);
  if (!url.ok) return err(`jwks_uri ${url.error}`);
  if (issuer.purpose === "aws-sts" && url.value.origin !== new URL(issuer.issuer).origin)
    return err("jwks_uri is not on the issuer's own host");
  const fetched = await fetcher.get(uri.value, bounds);
  if (!fetched.ok) return err(`keys: ${fetched.error.why}`);
  const set = readKeySet(fetched.value.body, issuer.algorithms);
  if (!set.ok) return err(`keys: ${set.error}`);
  const { maxAgeSeconds } = fetched.value;
  return ok({ set: set.value, ...(maxAgeSeconds === undefined ? {} : { maxAgeSeconds }) });
}

async function keysUri(
  issuer: TrustedIssuerRegistration,
  fetcher: Fetcher,
  ownIssuer: string,
): Promise<Result<string, string>> {
  // with keys elsewhere nothing is fetched from the issuer itself, which need not be reachable
  if (issuer.jwksUri !== undefined) return ok(issuer.jwksUri);
  const base = trustedUrl(issuer.issuer, ownIssuer);
  if (!base.ok) return err(`issuer ${base.error}`);
  const url = `${issuer.issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const fetched = await fetcher.get(url, bounds);
  if (!fetched.ok) return err(`discovery: ${fetched.error.why}`);
  const document = readDocument(fetched.value.body);
  if (!document.ok) return err(`discovery: ${document.error}`);
  // RFC 8414 3.3: a document that names another issuer is not this issuer's (mix-up attack)
  if (document.value.issuer !== issuer.issuer) return err("discovery: names another issuer");
  const { jwks_uri: uri } = document.value;
  return typeof uri === "string" ? ok(uri) : err("discovery: no jwks_uri");
}

/** One fetched key set: usable public keys by `kid` and algorithm. */
export interface KeySet {
  /** The only key for this pair; always the same object, by which its imported form is remembered. */
  key(kid: string, alg: string): JWK | undefined;
  /** Whether any usable key has this `kid`. */
  has(kid: string): boolean;
  /** The usable key for this algorithm where there is exactly one, with any `kid`; else undefined. */
  sole(alg: string): JWK | undefined;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** Reads a JSON document of an issuer as an object; its bytes were bounded by the fetch. */
export function readDocument(body: Uint8Array): Result<Readonly<Record<string, unknown>>, string> {
  let text: string;
  try {
    text = utf8.decode(body);
  } catch {
    return err("not UTF-8");
  }
  const parsed = parseBoundedJson(text);
  if (!parsed.ok) return parsed;
  const { value } = parsed;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return err("not a JSON object");
  return ok(value as Record<string, unknown>);
}

/**
 * Reads a JWK Set (RFC 7517 5). Keys that are private, symmetric or for encryption are left out. A `kid` that names two
 * keys for one algorithm finds none, since choosing one would be a guess. A key that is listed twice counts once.
 * @param algorithms those the issuer is registered for
 */
export function readKeySet(body: Uint8Array, algorithms: readonly string[]): Result<KeySet, string> {
  const document = readDocument(body);
  if (!document.ok) return document;
  const { keys } = document.value;
  if (!Array.isArray(keys)) return err("no keys member");
  if (keys.length > limits.keySetKeys) return err(`more than ${limits.keySetKeys} keys`);
  return ok(keySetOf(keys, algorithms));
}

/**
 * The usable keys of a list of JWKs. Private and symmetric keys and keys for encryption are left out. A key without
 * `kid` is found only where it is the only one: a set of one key need not name it (OpenID Connect Core 10.1).
 * @param algorithms those the keys may be used for
 */
export function keySetOf(keys: readonly unknown[], algorithms: readonly string[]): KeySet {
  const found = new Map<string, JWK | "ambiguous">();
  const kids = new Set<string>();
  const add = (name: string, jwk: JWK) => {
    const known = found.get(name);
    found.set(name, known === undefined || isSame(known, jwk) ? (known ?? jwk) : "ambiguous");
  };
  for (const item of keys) {
    const kid = (item as { kid?: unknown } | null)?.kid ?? undefined;
    const named = typeof kid === "string" && kid !== "" && kid.length <= 256;
    // a malformed kid is not the same as an absent one
    if (!named && kid !== undefined) continue;
    for (const alg of algorithms) {
      const jwk = publicJwkFor(alg, item);
      if (!jwk) continue;
      if (named) kids.add(kid);
      if (named) add(slot(kid, alg), jwk);
      add(alg, jwk);
    }
  }
  const take = (name: string) => {
    const jwk = found.get(name);
    return jwk === "ambiguous" ? undefined : jwk;
  };
  return { has: (kid) => kids.has(kid), key: (kid, alg) => take(slot(kid, alg)), sole: take };
}

/** Compares members in the algorithm's order, so that the order in the document does not matter. */
const isSame = (known: JWK | "ambiguous", jwk: JWK): boolean =>
  known !== "ambiguous" && JSON.stringify(known) === JSON.stringify(jwk);

const slot = (kid: string, alg: string): string => `${alg} ${kid}`;
