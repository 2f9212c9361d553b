import type { JWK } from "jose";
import { publicJwkFor } from "../jose/public-jwk.ts";
import { limits } from "../model/limits.ts";
import { err, ok, type Result } from "../model/result.ts";
import { parseBoundedJson } from "../text/json.ts";

/** One fetched key set: usable public keys by `kid` and algorithm. */
export interface KeySet {
  /** The one key for this pair. The same object each time, so that its imported form is kept with it. */
  key(kid: string, alg: string): JWK | undefined;
  /** Whether any usable key has this `kid`. */
  has(kid: string): boolean;
  /** The one usable key for this algorithm, whatever its `kid`; undefined where there are several, or none. */
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
 * Reads a JWK Set (RFC 7517 5). Keys that are private, symmetric or for encryption are left out; a `kid` that names two
 * keys for one algorithm names none, since which one would be a guess. One key that is listed twice is one.
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
 * The usable ones of a list of JWKs. Private, symmetric, for encryption: left out. One without `kid` is found only where
 * it is alone: a set of one key need not name it (OpenID Connect Core 10.1).
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
    // a kid that cannot be read is no absent one
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

/** Members are in the order of the algorithm's, so that one key has one text. */
const isSame = (known: JWK | "ambiguous", jwk: JWK): boolean =>
  known !== "ambiguous" && JSON.stringify(known) === JSON.stringify(jwk);

const slot = (kid: string, alg: string): string => `${alg} ${kid}`;
