import { createHash, timingSafeEqual } from "node:crypto";
import { calculateJwkThumbprint, compactVerify, type JWK } from "jose";
import type { Denial } from "../denial/denial.ts";
import { limits } from "../model/limits.ts";
import { sameUrl } from "../model/normal-url.ts";
import type { ReplayEntry } from "../model/replay-entry.ts";
import { replayKey } from "../model/replay-entry.ts";
import { err, ok, type Result } from "../model/result.ts";
import { parseCompactJws } from "./compact-jws.ts";
import type { DpopNonces } from "./dpop-nonce.ts";
import { publicJwkFor } from "./public-jwk.ts";

/** Algorithms a caller's key may use (RFC 9449 5.1, `dpop_signing_alg_values_supported`). */
export const dpopAlgorithms = ["ES256", "ES384", "Ed25519", "EdDSA", "RS256", "PS256"] as const;

/** What a proof is checked against. */
export interface DpopInput {
  /** Every DPoP header value that came. */
  readonly proofs: readonly string[];
  readonly method: string;
  /** The URL as the platform saw it; its query and fragment do not count. */
  readonly url: string;
  readonly nowSeconds: number;
  /** At a resource: the token the proof must carry as `ath`. */
  readonly accessToken?: string;
  /** Where nonces are demanded (RFC 9449 8 and 9): the proof must carry a recent one. */
  readonly nonces?: DpopNonces | undefined;
}

/** A proof that held. */
export interface DpopProof {
  /** RFC 7638 thumbprint of the caller's key. */
  readonly jkt: string;
  readonly jti: string;
  /** Burnt with what the call writes: the proof is single use. */
  readonly marker: ReplayEntry;
}

const invalid = (why: string) => err<Denial>({ code: "dpop_invalid", why });

/**
 * Verifies a DPoP proof (RFC 9449 4.3). That it is used once is for the caller's transaction, by `marker`.
 * @returns the caller's key and the marker, or `dpop_missing`, `dpop_invalid`, `dpop_nonce_required`
 */
export async function verifyDpop(input: DpopInput): Promise<Result<DpopProof, Denial>> {
  const [proof, ...more] = input.proofs;
  if (proof === undefined) return err({ code: "dpop_missing" });
  if (more.length > 0) return invalid("send exactly one proof");
  const parts = parseCompactJws(proof, limits.dpopProofBytes);
  if (!parts) return invalid("not a compact JWS, or too large");
  const jwk = keyOf(parts.header);
  if (!jwk.ok) return jwk;
  try {
    await compactVerify(proof, jwk.value, { algorithms: [...dpopAlgorithms] });
  } catch {
    return invalid("the signature does not verify with the key in it");
  }
  const claims = readClaims(parts.payload, input);
  if (!claims.ok) return claims;
  // last, so that only a caller who holds a key is told to come back with a nonce
  if (input.nonces && !(await input.nonces.accepts(parts.payload.nonce)))
    return err({ code: "dpop_nonce_required", sent: parts.payload.nonce === undefined ? "none" : "old_or_foreign" });
  const jkt = await calculateJwkThumbprint(jwk.value);
  const { jti, iat } = claims.value;
  // a proof is taken until iat + window; the second window is for clocks of other instances
  const expiresAtSeconds = Math.ceil(iat) + 2 * limits.dpopWindowSeconds;
  return ok({ jkt, jti, marker: { kind: "dpop", key: replayKey("dpop", jkt, jti), expiresAtSeconds } });
}

/** The public key in the header; of the other members only those that would change the signature are refused. */
function keyOf(header: Readonly<Record<string, unknown>>): Result<JWK, Denial> {
  const { typ, alg } = header;
  if (typ !== "dpop+jwt") return invalid("typ must be dpop+jwt");
  const known = dpopAlgorithms.find((name) => name === alg);
  if (!known) return invalid(`alg must be one of ${dpopAlgorithms.join(", ")}`);
  if (header.crit !== undefined || header.b64 !== undefined) return invalid("extensions are not accepted");
  const jwk = publicJwkFor(known, header.jwk);
  return jwk ? ok(jwk) : invalid("jwk must be a public key that fits alg");
}

function readClaims(
  claims: Readonly<Record<string, unknown>>,
  input: DpopInput,
): Result<{ jti: string; iat: number }, Denial> {
  const { jti, htm, htu, iat, ath, exp, nbf } = claims;
  const { nowSeconds } = input;
  if (typeof jti !== "string" || jti === "" || jti.length > 256) return invalid("jti must be a short string");
  if (htm !== input.method) return invalid("htm is not the method of this request");
  // a claim that is no URI as it stands (RFC 3986 2) is not mended
  if (typeof htu !== "string" || !/^[\x21-\x7e]+$/.test(htu) || !sameUrl(htu, input.url))
    return invalid("htu is not the URL of this request");
  if (typeof iat !== "number" || !(Math.abs(nowSeconds - iat) <= limits.dpopWindowSeconds))
    return invalid(`iat must be within ${limits.dpopWindowSeconds} s of now`);
  if (exp !== undefined && !(typeof exp === "number" && exp > nowSeconds)) return invalid("exp has passed");
  if (nbf !== undefined && !(typeof nbf === "number" && nbf <= nowSeconds + limits.dpopWindowSeconds))
    return invalid("nbf is in the future");
  if (input.accessToken !== undefined && !isHashOf(ath, input.accessToken))
    return invalid("ath is not the hash of this access token");
  return ok({ jti, iat });
}

/** RFC 9449 4.2: base64url of the SHA-256 of the token's ASCII bytes. */
function isHashOf(ath: unknown, accessToken: string): boolean {
  const expected = Buffer.from(createHash("sha256").update(accessToken, "ascii").digest("base64url"), "ascii");
  const actual = Buffer.from(typeof ath === "string" ? ath : "", "utf8");
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}
