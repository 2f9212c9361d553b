/** ListObjectVersions. */
import { s3Refusal } from "../errors.ts";
import type { Version } from "../store/version.ts";
import { element, elements, moment, namespace, xml } from "../xml.ts";
import { isAfter, listingOf } from "./list.ts";
import { type Operation, xmlType } from "./operation.ts";
import { pageOf } from "./page.ts";

/** ListObjectVersions: every version and marker, the newest of each key first. */
export const listVersions: Operation = (call, { objects, settings }) => {
  const { prefix, delimiter, most, said } = listingOf(call);
  const keyMarker = call.query.get("key-marker") ?? "";
  const idMarker = call.query.get("version-id-marker") ?? "";
  if (idMarker !== "" && keyMarker === "")
    throw s3Refusal("InvalidArgument", "A version-id marker cannot be specified without a key marker.");
  const items = objects.keys().flatMap((key) => objects.versions(key));
  const behindMarker = idsBehind(objects.versions(keyMarker), idMarker);
  const isBehind = ({ key, id }: Version) =>
    keyMarker === "" || isAfter(key, keyMarker) || (key === keyMarker && behindMarker.has(id));
  const rolled = delimiter !== "" && keyMarker.endsWith(delimiter) ? keyMarker : undefined;
  const page = pageOf({ items, keyOf: ({ key }) => key, prefix, delimiter, isBehind, said: rolled, most });
  const { last } = page;
  const members = [
    elements({ Name: settings.name, Prefix: said(prefix), Delimiter: delimiter === "" ? undefined : said(delimiter) }),
    elements({ KeyMarker: said(keyMarker), VersionIdMarker: idMarker, MaxKeys: most }),
    elements({ EncodingType: call.query.get("encoding-type"), IsTruncated: last !== undefined }),
    elements({
      NextKeyMarker: last && said(last.commonPrefix ?? last.item.key),
      NextVersionIdMarker: last?.commonPrefix === undefined ? last?.item.id : undefined,
    }),
    ...page.items.map((version) => entry(version, said, objects.versions(version.key)[0]?.id === version.id)),
    ...page.commonPrefixes.map((each) => `<CommonPrefixes>${element("Prefix", said(each))}</CommonPrefixes>`),
  ];
  return {
    type: xmlType,
    body: xml(`<ListVersionsResult xmlns="${namespace}">${members.join("")}</ListVersionsResult>`),
  };
};

/** Ids of a key's versions that come behind one of them; without one none do, since the whole key is behind us. */
function idsBehind(versions: readonly Version[], idMarker: string): ReadonlySet<string> {
  const at = versions.findIndex(({ id }) => id === idMarker);
  return new Set(at < 0 ? [] : versions.slice(at + 1).map(({ id }) => id));
}

function entry(version: Version, said: (key: string) => string, isLatest: boolean): string {
  const { key, id, atMillis, etag, sizeBytes, isMarker } = version;
  const common = elements({ Key: said(key), VersionId: id, IsLatest: isLatest, LastModified: moment(atMillis) });
  if (isMarker) return `<DeleteMarker>${common}</DeleteMarker>`;
  const own = elements({ ETag: etag, Size: sizeBytes, StorageClass: "STANDARD" });
  return `<Version>${common}${own}</Version>`;
}
