import * as z from "zod";

/** Which bucket's objects are retained, and for how long. */
export interface Seal {
  readonly bucket: string;
  readonly retentionDays: number;
}

/** One version of an object, and until when nobody may delete it. */
interface Retained {
  readonly key: string;
  readonly versionId: string;
  readonly untilMillis: number;
}

/** `Object Created` as S3 sends it through EventBridge: the key is not URL-encoded. */
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
 * Retains each object whose creation S3 reports:
 *
 * 1. **read** the event; it must be about an object of this bucket
 * 2. **retain** that object by its version and not by its key alone, since an object written between the event and this
 *    call would be retained in its place. The time is counted from the event's own time, so that a repetition changes
 *    nothing
 *
 * @param retain retains one version; throws when it could not
 * @throws on an event of another bucket, and when nothing could be retained
 */
export function createSealing(
  { bucket, retentionDays }: Seal,
  retain: (version: Retained) => Promise<void>,
): (event: unknown) => Promise<void> {
  if (!Number.isSafeInteger(retentionDays) || retentionDays < 1) throw new Error("retentionDays is no number of days");
  return async (event) => {
    // 1. read
    const { time, detail } = created.parse(event);
    if (detail.bucket.name !== bucket) throw new Error("an object of another bucket");
    const { key, "version-id": versionId } = detail.object;
    // 2. retain
    await retain({ key, versionId, untilMillis: Date.parse(time) + retentionDays * 86_400_000 });
  };
}
