import type { Findings } from "../sealing/findings.ts";
import { compareLines } from "../sealing/lines.ts";
import type { ObjectVersion, Trail } from "../sealing/trail.ts";

/** One version of an object, and until when nobody may delete it. */
export interface Retained extends ObjectVersion {
  readonly untilMillis: number;
}

/** What the reader of new objects needs. */
interface ObjectReaderDeps {
  readonly bucket: string;
  readonly retentionDays: number;
  /** Retains one version; throws when it could not. */
  readonly retain: (version: Retained) => Promise<void>;
  /** The lines of one version, without their newlines; throws on an object that is no lines of text. */
  readonly lines: (version: ObjectVersion) => AsyncIterable<string>;
  readonly trail: Trail;
  readonly findings: Findings;
}

/** Where records are delivered; beside it stands only what could not be. */
const recordsPrefix = "audit/";

/** What an event says of a new object. */
interface Created extends ObjectVersion {
  readonly bucket: string;
  readonly atMillis: number;
}

/**
 * Handles each object of the trail whose creation S3 reports:
 *
 * 1. **read** the event; it must be about an object of this bucket
 * 2. **retain** that object by its version and not by its key alone, since an object written between the event and this
 *    call would be retained in its place. The time is counted from the event's own time, so that a repetition changes
 *    nothing
 * 3. **compare** each of its lines with the record of its id, and note in which object the record stands; of an object
 *    of what could not be delivered there is nothing to compare
 * 4. **tell** of lines that are no record, or not the record that they say they are
 *
 * @throws on an event of another bucket, when nothing could be retained, and when the object cannot be read
 */
export function createObjectReader(deps: ObjectReaderDeps): (event: unknown) => Promise<void> {
  const { bucket, retentionDays } = deps;
  if (!Number.isSafeInteger(retentionDays) || retentionDays < 1) throw new Error("retentionDays is no number of days");
  return async (event) => {
    // 1. read
    const { bucket: its, atMillis, ...version } = readCreated(event);
    if (its !== bucket) throw new Error("an object of another bucket");
    // 2. retain
    await deps.retain({ ...version, untilMillis: atMillis + retentionDays * 86_400_000 });
    if (!version.key.startsWith(recordsPrefix)) return;
    // 3. compare
    const found = await compareLines(version, deps.lines(version), deps.trail);
    // 4. tell
    for (const finding of found) await deps.findings.tell(finding);
  };
}

/**
 * Reads `Object Created` as S3 sends it through EventBridge: the key is not URL-encoded.
 * @throws on every other event
 */
function readCreated(event: unknown): Created {
  const at = (value: unknown, name: string): unknown =>
    typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
  const object = at(at(event, "detail"), "object");
  const [bucket, key, versionId] = [
    at(at(at(event, "detail"), "bucket"), "name"),
    at(object, "key"),
    at(object, "version-id"),
  ];
  const time = at(event, "time");
  const atMillis = typeof time === "string" && /^\d{4}-\d\d-\d\dT.*Z$/.test(time) ? Date.parse(time) : Number.NaN;
  const isText = (value: unknown): value is string => typeof value === "string" && value !== "";
  const isIts = at(event, "source") === "aws.s3" && at(event, "detail-type") === "Object Created";
  if (!isIts || !isText(bucket) || !isText(key) || !isText(versionId) || Number.isNaN(atMillis))
    throw new Error("an event that is no Object Created of S3");
  return { bucket, key, versionId, atMillis };
}
