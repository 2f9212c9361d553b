/** ListObjectsV2. */
import { s3Refusal } from "../errors.ts";
import type { S3Request } from "../request.ts";
import type { Version } from "../store/version.ts";
import { element, elements, moment, namespace, xml } from "../xml.ts";
import { type Operation, xmlType } from "./operation.ts";
import { pageOf } from "./page.ts";

/** ListObjectsV2: current objects, in the order of their keys' bytes. */
export const listObjects: Operation = (call, { objects, settings }) => {
  const { prefix, delimiter, most, said } = listingOf(call);
  const token = call.query.get("continuation-token");
  const { after, commonPrefix } =
    token === undefined ? { after: call.query.get("start-after") ?? "" } : readToken(token);
  const items = objects.keys().flatMap((key) => objects.current(key) ?? []);
  const isBehind = ({ key }: Version) => after === "" || isAfter(key, after);
  const page = pageOf({ items, keyOf: ({ key }) => key, prefix, delimiter, isBehind, said: commonPrefix, most });
  const next = page.last && tokenOf({ after: page.last.item.key, ...page.last });
  const members = [
    elements({ Name: settings.name, Prefix: said(prefix), Delimiter: delimiter === "" ? undefined : said(delimiter) }),
    elements({ MaxKeys: most, EncodingType: call.query.get("encoding-type"), ContinuationToken: token }),
    elements({ KeyCount: page.items.length + page.commonPrefixes.length, IsTruncated: next !== undefined }),
    elements({ NextContinuationToken: next, StartAfter: call.query.get("start-after") }),
    ...page.items.map((version) => `<Contents>${contents(version, said)}</Contents>`),
    ...page.commonPrefixes.map((each) => `<CommonPrefixes>${element("Prefix", said(each))}</CommonPrefixes>`),
  ];
  return { type: xmlType, body: xml(`<ListBucketResult xmlns="${namespace}">${members.join("")}</ListBucketResult>`) };
};

/**
 * What both listings are asked.
 * @throws ServiceError InvalidArgument
 */
export function listingOf({ query }: S3Request) {
  const given = query.get("max-keys") ?? "1000";
  if (!/^\d{1,9}$/.test(given))
    throw s3Refusal("InvalidArgument", "Provided max-keys not an integer or within integer range");
  const encoding = query.get("encoding-type");
  if (encoding !== undefined && encoding !== "url")
    throw s3Refusal("InvalidArgument", "Invalid Encoding Method specified in Request");
  return {
    prefix: query.get("prefix") ?? "",
    delimiter: query.get("delimiter") ?? "",
    most: Math.min(1000, Number(given)),
    /** A key as the answer writes it. */
    said: (key: string) => (encoding === "url" ? encodeURIComponent(key).replaceAll("%2F", "/") : key),
  };
}

/** Whether a key comes behind another in the order of their bytes. */
export const isAfter = (key: string, other: string): boolean =>
  Buffer.compare(Buffer.from(key), Buffer.from(other)) > 0;

const contents = ({ key, atMillis, etag, sizeBytes }: Version, said: (key: string) => string): string =>
  elements({ Key: said(key), LastModified: moment(atMillis), ETag: etag, Size: sizeBytes, StorageClass: "STANDARD" });

interface Token {
  readonly after: string;
  readonly commonPrefix?: string;
}

const tokenOf = ({ after, commonPrefix }: Token): string =>
  Buffer.from(JSON.stringify([after, ...(commonPrefix === undefined ? [] : [commonPrefix])])).toString("base64url");

function readToken(token: string): Token {
  try {
    const [after, commonPrefix] = JSON.parse(Buffer.from(token, "base64url").toString()) as string[];
    if (typeof after === "string") return { after, ...(commonPrefix === undefined ? {} : { commonPrefix }) };
  } catch {
    // refused below
  }
  throw s3Refusal("InvalidArgument", "The continuation token provided is incorrect");
}
