import type { IncomingMessage } from "node:http";
import { pipeline, type Transform } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";

/** Content codings that some servers apply although `identity` was requested (RFC 9110 8.4.1). */
const decoders: ReadonlyMap<string, () => Transform> = new Map<string, () => Transform>([
  ["gzip", createGunzip],
  ["x-gzip", createGunzip],
  ["deflate", createInflate],
  ["br", createBrotliDecompress],
]);

/** Why a body was not read; any other failure is thrown. */
type BodyFault = "too_large" | "unknown_coding";

/**
 * Reads an answer's body as a stream, unpacking one known coding. The bound is on the unpacked bytes, and unpacking
 * stops there: a kilobyte that would become a gigabyte costs no more than `maxBytes`.
 * @returns the body; `too_large`, or `unknown_coding` (also for several codings at once)
 * @throws what the connection or the decoder threw
 */
export async function readBody(answer: IncomingMessage, maxBytes: number): Promise<Buffer | BodyFault> {
  const coding = (answer.headers["content-encoding"] ?? "identity").trim().toLowerCase();
  const decoder = decoders.get(coding);
  if (coding !== "identity" && !decoder) {
    answer.destroy();
    return "unknown_coding";
  }
  const body: AsyncIterable<Uint8Array> = decoder ? pipeline(answer, decoder(), () => undefined) : answer;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes) return "too_large";
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
