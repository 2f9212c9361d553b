import type { JWK } from "jose";
import type { Denial } from "../denial/denial.ts";
import { limits } from "../model/limits.ts";
import { sameUrl } from "../model/normal-url.ts";
import { type Clock, type MacSource, nowSeconds } from "../model/ports.ts";
import type { ReplayEntry } from "../model/replay/entry.ts";
import { replayName } from "../model/replay/name.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { Call, Reply } from "../model/wire.ts";
import { hmacSha256, isSameSecret, sha256 } from "../text/digest.ts";
import { parseCompactJws } from "./jwt.ts";
import { type KeyMemory, keyMemory } from "./key-memory.ts";
import { publicJwkFor } from "./public-jwk.ts";

/** Nonces a server puts into its callers' proofs (RFC 9449 8 and 9). */
export interface DpopNonces {
  /** The nonce to give out now. */
  current(): Promise<string>;
  /** Whether a proof may carry it: of this minute or the previous one. */
  accepts(nonce: unknown): Promise<boolean>;
}

/** What nonces are made from. */
interface DpopNoncesInput {
  readonly clock: Clock;
  /** The secret of each minute. */
  readonly macs: MacSource;
  /** The server that gives them out, an issuer or a resource. A nonce of one server is never accepted by another. */
  readonly server: string;
}

/** An instance whose clock runs ahead may already have given out the next minute's nonce. */
const aheadSeconds = 5;

/** RFC 9449 8.1: NQCHAR only. */
const shape = /^([1-9][0-9]{0,9})\.([A-Za-z0-9_-]{43})$/;

/**
 * Makes nonces without storing them: the minute, and an HMAC-SHA-256 over it under that minute's secret. Callers cannot
 * predict them, and every instance can check them. That a proof is used once is ensured by its `jti`. The secret must
 * not be the one that challenges are made with: IAM cannot restrict which messages a role may MAC, so somebody who took
 * over this server could make challenges for `attest`.
 */
export function createDpopNonces({ clock, macs, server }: DpopNoncesInput): DpopNonces {
  const nonceOf = async (minute: number): Promise<string> => {
    const key = await macs.minuteKey(minute);
    const tag = await hmacSha256(key, `lanyard-dpop-nonce\0${server}\0${minute}`);
    return `${minute}.${tag}`;
  };
  return {
    current: () => nonceOf(Math.floor(nowSeconds(clock) / 60)),
    async accepts(nonce) {
      const minute = typeof nonce === "string" ? Number(shape.exec(nonce)?.[1] ?? Number.NaN) : Number.NaN;
      const now = nowSeconds(clock);
      // the minute is checked before the HMAC, so that no stranger chooses the minutes for which secrets are derived
      if (!(minute >= Math.floor(now / 60) - 1 && minute <= Math.floor((now + aheadSeconds) / 60))) return false;
      return isSameSecret(String(nonce), await nonceOf(minute));
    },
  };
}

/**
 * Lets every answer of an endpoint carry the present nonce (RFC 9449 8.2), so that a caller that keeps the newest is
 * seldom answered `use_dpop_nonce`.
 * @param nonces undefined where none are demanded; the endpoint is returned unchanged
 */
export function withDpopNonce<More extends readonly unknown[]>(
  endpoint: (call: Call, ...more: More) => Promise<Reply>,
  nonces: DpopNonces | undefined,
): (call: Call, ...more: More) => Promise<Reply> {
  if (!nonces) return endpoint;
  return async (call, ...more) => {
    const [reply, nonce] = await Promise.all([endpoint(call, ...more), nonces.current()]);
    return { ...reply, headers: { ...reply.headers, "DPoP-Nonce": nonce } };
  };
}

/** Algorithms a caller's key may use (RFC 9449 5.1, `dpop_signing_alg_values_supported`). */
export const dpopAlgorithms = ["ES256", "ES384", "Ed25519", "EdDSA", "RS256", "PS256"] as const;

/** What a proof is checked against. */
export interface DpopInput {
  /** Every DPoP header value that came. */
  readonly proofs: readonly string[];
  readonly method: string;
  /** The URL as the platform saw it; query and fragment are not compared. */
  readonly url: string;
  readonly nowSeconds: number;
  /** At a resource: the hash of the access token (RFC 9449 4.2), which the proof must carry as `ath`. */
  readonly ath?: string;
  /** Where nonces are demanded (RFC 9449 8 and 9), the proof must carry a recent one. */
  readonly nonces?: DpopNonces | undefined;
  /** Imports and remembers keys; this process's own unless given. */
  readonly keyMemory?: KeyMemory;
}

