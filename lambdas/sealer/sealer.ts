import { PutObjectRetentionCommand, type S3Client } from "@aws-sdk/client-s3";
import { createSealing, type Seal } from "../../core/endpoints/sealer.ts";

/** GOVERNANCE can be bypassed by whoever may (the bucket's policy lets nobody); COMPLIANCE by nobody, the root included. */
export type LockMode = "GOVERNANCE" | "COMPLIANCE";

/**
 * Creates what retains object versions in S3; what is retained, and until when, stands in `core/endpoints/sealer.ts`.
 * @throws on an event that is none of this bucket's, and when S3 refuses
 */
export const createSealer = (s3: S3Client, { mode, ...seal }: Seal & { readonly mode: LockMode }) =>
  createSealing(seal, async ({ key, versionId, untilMillis }) => {
    await s3.send(
      new PutObjectRetentionCommand({
        Bucket: seal.bucket,
        Key: key,
        VersionId: versionId,
        Retention: { Mode: mode, RetainUntilDate: new Date(untilMillis) },
      }),
    );
  });
