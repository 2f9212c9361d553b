/**
 * S3 over HTTP: the template's buckets, their objects and versions, conditional puts, tags, Object Lock. Whatever it does not
 * play it refuses by name, so that nothing rests on half a meaning.
 */
import { join } from "node:path";
import type { PlainService, WireAnswer } from "../service.ts";
import { type OpenBucket, s3Access } from "./access.ts";
import { s3Refusal } from "./errors.ts";
import type { BucketSettings } from "./of-template.ts";
import { deleteObject } from "./operations/delete.ts";
import { getObject, headBucket, headObject } from "./operations/get.ts";
import { listObjects } from "./operations/list.ts";
import { listVersions } from "./operations/list-versions.ts";
import type { Operation } from "./operations/operation.ts";
import { putObject } from "./operations/put.ts";
import { getRetention, putRetention } from "./operations/retention.ts";
import { getTagging } from "./operations/tagging.ts";
import { type OperationName, readRequest, type S3Request } from "./request.ts";
import { type Objects, openObjects } from "./store/bucket.ts";
import type { Version } from "./store/version.ts";

/** The account's S3. */
export interface S3 {
  readonly service: PlainService;
  /** A bucket by name or ARN; throws `ServiceError` NoSuchBucket. */
  bucket(nameOrArn: string): OpenBucket;
  /** Told, from now on, of each object that is put into a bucket whose events go to EventBridge. */
  onCreated(tell: (bucket: string, version: Version) => void): void;
}

/** Where its buckets lie. */
interface S3Place {
  readonly account: string;
  readonly region: string;
  /** Folder with a folder a bucket, where current objects lie as files. */
  readonly folder: string;
  readonly nowMillis?: () => number;
}

const operations: Readonly<Record<OperationName, Operation>> = {
  ListObjectsV2: listObjects,
  ListObjectVersions: listVersions,
  HeadBucket: headBucket,
  GetObject: getObject,
  HeadObject: headObject,
  PutObject: putObject,
  DeleteObject: deleteObject,
  GetObjectTagging: getTagging,
  GetObjectRetention: getRetention,
  PutObjectRetention: putRetention,
};

/** Opens the buckets. Versions lie in a folder of their own beside the one that is read. */
export function openS3(settings: readonly BucketSettings[], place: S3Place): S3 {
  const { account, region, folder, nowMillis = Date.now } = place;
  const buckets = new Map<string, OpenBucket>();
  let tell: (bucket: string, version: Version) => void = () => undefined;
  for (const each of settings) {
    const folders = { readable: join(folder, each.name), versions: join(`${folder}-versions`, each.name) };
    const kept = openObjects(folders, { isVersioned: each.isVersioned, nowMillis });
    const put: Objects["put"] = (object) => {
      const version = kept.put(object);
      if (each.tellsEventBridge) tell(each.name, version);
      return version;
    };
    buckets.set(each.name, { settings: each, objects: { ...kept, put }, account, region });
  }
  const bucket = (nameOrArn: string): OpenBucket => {
    const name = nameOrArn.replace(/^arn:aws:s3:::/, "");
    const found = buckets.get(name);
    if (found !== undefined) return found;
    throw s3Refusal("NoSuchBucket", "The specified bucket does not exist", { status: 404, more: { BucketName: name } });
  };
  return {
    bucket,
    onCreated: (told) => {
      tell = told;
    },
    service(request) {
      const call = readRequest(request);
      const open = bucket(call.bucket);
      if ((call.header("x-amz-expected-bucket-owner") ?? account) !== account)
        throw s3Refusal("AccessDenied", "Access Denied", { status: 403 });
      const access = s3Access(call, open, nowMillis());
      const input = inputOf(call);
      const answer = () => logged(operations[call.operation](call, { ...open, nowMillis }));
      return { operation: call.operation, access, input, answer };
    },
  };
}

/** A request by the names that CloudTrail gives its parts. */
const inputOf = ({ bucket, key, query, header }: S3Request): Record<string, string> => ({
  bucketName: bucket,
  Host: header("host") ?? "",
  ...(key === "" ? {} : { key }),
  ...Object.fromEntries(query),
});

/** Of an answer S3 logs the headers of its own. */
function logged(answer: WireAnswer): WireAnswer {
  const own = Object.entries(answer.headers ?? {}).filter(([name]) => name.startsWith("x-amz-"));
  return { ...answer, logged: Object.fromEntries(own) };
}
