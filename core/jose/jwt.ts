import type { JWK, JWTPayload } from "jose";
import { limits } from "../model/limits.ts";
import type { PublicKey } from "../model/ports.ts";
import { err, ok, type Result } from "../model/result.ts";
import { bytesOfAscii, bytesOfBase64url } from "../text/base64url.ts";
import { parseBoundedJson } from "../text/json.ts";
import { claimFailure, type JwtFailure, type JwtRules, type VerifiedJwt } from "./jwt-claims.ts";
import { keyMemory } from "./key-memory.ts";

/** The parts of a compact JWS, none of them verified. */
export interface CompactJws {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Readonly<Record<string, unknown>>;
  /** Bytes of `base64url(header).base64url(payload)`: what the signature covers. */
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
}

// keep a byte order mark, so that the JSON parser refuses it
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Splits a compact JWS (RFC 7515 7.1) into its parts, more strictly than most libraries do: exactly three segments,
 * canonical base64url (otherwise two different strings would be one token), valid UTF-8, JSON objects without repeated
 * members or deep nesting.
 * @param maxBytes longest token looked at
 * @returns undefined for anything else
 */
export function parseCompactJws(token: string, maxBytes: number): CompactJws | undefined {
  if (token.length > maxBytes) return undefined;
  const first = token.indexOf(".");
  const second = token.indexOf(".", first + 1);
  if (first === -1 || second === -1) return undefined;
  // a third dot is outside the base64url alphabet, so this refuses it
  const signature = bytesOfBase64url(token.slice(second + 1));
  const header = signature && objectIn(token.slice(0, first), limits.jsonDepth);
  const payload = header && objectIn(token.slice(first + 1, second), limits.claimsDepth);
  return payload && { header, payload, signed: bytesOfAscii(token.slice(0, second)), signature };
}

function objectIn(encoded: string, depthMax: number): Readonly<Record<string, unknown>> | undefined {
  const bytes = bytesOfBase64url(encoded);
  if (!bytes) return undefined;
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch {
    return undefined;
  }
  const parsed = parseBoundedJson(text, depthMax);
  if (!parsed.ok || typeof parsed.value !== "object" || parsed.value === null || Array.isArray(parsed.value))
    return undefined;
  return parsed.value as Record<string, unknown>;
}

export type { JwtFailure, JwtRules, VerifiedJwt } from "./jwt-claims.ts";

/** Finds the key that a header names. Keys never come from the token itself. */
export type KeyLookup = (header: {
  readonly alg: string;
  readonly kid: string | undefined;
}) => Promise<Result<JWK, JwtFailure>>;

/**
 * Header members that carry keys, change what is signed, or change how the payload is read (RFC 7515 4.1, RFC 7797, RFC
 * 8725 3.10). No honest sender uses one here, so they are refused and not ignored.
 */
const forbiddenHeaders = ["jwk", "jku", "x5c", "x5u", "crit", "b64", "zip", "enc", "cty"];

const fail = (why: JwtFailure["why"], detail: string) => err<JwtFailure>({ why, detail });

/**
 * Verifies a JWT in an order in which cheap checks come first: size, shape, header, key, signature, claims. Before the
 * signature was verified, nothing has a side effect except a bounded fetch of keys.
 * @param token compact JWS as received, or the parts that {@link decodeUnverified} made of it, so that it is parsed
 * only once
 * @param keyFor finds the key; called only once the header is acceptable
 * @param rules what it must be
 * @returns header and payload, or the first thing that is wrong
 */
export async function verifyJwt(
  token: string | CompactJws,
  keyFor: KeyLookup,
  rules: JwtRules,
): Promise<Result<VerifiedJwt, JwtFailure>> {
  const { maxBytes = limits.tokenBytes } = rules;
  if (typeof token === "string" && token.length > maxBytes) return fail("too_large", `more than ${maxBytes} bytes`);
  const parts = typeof token === "string" ? parseCompactJws(token, maxBytes) : token;
  if (!parts) return fail("malformed", "not a compact JWS over a JSON object");
  const header = readHeader(parts.header, rules);
  if (!header.ok) return header;
  const key = await keyFor({ alg: header.value.alg, kid: header.value.kid });
  if (!key.ok) return key;
  const imported = await (rules.keyMemory ?? keyMemory).held(header.value.alg, key.value);
  if (!(await imported?.verify(parts.signed, parts.signature)))
    return fail("signature", "the signature does not verify with the key it names");
  const failure = claimFailure(parts.payload, rules);
  return failure ? err(failure) : ok({ header: header.value, payload: parts.payload as JWTPayload });
}

function readHeader(
  header: Readonly<Record<string, unknown>>,
  rules: JwtRules,
): Result<VerifiedJwt["header"], JwtFailure> {
  const { alg, kid, typ } = header;
  if (typeof alg !== "string" || !rules.algorithms.includes(alg)) return fail("alg", "algorithm is not accepted");
  const type = mediaType(typ);
  if (type === undefined || !rules.typ.includes(type)) return fail("typ", "this is another kind of token");
  if (kid !== undefined && (typeof kid !== "string" || kid === "" || kid.length > 256))
    return fail("header", "kid is not a short string");
  const members = Object.keys(header);
  const bad = members.find((m) => forbiddenHeaders.includes(m) || (rules.exactHeaders?.includes(m) ?? true) === false);
  if (bad !== undefined) return fail("header", "a header member is not accepted");
  return ok({ alg, ...(kid === undefined ? {} : { kid }), ...(typeof typ === "string" ? { typ } : {}) });
}

/**
 * RFC 7515 4.1.9: `application/` may be left out, case does not matter. An explicit empty `typ` differs from an absent
 * one.
 */
function mediaType(typ: unknown): string | undefined {
  if (typ === undefined) return "";
  if (typeof typ !== "string" || typ === "") return undefined;
  return typ.toLowerCase().replace(/^application\//, "");
}

/**
 * The parts of a token that nobody has verified, for choosing whose keys to try, and then for {@link verifyJwt}.
 * @param maxBytes longest token accepted
 * @returns undefined when it is too large or not a well-formed compact JWS
 */
export const decodeUnverified = (token: string, maxBytes: number = limits.tokenBytes): CompactJws | undefined =>
  parseCompactJws(token, maxBytes);

/** Our own keys by exact `kid` and `alg`; a token without `kid` is refused. */
export function ownKeyLookup(keys: readonly PublicKey[]): KeyLookup {
  return async ({ alg, kid }) => {
    const key = keys.find((k) => k.kid === kid && k.alg === alg);
    // the imported key is remembered by the identity of this object
    return key ? ok(key.jwk) : fail("key_unknown", "no key of ours has this kid for this algorithm");
  };
}
