/** Which operation a request of S3 is, on which bucket and key. */
import type { WireRequest } from "../service.ts";
import { notImplemented, s3Refusal } from "./errors.ts";

/** An understood request. */
export interface S3Request {
  readonly operation: OperationName;
  readonly bucket: string;
  /** Empty for operations on the bucket. */
  readonly key: string;
  readonly query: ReadonlyMap<string, string>;
  /** A header's value, or undefined. */
  header(name: string): string | undefined;
  readonly headers: WireRequest["headers"];
  readonly body: Buffer;
}

interface Shape {
  readonly method: string;
  readonly on: "bucket" | "object";
  /** Query parameter that tells it from its neighbours. */
  readonly marker?: string;
  readonly queries?: readonly string[];
}

const listing = ["prefix", "delimiter", "max-keys", "encoding-type"];
const shapes = {
  ListObjectVersions: {
    method: "GET",
    on: "bucket",
    marker: "versions",
    queries: [...listing, "key-marker", "version-id-marker"],
  },
  ListObjectsV2: {
    method: "GET",
    on: "bucket",
    marker: "list-type",
    queries: [...listing, "continuation-token", "start-after", "fetch-owner"],
  },
  HeadBucket: { method: "HEAD", on: "bucket" },
  GetObjectRetention: { method: "GET", on: "object", marker: "retention", queries: ["versionId"] },
  PutObjectRetention: { method: "PUT", on: "object", marker: "retention", queries: ["versionId"] },
  GetObjectTagging: { method: "GET", on: "object", marker: "tagging", queries: ["versionId"] },
  GetObject: { method: "GET", on: "object", queries: ["versionId"] },
  HeadObject: { method: "HEAD", on: "object", queries: ["versionId"] },
  PutObject: { method: "PUT", on: "object" },
  DeleteObject: { method: "DELETE", on: "object", queries: ["versionId"] },
} as const satisfies Record<string, Shape>;

/** Operations of this S3. */
export type OperationName = keyof typeof shapes;

/** Headers of AWS's that it heeds; another would change what a call means. */
const heeded =
  /^x-amz-(content-sha256|date|security-token|user-agent|meta-.+|checksum-(mode|crc32|sha1|sha256)|sdk-checksum-algorithm|decoded-content-length|trailer|object-lock-(mode|retain-until-date)|tagging|bypass-governance-retention|server-side-encryption(-aws-kms-key-id)?|expected-bucket-owner)$/;

/** Reads a request in path style, which SDKs use for an address of numbers. */
export function readRequest({ method, target, headers, body }: WireRequest): S3Request {
  const [path = "/", search = ""] = target.split(/\?(.*)/s);
  const [, bucket = "", rest = ""] = /^\/([^/]*)\/?(.*)$/s.exec(path) ?? [];
  const key = decoded(rest);
  const query = new Map(new URLSearchParams(search));
  query.delete("x-id");
  if (Buffer.byteLength(key) > 1024) throw s3Refusal("KeyTooLongError", "Your key is too long");
  const found = (Object.entries(shapes) as [OperationName, Shape][]).find(
    ([, shape]) =>
      shape.method === method &&
      shape.on === (key === "" ? "bucket" : "object") &&
      (shape.marker === undefined || query.has(shape.marker)),
  );
  if (bucket === "" || found === undefined)
    throw notImplemented(`${method} ${key === "" ? "of a bucket" : "of a key"}`);
  const [operation, { marker, queries = [] }] = found;
  const strange =
    [...query.keys()].find((name) => name !== marker && !queries.includes(name)) ??
    Object.keys(headers).find((name) => name.startsWith("x-amz-") && !heeded.test(name));
  if (strange !== undefined) throw notImplemented(strange);
  const header = (name: string) => {
    const value = headers[name];
    return Array.isArray(value) ? value.join(",") : value;
  };
  return { operation, bucket, key, query, header, headers, body };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw s3Refusal("InvalidURI", "Couldn't parse the specified URI.");
  }
}
