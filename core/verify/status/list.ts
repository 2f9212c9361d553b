import { constants, deflateSync, inflateSync } from "node:zlib";
import { limits } from "../../model/limits.ts";
import { err, ok, type Result } from "../../model/result.ts";
import { ownBounds, readPacked, type StatusBits, unpackFault } from "./bits.ts";

/**
 * Packs revoked indices into a one-bit list (Token Status List, section 4).
 * @param revoked indices whose bit is set; each a whole number within the list
 * @param sizeBits entries of the list, a multiple of 8
 * @returns `lst`: ZLIB-deflated bytes as base64url
 * @throws RangeError on an index outside the list: ignoring it would leave a revoked session alive
 */
export function encodeStatusList(revoked: Iterable<number>, sizeBits: number): string {
  if (!Number.isSafeInteger(sizeBits) || sizeBits <= 0 || sizeBits % 8 !== 0)
    throw new RangeError(`a status list holds a positive multiple of 8 entries, not ${sizeBits}`);
  const bytes = new Uint8Array(sizeBits / 8);
  for (const idx of revoked) {
    if (!Number.isSafeInteger(idx) || idx < 0 || idx >= sizeBits)
      throw new RangeError(`index ${idx} is outside a status list of ${sizeBits} entries`);
    bytes[idx >> 3] = (bytes[idx >> 3] ?? 0) | (1 << (idx & 7));
  }
  return deflateSync(bytes, { level: constants.Z_BEST_COMPRESSION }).toString("base64url");
}

/**
 * Unpacks a list from outside with bounded output, so that a few kilobytes cannot become gigabytes (zip bomb).
 * @param lst base64url without padding, of one complete ZLIB stream
 * @param bits 1, 2, 4 or 8
 * @param bounds most bytes the list may unpack to
 * @returns the bits, or why the list is refused
 */
export function decodeStatusList(
  lst: unknown,
  bits: unknown,
  bounds: { readonly maxBytes: number } = ownBounds,
): Result<StatusBits, string> {
  const read = readPacked(lst, bits, bounds.maxBytes);
  if (!read.ok) return read;
  const bytes = inflated(read.value.packed, bounds.maxBytes);
  return bytes.ok ? ok({ bits: read.value.bits, bytes: bytes.value }) : bytes;
}

function inflated(packed: Uint8Array, maxBytes: number): Result<Uint8Array, string> {
  try {
    // `info` is missing from the typings' return type; `bytesWritten` is what the stream consumed
    const { buffer, engine } = inflateSync(packed, { maxOutputLength: maxBytes, info: true }) as unknown as {
      readonly buffer: Buffer;
      readonly engine: { readonly bytesWritten: number };
    };
    if (engine.bytesWritten !== packed.length) return err(unpackFault.more);
    return buffer.length === 0 ? err(unpackFault.empty) : ok(buffer);
  } catch (cause) {
    const tooLarge = (cause as { code?: unknown }).code === "ERR_BUFFER_TOO_LARGE";
    return err(tooLarge ? unpackFault.tooLarge(maxBytes) : unpackFault.broken);
  }
}

/**
 * Claims of a status list token (section 5.1), to be signed with `typ: statuslist+jwt` by the status key.
 * @param list id of the list; its address is `<issuer>/status/<list>`
 * @param revoked indices to mark invalid
 * @param nowSeconds `iat`; the list lives `limits.statusListLifeSeconds` from here, so that a replayed old list is soon
 * refused (threat 26)
 */
export function statusListClaims(input: {
  readonly issuer: string;
  readonly list: string;
  readonly revoked: Iterable<number>;
  readonly nowSeconds: number;
  readonly sizeBits?: number;
}): StatusListClaims {
  return {
    iss: input.issuer,
    sub: statusListUri(input.issuer, input.list),
    iat: input.nowSeconds,
    exp: input.nowSeconds + limits.statusListLifeSeconds,
    ttl: limits.statusListTtlSeconds,
    status_list: {
      bits: 1,
      lst: encodeStatusList(input.revoked, input.sizeBits ?? limits.statusListSize),
      aggregation_uri: aggregationUri(input.issuer),
    },
  };
}

/** Address of a list: what `sub` and every token's `status_list.uri` must equal. */
export const statusListUri = (issuer: string, list: string): string => `${issuer}/status/${list}`;

/** Address of the status list aggregation, which names all open lists (section 9). */
export const aggregationUri = (issuer: string): string => `${issuer}/status`;

/** Payload of a status list token. */
interface StatusListClaims {
  readonly iss: string;
  readonly sub: string;
  readonly iat: number;
  readonly exp: number;
  readonly ttl: number;
  readonly status_list: { readonly bits: 1; readonly lst: string; readonly aggregation_uri: string };
}
