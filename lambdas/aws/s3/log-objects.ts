import { setTimeout as sleep } from "node:timers/promises";
import { GetObjectCommand, PutObjectCommand, type PutObjectCommandInput, type S3Client } from "@aws-sdk/client-s3";
import type { Keeping, LogObjects } from "../../../core/sealing/objects.ts";

/** How long versions of objects are locked, and how. */
export interface Lock {
  /**
   * GOVERNANCE can be bypassed by principals with that right (the bucket's policy gives it to nobody); COMPLIANCE by
   * nobody, not even the root.
   */
  readonly mode: "GOVERNANCE" | "COMPLIANCE";
  readonly days: number;
}

/** Where the log lies in the audit bucket. */
const logPrefix = "log/";
/** Tag of partial tiles, which a rule of the bucket's lifecycle ends. */
const partialTag = "lanyard-log=partial";
/** Most bytes of an object of the log that are read: a bundle of the longest entries has a tenth. */
const mostBytes = 1_048_576;
/** How often a put is repeated that met another one of the same key. */
const tries = 5;

/** The log's objects in S3, below its prefix. */
export function createLogObjects(
  s3: S3Client,
  bucket: string,
  { lock, nowMillis }: { readonly lock: Lock; readonly nowMillis: () => number },
): LogObjects {
  const at = (path: string) => ({ Bucket: bucket, Key: `${logPrefix}${path}` });
  const kept = (keeping: Keeping): Partial<PutObjectCommandInput> =>
    keeping === "partial"
      ? { Tagging: partialTag }
      : {
          ObjectLockMode: lock.mode,
          ObjectLockRetainUntilDate: new Date(nowMillis() + lock.days * 86_400_000),
        };
  /** @returns whether the condition held */
  const put = async (input: PutObjectCommandInput): Promise<boolean> => {
    for (let attempt = 1; ; attempt++) {
      try {
        await s3.send(new PutObjectCommand(input));
        return true;
      } catch (failure) {
        const status = (failure as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
        if (status === 412) return false;
        // another put of this key was under way: S3 wants it tried again
        if (status !== 409 || attempt === tries) throw failure;
        await sleep(Math.random() * 100 * attempt);
      }
    }
  };
  return {
    async read(path) {
      try {
        const { Body, ETag, ContentLength = 0 } = await s3.send(new GetObjectCommand(at(path)));
        if (!Body || !ETag || ContentLength > mostBytes) throw new Error(`${path} is no object of a log`);
        return { bytes: Buffer.from(await Body.transformToByteArray()), tag: ETag };
      } catch (failure) {
        // by its name: in a bundle the class may be another
        if (failure instanceof Error && failure.name === "NoSuchKey") return undefined;
        throw failure;
      }
    },
    create: (path, bytes, keeping) => put({ ...at(path), Body: bytes, IfNoneMatch: "*", ...kept(keeping) }),
    replace: (path, bytes, tag) => put({ ...at(path), Body: bytes, IfMatch: tag, ...kept("locked") }),
  };
}
