/** What a bucket keeps of each version of an object. */

/** Object Lock on one version. */
export interface Retention {
  readonly mode: "GOVERNANCE" | "COMPLIANCE";
  readonly untilMillis: number;
}

/** One version of an object, or the marker that a deletion leaves in a versioned bucket. */
export interface Version {
  readonly key: string;
  /** `null` in a bucket without versions, as S3 writes it. */
  readonly id: string;
  readonly atMillis: number;
  /** True for a delete marker: it has no bytes. */
  readonly isMarker: boolean;
  readonly sizeBytes: number;
  /** With its quotation marks. */
  readonly etag: string;
  /** What the object is answered with as it was put: content type and such, `x-amz-meta-*`, its checksum. */
  readonly headers: Readonly<Record<string, string>>;
  /** ARN of the KMS key that it is encrypted under. */
  readonly kmsKeyArn?: string;
  readonly retention?: Retention;
  /** Absent where it has none. */
  readonly tags?: Readonly<Record<string, string>>;
  /** Name of the file with its bytes. */
  readonly blob: string;
}

/** One line of a bucket's journal. */
export type Entry =
  | { readonly put: Version }
  | { readonly removed: { readonly key: string; readonly id: string } }
  | { readonly retained: { readonly key: string; readonly id: string; readonly retention: Retention } };

/** The versions of a bucket, newest first under each key. */
export type Versions = Map<string, readonly Version[]>;

/** Applies one line. A version of a known id takes its place: a bucket without versions has one of `null`. */
export function apply(versions: Versions, entry: Entry): void {
  if ("put" in entry) {
    const others = (versions.get(entry.put.key) ?? []).filter(({ id }) => id !== entry.put.id);
    versions.set(entry.put.key, [entry.put, ...others]);
    return;
  }
  const { key, id } = "removed" in entry ? entry.removed : entry.retained;
  const known = versions.get(key) ?? [];
  const left =
    "removed" in entry
      ? known.filter((each) => each.id !== id)
      : known.map((each) => (each.id === id ? { ...each, retention: entry.retained.retention } : each));
  if (left.length === 0) versions.delete(key);
  else versions.set(key, left);
}
