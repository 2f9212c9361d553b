import { err, ok, type Result } from "../../model/result.ts";
import { ownBounds, readPacked, type StatusBits, unpackFault } from "./bits.ts";

/** As `list.ts`, for runtimes other than Node: unpacks a list from outside with bounded output. */
export async function decodeStatusList(
  lst: unknown,
  bits: unknown,
  bounds: { readonly maxBytes: number } = ownBounds,
): Promise<Result<StatusBits, string>> {
  const read = readPacked(lst, bits, bounds.maxBytes);
  if (!read.ok) return read;
  const bytes = await inflated(read.value.packed, bounds.maxBytes);
  return bytes.ok ? ok({ bits: read.value.bits, bytes: bytes.value }) : bytes;
}

/**
 * A stream that is incomplete, or that is followed by further bytes, is an error of the platform (Compression Streams,
 * section 5).
 */
async function inflated(packed: Uint8Array, maxBytes: number): Promise<Result<Uint8Array, string>> {
  const chunks = new Blob([Uint8Array.from(packed)]).stream().pipeThrough(new DecompressionStream("deflate"));
  const bytes = new Uint8Array(maxBytes);
  let length = 0;
  try {
    for await (const chunk of chunks) {
      // stop here: the rest of a zip bomb is never inflated
      if (length + chunk.length > maxBytes) return err(unpackFault.tooLarge(maxBytes));
      bytes.set(chunk, length);
      length += chunk.length;
    }
  } catch {
    return err(unpackFault.broken);
  }
  return length === 0 ? err(unpackFault.empty) : ok(bytes.subarray(0, length));
}
