/** GetObject and HeadObject. */
import { preconditionFailed, s3Refusal } from "../errors.ts";
import type { S3Request } from "../request.ts";
import type { Version } from "../store/version.ts";
import { moment } from "../xml.ts";
import { encryptionHeaders, type Ground, namedObject, type Operation, versionHeader } from "./operation.ts";

/** GetObject, in whole or one range of it. */
export const getObject: Operation = (call, ground) => {
  const version = namedObject(call, ground);
  checkConditions(call, version);
  const bytes = ground.objects.bytes(version);
  const range = rangeOf(call.header("range"), bytes.length);
  const headers = headersOf(call, version, ground);
  const type = version.headers["content-type"] ?? "binary/octet-stream";
  if (range === undefined) return { type, headers, body: bytes };
  const [from, to] = range;
  const body = bytes.subarray(from, to + 1);
  const ranged = {
    ...headers,
    "content-length": String(body.length),
    "content-range": `bytes ${from}-${to}/${bytes.length}`,
  };
  return { status: 206, type, headers: ranged, body };
};

/** HeadObject: what GetObject would say, without the bytes. */
export const headObject: Operation = (call, ground) => {
  const version = namedObject(call, ground);
  checkConditions(call, version);
  const type = version.headers["content-type"] ?? "binary/octet-stream";
  return { type, headers: headersOf(call, version, ground), body: "" };
};

/** HeadBucket: it is there, and the caller may list it. */
export const headBucket: Operation = (_call, { region }) => ({
  type: "application/xml",
  headers: { "x-amz-bucket-region": region },
  body: "",
});

function headersOf(call: S3Request, version: Version, ground: Ground): Record<string, string> {
  const asked = call.header("x-amz-checksum-mode")?.toUpperCase() === "ENABLED" && call.header("range") === undefined;
  const kept = Object.entries(version.headers).filter(([name]) => asked || !name.startsWith("x-amz-checksum-"));
  const { retention, tags } = version;
  return {
    ...Object.fromEntries(kept),
    ...versionHeader(version, ground),
    ...encryptionHeaders(version, ground),
    etag: version.etag,
    "accept-ranges": "bytes",
    "content-length": String(version.sizeBytes),
    "last-modified": new Date(version.atMillis).toUTCString(),
    ...(tags === undefined ? {} : { "x-amz-tagging-count": String(Object.keys(tags).length) }),
    ...(retention === undefined
      ? {}
      : {
          "x-amz-object-lock-mode": retention.mode,
          "x-amz-object-lock-retain-until-date": moment(retention.untilMillis),
        }),
  };
}

function checkConditions({ header }: S3Request, { etag }: Version): void {
  const names = (list: string) =>
    list.split(",").some((each) => ["*", etag, etag.replaceAll('"', "")].includes(each.trim()));
  const match = header("if-match");
  if (match !== undefined && !names(match)) throw preconditionFailed("If-Match");
  const none = header("if-none-match");
  if (none !== undefined && names(none)) throw s3Refusal("NotModified", "Not Modified", { status: 304 });
}

/** @returns first and last byte; undefined for the whole, also when the header is none that HTTP knows */
function rangeOf(header: string | undefined, size: number): readonly [number, number] | undefined {
  const [, from, to] = /^bytes=(\d*)-(\d*)$/.exec(header ?? "") ?? [];
  if (from === undefined || to === undefined || (from === "" && to === "")) return undefined;
  const first = from === "" ? Math.max(0, size - Number(to)) : Number(from);
  const last = from === "" || to === "" ? size - 1 : Math.min(Number(to), size - 1);
  if (from !== "" && to !== "" && Number(to) < Number(from)) return undefined;
  if (first >= size || last < first)
    throw s3Refusal("InvalidRange", "The requested range is not satisfiable", {
      status: 416,
      more: { RangeRequested: header, ActualObjectSize: size },
    });
  return [first, last];
}
