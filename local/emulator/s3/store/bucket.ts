/** One bucket: versions under keys, in memory and on disk. */
import { createHash, randomBytes } from "node:crypto";
import { type BucketFolders, openDisk } from "./disk.ts";
import { apply, type Entry, type Retention, type Version, type Versions } from "./version.ts";

/** What an object is put with. */
interface NewObject {
  readonly key: string;
  readonly bytes: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  readonly kmsKeyArn?: string;
  readonly retention?: Retention;
  readonly tags?: Readonly<Record<string, string>>;
}

/** The objects of a bucket. */
export interface Objects {
  /** Keys with a version or a marker, in the order of their UTF-8 bytes, as S3 lists them. */
  keys(): readonly string[];
  /** Versions of a key, newest first. */
  versions(key: string): readonly Version[];
  /** The object as it is now; undefined when there is none or it was deleted. */
  current(key: string): Version | undefined;
  bytes(version: Version): Buffer;
  put(object: NewObject): Version;
  /** Deletes as S3 does without a version: a marker in a bucket with versions. @returns the marker */
  mark(key: string): Version | undefined;
  /** Deletes one version for good. */
  remove(version: Version): void;
  retain(version: Version, retention: Retention): void;
}

/** How a bucket keeps its objects. */
interface Keeping {
  readonly isVersioned: boolean;
  readonly nowMillis: () => number;
}

/** Opens a bucket. Files that lie in its folder and never came through S3 become objects of their time. */
export function openObjects(folders: BucketFolders, { isVersioned, nowMillis }: Keeping): Objects {
  const disk = openDisk(folders);
  const versions: Versions = new Map();
  for (const entry of disk.journal()) apply(versions, entry);
  let sorted: readonly string[] | undefined;
  const note = (entry: Entry) => {
    apply(versions, entry);
    disk.append(entry);
    sorted = undefined;
  };
  const of = (key: string) => versions.get(key) ?? [];
  const current = (key: string) => {
    const [newest] = of(key);
    return newest?.isMarker === true ? undefined : newest;
  };
  const show = (key: string) => disk.show(key, current(key)?.blob);
  const add = (version: Omit<Version, "id">) => {
    const id = isVersioned ? randomBytes(24).toString("base64url") : "null";
    const replaced = of(version.key).find((each) => each.id === id);
    const put = { ...version, id };
    note({ put });
    show(version.key);
    if (replaced !== undefined) disk.forget(replaced.blob);
    return put;
  };
  const put = ({ bytes, ...object }: NewObject, atMillis = nowMillis()) =>
    add({
      ...object,
      atMillis,
      isMarker: false,
      sizeBytes: bytes.length,
      etag: etagOf(bytes, object),
      blob: disk.keep(bytes),
    });
  const remove = (version: Version) => {
    note({ removed: { key: version.key, id: version.id } });
    show(version.key);
    disk.forget(version.blob);
  };
  for (const { key, atMillis, bytes } of disk.readable()) {
    if (!versions.has(key)) put({ key, bytes: bytes(), headers: { "content-type": "binary/octet-stream" } }, atMillis);
  }
  return {
    keys: () => (sorted ??= [...versions.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))),
    versions: of,
    current,
    bytes: ({ blob }) => disk.read(blob),
    put: (object) => put(object),
    mark(key) {
      if (isVersioned)
        return add({ key, atMillis: nowMillis(), isMarker: true, sizeBytes: 0, etag: "", headers: {}, blob: "" });
      for (const version of of(key)) remove(version);
      return undefined;
    },
    remove,
    retain: ({ key, id }, retention) => note({ retained: { key, id, retention } }),
  };
}

/** MD5 of the bytes, but for KMS, where S3 promises no such thing: nobody may come to lean on it. */
function etagOf(bytes: Buffer, { kmsKeyArn }: Pick<NewObject, "kmsKeyArn">): string {
  const hash = createHash("md5").update(bytes);
  if (kmsKeyArn !== undefined) hash.update(kmsKeyArn);
  return `"${hash.digest("hex")}"`;
}
