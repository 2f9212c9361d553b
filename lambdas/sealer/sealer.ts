import { PutObjectRetentionCommand, type S3Client } from "@aws-sdk/client-s3";
import { z } from "zod";

/** GOVERNANCE can be bypassed by whoever may (the bucket's policy lets nobody); COMPLIANCE by nobody, the root included. */
export type LockMode = "GOVERNANCE" | "COMPLIANCE";

/** What is retained, and how. */
export interface Seal {
  readonly bucket: string;
  readonly retentionDays: number;
  readonly mode: LockMode;
}

/** `Object Created` as S3 sends it through EventBridge: the key stands there as it is, not URL-encoded. */
const created = z.object({
  source: z.literal("aws.s3"),
  "detail-type": z.literal("Object Created"),
  time: z.iso.datetime(),
  detail: z.object({
    bucket: z.object({ name: z.string() }),
    object: z.object({ key: z.string().min(1), "version-id": z.string().min(1) }),
  }),
});

/**
 * Creates what retains one object version: by its version, never by its key alone, since an overwrite between the event
 * and this call would be locked in its place. Counted from the event's own time, so that a repetition changes nothing.
 * @throws on an event that is none of this bucket's, and when S3 refuses
 */
export function createSealer(s3: S3Client, { bucket, retentionDays, mode }: Seal): (event: unknown) => Promise<void> {
  if (!Number.isSafeInteger(retentionDays) || retentionDays < 1) throw new Error("retentionDays is no number of days");
  return async (event) => {
    const { time, detail } = created.parse(event);
    if (detail.bucket.name !== bucket) throw new Error("an object of another bucket");
    await s3.send(
      new PutObjectRetentionCommand({
        Bucket: bucket,
        Key: detail.object.key,
        VersionId: detail.object["version-id"],
        Retention: { Mode: mode, RetainUntilDate: new Date(Date.parse(time) + retentionDays * 86_400_000) },
      }),
    );
  };
}
