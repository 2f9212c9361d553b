import { limits } from "../../model/limits.ts";
import { err, ok, type Result } from "../../model/result.ts";
import { bytesOfBase64url } from "../../text/base64url.ts";

/** An unpacked status list: `bits` bits for each entry, least significant first inside a byte. */
export interface StatusBits {
  readonly bits: 1 | 2 | 4 | 8;
  readonly bytes: Uint8Array;
}

/** Statuses of the standard's registry (Token Status List, section 7.1); anything but `valid` refuses. */
export const status = { valid: 0, invalid: 1, suspended: 2 } as const;

/** Our own lists have exactly this size unpacked. Nothing larger is inflated unless the caller allows more. */
export const ownBounds: { readonly maxBytes: number } = { maxBytes: limits.statusListSize / 8 };

/** A list from outside, checked as far as possible while it is still packed. */
interface PackedBits {
  readonly bits: StatusBits["bits"];
  /** Must be one complete ZLIB stream. */
  readonly packed: Uint8Array;
}

/**
 * Checks a list from outside before anything is inflated.
 * @param lst base64url without padding
 * @param bits 1, 2, 4 or 8
 * @param maxBytes most bytes the list may unpack to
 */
export function readPacked(lst: unknown, bits: unknown, maxBytes: number): Result<PackedBits, string> {
  if (bits !== 1 && bits !== 2 && bits !== 4 && bits !== 8) return err("bits is 1, 2, 4 or 8");
  if (typeof lst !== "string" || !/^[A-Za-z0-9_-]+$/.test(lst)) return err("lst is not base64url without padding");
  // deflate makes incompressible input only a few bytes longer per block, so anything larger cannot be an honest list
  if (lst.length > maxBytes * 2 + 64) return err(`lst is larger than a list of ${maxBytes} bytes can be`);
  // only the canonical spelling: with unused bits set, different strings would decode to the same list
  const packed = bytesOfBase64url(lst);
  return packed ? ok({ bits, packed }) : err("lst is not canonical base64url");
}

/** Why a packed list is refused. */
export const unpackFault = {
  more: "bytes follow the ZLIB stream",
  empty: "the list is empty",
  broken: "lst is not one whole ZLIB stream",
  tooLarge: (maxBytes: number): string => `the list unpacks to more than ${maxBytes} bytes`,
};

/**
 * The status at an index.
 * @param idx as the token named it, unchecked
 * @returns the value (0 is valid), or why the index is refused; one outside the list is never valid (Token Status List,
 * section 8.3)
 */
export function statusAt(list: StatusBits, idx: unknown): Result<number, string> {
  if (typeof idx !== "number" || !Number.isSafeInteger(idx) || idx < 0) return err("idx is not a whole number");
  const perByte = 8 / list.bits;
  const byte = list.bytes[Math.floor(idx / perByte)];
  if (byte === undefined) return err(`idx ${idx} is outside the list`);
  return ok((byte >> ((idx % perByte) * list.bits)) & ((1 << list.bits) - 1));
}
