/** Checksums that a put may carry: what does not match is not kept. */
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { s3Refusal } from "../errors.ts";
import type { S3Request } from "../request.ts";

const digests: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  crc32(bytes) {
    const sum = Buffer.alloc(4);
    sum.writeUInt32BE(crc32(bytes));
    return sum;
  },
  sha1: (bytes) => createHash("sha1").update(bytes).digest(),
  sha256: (bytes) => createHash("sha256").update(bytes).digest(),
};

/**
 * Checks `Content-MD5` and `x-amz-checksum-*` against the bytes.
 * @param trailers headers that came behind the body
 * @returns the checksum as the header that reads answer with; none when the put carried none
 * @throws ServiceError BadDigest, InvalidDigest
 */
export function checkDigests(
  { header }: S3Request,
  bytes: Buffer,
  trailers: ReadonlyMap<string, string> = new Map(),
): Record<string, string> {
  const md5 = header("content-md5");
  if (md5 !== undefined) compare("Content-MD5", md5, createHash("md5").update(bytes).digest());
  const found: Record<string, string> = {};
  for (const [algorithm, digest] of Object.entries(digests)) {
    const name = `x-amz-checksum-${algorithm}`;
    const said = header(name) ?? trailers.get(name);
    if (said === undefined) continue;
    const sum = digest(bytes);
    compare(algorithm.toUpperCase(), said, sum);
    found[name] = sum.toString("base64");
  }
  return found;
}

/** Whether the request proves its body at all: S3 retains nothing on the word of one that does not. */
export const hasDigest = ({ header }: S3Request): boolean =>
  header("content-md5") !== undefined ||
  Object.keys(digests).some((algorithm) => header(`x-amz-checksum-${algorithm}`) !== undefined);

function compare(what: string, said: string, sum: Buffer): void {
  if (Buffer.from(said, "base64").length !== sum.length)
    throw s3Refusal("InvalidDigest", `The ${what} you specified was invalid.`);
  if (said !== sum.toString("base64"))
    throw s3Refusal("BadDigest", `The ${what} you specified did not match the calculated checksum.`);
}
