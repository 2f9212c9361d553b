/** `Object Created`, as S3 sends it through EventBridge. */
import { randomBytes } from "node:crypto";
import type { OwnEvent } from "../events/service.ts";
import type { Version } from "./store/version.ts";

/** The event of one put. The key is not URL-encoded, and the ETag has no quotation marks. */
export const createdEvent = (bucket: string, { key, sizeBytes, etag, id, atMillis }: Version): OwnEvent => ({
  source: "aws.s3",
  detailType: "Object Created",
  resources: [`arn:aws:s3:::${bucket}`],
  detail: {
    version: "0",
    bucket: { name: bucket },
    object: {
      key,
      size: sizeBytes,
      etag: etag.replaceAll('"', ""),
      ...(id === "null" ? {} : { "version-id": id }),
      sequencer: atMillis.toString(16).toUpperCase().padStart(16, "0"),
    },
    "request-id": randomBytes(8).toString("hex").toUpperCase(),
    reason: "PutObject",
  },
});
