import { createHmac, timingSafeEqual } from "node:crypto";
import { type Clock, type MacSource, nowSeconds } from "../model/ports.ts";
import type { Call, Reply } from "../model/wire.ts";

/** Nonces a server puts into its callers' proofs (RFC 9449 8 and 9). */
export interface DpopNonces {
  /** The one to send out now. */
  current(): Promise<string>;
  /** Whether a proof may carry it: of this minute or the previous one. */
  accepts(nonce: unknown): Promise<boolean>;
}

/** What nonces are made of. */
export interface DpopNoncesInput {
  readonly clock: Clock;
  /** The secret of each minute. */
  readonly macs: MacSource;
  /** Who gives them out, an issuer or a resource: one server's nonces are foreign to every other. */
  readonly server: string;
}

/** Another instance whose clock runs ahead may already have given out the next minute's. */
const aheadSeconds = 5;

/** RFC 9449 8.1: NQCHAR only. */
const shape = /^([1-9][0-9]{0,9})\.([A-Za-z0-9_-]{43})$/;

/**
 * Makes nonces that are stored nowhere: the minute, and an HMAC-SHA-256 over it under that minute's secret. Unpredictable
 * to callers, known to every instance; that a proof is used once is the work of its `jti`. The secret must not be that of
 * challenges: IAM cannot tell which message a role may MAC, and who took a server over could make challenges for `attest`.
 */
export function createDpopNonces({ clock, macs, server }: DpopNoncesInput): DpopNonces {
  const nonceOf = async (minute: number): Promise<string> => {
    const key = await macs.minuteKey(minute);
    const tag = createHmac("sha256", key)
      .update(`lanyard-dpop-nonce\0${server}\0${minute}`, "utf8")
      .digest("base64url");
    return `${minute}.${tag}`;
  };
  return {
    current: () => nonceOf(Math.floor(nowSeconds(clock) / 60)),
    async accepts(nonce) {
      const minute = typeof nonce === "string" ? Number(shape.exec(nonce)?.[1] ?? Number.NaN) : Number.NaN;
      const now = nowSeconds(clock);
      // the minute comes before the HMAC: no stranger chooses for which minutes secrets are derived
      if (!(minute >= Math.floor(now / 60) - 1 && minute <= Math.floor((now + aheadSeconds) / 60))) return false;
      const [given, expected] = [Buffer.from(String(nonce), "ascii"), Buffer.from(await nonceOf(minute), "ascii")];
      return given.length === expected.length && timingSafeEqual(given, expected);
    },
  };
}

/**
 * Lets every answer of an endpoint carry the present nonce (RFC 9449 8.2), so that a caller that keeps the newest seldom
 * hears `use_dpop_nonce`.
 * @param nonces undefined where none are demanded: the endpoint as it is
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
