import type { Readable } from "node:stream";
import { GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { type AuditEvent, eventsOfStream } from "./events.ts";

/** One file or object that holds events, and when it was last written. */
export interface AuditObject {
  readonly name: string;
  readonly writtenAtMillis: number;
}

/** Events of one object of the bucket; gzipped by its name, as Firehose writes it. */
export async function* eventsOfObject(s3: S3Client, bucket: string, key: string): AsyncGenerator<AuditEvent> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  if (Body) yield* eventsOfStream(Body as Readable, key.endsWith(".gz"));
}
