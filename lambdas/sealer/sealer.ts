import { PutObjectRetentionCommand, type S3Client } from "@aws-sdk/client-s3";
import { createSealing, type Seal } from "../../core/endpoints/sealer.ts";

/**
 * GOVERNANCE can be bypassed by principals with that right (the bucket's policy gives it to nobody); COMPLIANCE by
 * nobody, not even the root.
 */
export type LockMode = "GOVERNANCE" | "COMPLIANCE";

/**
 * Creates the sealer of object versions in S3; `core/endpoints/sealer.ts` decides what is retained, and until when.
 * @throws on an event of another bucket, and when S3 refuses
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
