import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { busLimits } from "../../../core/endpoints/relay.ts";
import type { ObjectVersion } from "../../../core/sealing/trail.ts";

/** Most bytes of an object, unpacked: Firehose buffers at most 128 MiB. */
const mostBytes = 256 * 1_048_576;
const newline = 0x0a;

/** The lines of one version of a gzipped object, one after the other. */
export async function* objectLines(s3: S3Client, bucket: string, version: ObjectVersion): AsyncGenerator<string> {
  const { key: Key, versionId: VersionId } = version;
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key, VersionId }));
  if (!Body) throw new Error("an object without a body");
  const packed = Body as Readable;
  const unpacked = createGunzip();
  packed.on("error", (error) => unpacked.destroy(error));
  yield* linesOf(packed.pipe(unpacked));
}

/**
 * Text in lines. Bytes that are no text are read as the sign for that: such a line is no record's.
 * @throws on a longer line than any record is, and on more bytes than are delivered in one object
 */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0);
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw new Error("an object is larger than what is delivered in one");
    let from = 0;
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      yield Buffer.concat([rest, chunk.subarray(from, at)]).toString("utf8");
      rest = Buffer.alloc(0);
      from = at + 1;
    }
    rest = Buffer.concat([rest, chunk.subarray(from)]);
    if (rest.length > busLimits.bytes) throw new Error("a line is longer than a record may be");
  }
  if (rest.length > 0) yield rest.toString("utf8");
}
