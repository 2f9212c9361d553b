/** Bodies in chunks (`aws-chunked`), as SDKs send streams: lengths in hexadecimal, trailers behind the last. */
import { s3Refusal } from "../errors.ts";
import type { S3Request } from "../request.ts";

/** A body with what came behind it. */
interface Unchunked {
  readonly bytes: Buffer;
  readonly trailers: ReadonlyMap<string, string>;
}

const broken = () => s3Refusal("IncompleteBody", "The request body terminated unexpectedly.");

/** @throws ServiceError IncompleteBody, also when the length is not the announced one */
export function bodyOf({ header, body }: S3Request): Unchunked {
  if (header("x-amz-content-sha256")?.startsWith("STREAMING-") !== true) return { bytes: body, trailers: new Map() };
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = body.indexOf("\r\n", at);
    const size = end < 0 ? "" : body.subarray(at, end).toString().replace(/;.*$/, "");
    if (!/^[0-9a-f]{1,8}$/i.test(size)) throw broken();
    const bytes = Number.parseInt(size, 16);
    at = end + 2;
    if (bytes === 0) break;
    if (at + bytes + 2 > body.length) throw broken();
    chunks.push(body.subarray(at, at + bytes));
    at += bytes + 2;
  }
  const bytes = Buffer.concat(chunks);
  const announced = header("x-amz-decoded-content-length");
  if (announced !== undefined && Number(announced) !== bytes.length) throw broken();
  return { bytes, trailers: trailersOf(body.subarray(at).toString()) };
}

function trailersOf(text: string): Map<string, string> {
  const lines = text.split("\r\n").filter((line) => line !== "");
  return new Map(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
}