/** A proof that was verified. */
export interface DpopProof {
  /** RFC 7638 thumbprint of the caller's key. */
  readonly jkt: string;
  readonly jti: string;
  /** To be written together with what the call writes, so that the proof works only once. */
  readonly replayEntry: ReplayEntry;
  /** Remembers the key for its next proof. To be called once the key turned out to be the one a token is bound to. */
  keepKey(): void;
}

const invalid = (why: string) => err<Denial>({ code: "dpop_invalid", why });

/**
 * Verifies a DPoP proof (RFC 9449 4.3). The caller's transaction must write `replayEntry`, so that the proof is used
 * only once (threat 9).
 * @returns the caller's key and the replay entry, or `dpop_missing`, `dpop_invalid`, `dpop_nonce_required`
 */
export async function verifyDpop(input: DpopInput): Promise<Result<DpopProof, Denial>> {
  const [proof, ...more] = input.proofs;
  if (proof === undefined) return err({ code: "dpop_missing" });
  if (more.length > 0) return invalid("send exactly one proof");
  const parts = parseCompactJws(proof, limits.dpopProofBytes);
  if (!parts) return invalid("not a compact JWS, or too large");
  const found = keyOf(parts.header);
  if (!found.ok) return found;
  const keys = input.keyMemory ?? keyMemory;
  const shown = await keys.shown(found.value.alg, found.value.jwk);
  if (!(await shown?.key.verify(parts.signed, parts.signature)) || !shown)
    return invalid("the signature does not verify with the key in it");
  const claims = readClaims(parts.payload, input);
  if (!claims.ok) return claims;
  // last, so that only a caller that holds a key is told to come back with a nonce
  if (input.nonces && !(await input.nonces.accepts(parts.payload.nonce)))
    return err({ code: "dpop_nonce_required", sent: parts.payload.nonce === undefined ? "none" : "old_or_foreign" });
  const { jkt } = shown;
  const { jti, iat } = claims.value;
  // a proof is accepted until iat + window; the second window covers the clocks of other instances
  const expiresAtSeconds = Math.ceil(iat) + 2 * limits.dpopWindowSeconds;
  const replayEntry: ReplayEntry = { kind: "dpop", key: await sha256(replayName("dpop", jkt, jti)), expiresAtSeconds };
  return ok({ jkt, jti, replayEntry, keepKey: () => keys.keep(shown) });
}

/** The public key in the header. Of the other header members only those that change what is signed are refused. */
function keyOf(header: Readonly<Record<string, unknown>>): Result<{ readonly alg: string; readonly jwk: JWK }, Denial> {
  const { typ, alg } = header;
  if (typ !== "dpop+jwt") return invalid("typ must be dpop+jwt");
  const known = dpopAlgorithms.find((name) => name === alg);
  if (!known) return invalid(`alg must be one of ${dpopAlgorithms.join(", ")}`);
  if (header.crit !== undefined || header.b64 !== undefined) return invalid("extensions are not accepted");
  const jwk = publicJwkFor(known, header.jwk);
  return jwk ? ok({ alg: known, jwk }) : invalid("jwk must be a public key that fits alg");
}

function readClaims(
  claims: Readonly<Record<string, unknown>>,
  input: DpopInput,
): Result<{ jti: string; iat: number }, Denial> {
  const { jti, htm, htu, iat, ath, exp, nbf } = claims;
  const { nowSeconds } = input;
  if (typeof jti !== "string" || jti === "" || jti.length > 256) return invalid("jti must be a short string");
  if (htm !== input.method) return invalid("htm is not the method of this request");
  // a claim that is not a URI (RFC 3986 2) is refused and not repaired
  if (typeof htu !== "string" || !/^[\x21-\x7e]+$/.test(htu) || !sameUrl(htu, input.url))
    return invalid("htu is not the URL of this request");
  if (typeof iat !== "number" || !(Math.abs(nowSeconds - iat) <= limits.dpopWindowSeconds))
    return invalid(`iat must be within ${limits.dpopWindowSeconds} s of now`);
  if (exp !== undefined && !(typeof exp === "number" && exp > nowSeconds)) return invalid("exp has passed");
  if (nbf !== undefined && !(typeof nbf === "number" && nbf <= nowSeconds + limits.dpopWindowSeconds))
    return invalid("nbf is in the future");
  if (input.ath !== undefined && !(typeof ath === "string" && isSameSecret(ath, input.ath)))
    return invalid("ath is not the hash of this access token");
  return ok({ jti, iat });
}
