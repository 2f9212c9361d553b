import { PutObjectRetentionCommand, type S3Client } from "@aws-sdk/client-s3";
import type { Retained } from "../../../core/endpoints/object-reader.ts";
import type { Lock } from "./log-objects.ts";

/** Retains versions of objects. */
export const retaining =
  (s3: S3Client, bucket: string, mode: Lock["mode"]) =>
  async ({ key, versionId, untilMillis }: Retained): Promise<void> => {
    await s3.send(
      new PutObjectRetentionCommand({
        Bucket: bucket,
        Key: key,
        VersionId: versionId,
        Retention: { Mode: mode, RetainUntilDate: new Date(untilMillis) },
      }),
    );
  };
