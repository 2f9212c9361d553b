import type { JWK } from "jose";
import { parseBoundedJson } from "../json.ts";
import { limits } from "../limits.ts";
import { publicJwkFor } from "../public-jwk.ts";
import { err, ok, type Result } from "../result.ts";

/** One fetched key set: usable public keys by `kid` and algorithm. */
export interface KeySet {
  /** The one key for this pair. The same object each time, so that its imported form is kept with it. */
  key(kid: string, alg: string): JWK | undefined;
  /** Whether any usable key has this `kid`. */
  has(kid: string): boolean;
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
 * Reads a JWK Set (RFC 7517 5). Keys that are private, symmetric, for encryption or without `kid` are left out; a
 * `kid` that names two keys for one algorithm names none, since which one would be a guess.
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
 * The usable ones of a list of JWKs. Private, symmetric, for encryption or without `kid`: left out.
 * @param algorithms those the keys may be used for
 */
export function keySetOf(keys: readonly unknown[], algorithms: readonly string[]): KeySet {
  const found = new Map<string, JWK | "ambiguous">();
  const kids = new Set<string>();
  for (const item of keys) {
    const kid = (item as { kid?: unknown } | null)?.kid;
    if (typeof kid !== "string" || kid === "" || kid.length > 256) continue;
    for (const alg of algorithms) {
      const jwk = publicJwkFor(alg, item);
      if (!jwk) continue;
      kids.add(kid);
      found.set(slot(kid, alg), found.has(slot(kid, alg)) ? "ambiguous" : jwk);
    }
  }
  return {
    has: (kid) => kids.has(kid),
    key: (kid, alg) => {
      const jwk = found.get(slot(kid, alg));
      return jwk === "ambiguous" ? undefined : jwk;
    },
  };
}

const slot = (kid: string, alg: string): string => `${alg} ${kid}`;
