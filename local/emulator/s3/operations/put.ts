/** PutObject: conditional, checked by its checksums, retained and tagged from the first moment where it asks for that. */
import { keyOf } from "../access.ts";
import { noSuchKey, preconditionFailed, s3Refusal } from "../errors.ts";
import type { S3Request } from "../request.ts";
import type { Retention } from "../store/version.ts";
import { tagsOf } from "../tags.ts";
import { checkDigests, hasDigest } from "./checksums.ts";
import { bodyOf } from "./chunks.ts";
import { encryptionHeaders, type Ground, type Operation, versionHeader, xmlType } from "./operation.ts";
import { readRetention } from "./retention.ts";

const kept = [
  "content-type",
  "content-encoding",
  "content-language",
  "content-disposition",
  "cache-control",
  "expires",
];

/** PutObject. The whole body is here before anything is looked at, so each put is one step. */
export const putObject: Operation = (call, ground) => {
  const { bytes, trailers } = bodyOf(call);
  const checksum = checkDigests(call, bytes, trailers);
  checkConditions(call, ground);
  const retention = retentionOf(call, ground);
  const tags = tagsOf(call);
  const kmsKeyArn = keyOf(call, ground.settings);
  const version = ground.objects.put({
    key: call.key,
    bytes,
    headers: { ...headersOf(call), ...checksum },
    ...(kmsKeyArn === undefined ? {} : { kmsKeyArn }),
    ...(retention === undefined ? {} : { retention }),
    ...(tags === undefined ? {} : { tags }),
  });
  const headers = {
    ...versionHeader(version, ground),
    ...encryptionHeaders(version, ground),
    ...checksum,
    etag: version.etag,
  };
  return { type: xmlType, headers, body: "" };
};

function checkConditions({ header, key }: S3Request, { objects }: Ground): void {
  const none = header("if-none-match");
  const match = header("if-match");
  if (none !== undefined && none !== "*")
    throw s3Refusal("NotImplemented", "A put knows no If-None-Match but *", { status: 501 });
  const current = objects.current(key);
  if (none === "*" && current !== undefined) throw preconditionFailed("If-None-Match");
  if (match === undefined) return;
  if (current === undefined) throw noSuchKey(key);
  if (match.replaceAll('"', "") !== current.etag.replaceAll('"', "")) throw preconditionFailed("If-Match");
}

function retentionOf(call: S3Request, { settings, nowMillis }: Ground): Retention | undefined {
  const mode = call.header("x-amz-object-lock-mode");
  const until = call.header("x-amz-object-lock-retain-until-date");
  if (mode === undefined && until === undefined) return undefined;
  if (!settings.hasLock) throw s3Refusal("InvalidRequest", "Bucket is missing Object Lock Configuration");
  if (!hasDigest(call))
    throw s3Refusal(
      "InvalidRequest",
      "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters",
    );
  return readRetention(mode, until, nowMillis());
}

function headersOf({ headers, header }: S3Request): Record<string, string> {
  const own = Object.keys(headers).filter((name) => kept.includes(name) || name.startsWith("x-amz-meta-"));
  const entries = own.map((name) => [name, header(name) ?? ""] as const);
  // the encoding of the transfer is no encoding of the object
  return Object.fromEntries(
    entries
      .map(([name, value]) => [name, name === "content-encoding" ? value.replace(/aws-chunked,?/, "") : value] as const)
      .filter(([, value]) => value !== ""),
  );
}
