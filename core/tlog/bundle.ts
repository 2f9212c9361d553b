import { err, ok, type Result } from "../model/result.ts";
import { entryBytes } from "./entry.ts";
import { tileWidth } from "./tile.ts";

/**
 * Bytes of a bundle of entries: each with its length before it, 16 bits, big-endian (C2SP tlog-tiles).
 * @throws Error for an entry that is too long
 */
export function bundleOf(entries: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    entries.flatMap((entry) => {
      if (entry.length > entryBytes) throw new Error("an entry of the log is too long for its bundle");
      return [Buffer.of(entry.length >> 8, entry.length & 0xff), entry];
    }),
  );
}

/** @returns a bundle's entries, at most 256, or why these bytes are none */
export function readBundle(bytes: Buffer): Result<readonly Buffer[], string> {
  const entries: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (entries.length === tileWidth) return err("more entries than a bundle holds");
    if (at + 2 > bytes.length) return err("ends inside a length");
    const end = at + 2 + bytes.readUInt16BE(at);
    if (end > bytes.length) return err("ends inside an entry");
    entries.push(bytes.subarray(at + 2, end));
    at = end;
  }
  return ok(entries);
}
