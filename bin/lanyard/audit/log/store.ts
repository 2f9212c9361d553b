import { readdir, readFile, stat } from "node:fs/promises";
import { isAbsolute, join, resolve } from "node:path";
import { GetObjectCommand, ListObjectsV2Command, S3Client, S3ServiceException } from "@aws-sdk/client-s3";
import type { Profile } from "../../deployment/profile.ts";
import { Usage } from "../../terminal/outcome.ts";

/** One object of the audit bucket. */
export interface Stored {
  /** Its key. */
  readonly name: string;
  /** When it arrived, by the store's clock. */
  readonly writtenAtMillis: number;
}

/** The audit bucket, or a folder with a copy of it: records below `audit/`, the log below `log/`. */
export interface AuditStore {
  /** Whether it is the bucket itself, to which a log is written as we read. */
  readonly isLive: boolean;
  /** An object's bytes; undefined when there is none. */
  read(name: string): Promise<Buffer | undefined>;
  /** Objects whose keys begin with a text that ends with a slash. */
  list(below: string): AsyncIterable<Stored>;
}

/**
 * The store that `--log` names, `s3://bucket` or a folder, else the profile's own.
 * @param cwd the folder the command was called in
 * @throws Usage when neither is there
 */
export function storeOf(named: string | undefined, cwd: string, profile: Profile | undefined): AuditStore {
  const bucket = named === undefined ? undefined : /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/?$/.exec(named)?.[1];
  if (named?.startsWith("s3:") && bucket === undefined) throw new Usage(`${JSON.stringify(named)} names no bucket`);
  if (bucket !== undefined) return bucketStore(s3Of(profile), bucket);
  if (named !== undefined) return folderStore(isAbsolute(named) ? named : resolve(cwd, named));
  const { audit } = profile ?? {};
  if (audit === undefined)
    throw new Usage("where is the log? Give --log <folder or s3://bucket>, or a profile that names the audit");
  return "folder" in audit ? folderStore(audit.folder) : bucketStore(s3Of(profile), audit.bucket);
}

const s3Of = (profile: Profile | undefined): S3Client => {
  const config = profile?.kind === "aws" ? profile.dynamo.config : undefined;
  return new S3Client(config ? { region: config.region, credentials: config.credentials } : {});
};

/** A bucket, read by the caller's own credentials. */
export const bucketStore = (s3: S3Client, bucket: string): AuditStore => ({
  isLive: true,
  async read(name) {
    try {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: name }));
      return Body ? Buffer.from(await Body.transformToByteArray()) : undefined;
    } catch (cause) {
      if (cause instanceof S3ServiceException && cause.$metadata.httpStatusCode === 404) return undefined;
      throw cause;
    }
  },
  async *list(below) {
    let token: string | undefined;
    do {
      const next = token === undefined ? {} : { ContinuationToken: token };
      const page = await s3.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: below, ...next }));
      for (const { Key, LastModified } of page.Contents ?? [])
        if (Key !== undefined) yield { name: Key, writtenAtMillis: LastModified?.getTime() ?? 0 };
      token = page.NextContinuationToken;
    } while (token !== undefined);
  },
});

/** A copy of a bucket, whose files have the times of its objects, as `aws s3 sync` gives them. */
export const folderStore = (folder: string): AuditStore => ({
  isLive: false,
  async read(name) {
    try {
      return await readFile(join(folder, name));
    } catch (cause) {
      if (isMissing(cause)) return undefined;
      throw cause;
    }
  },
  async *list(below) {
    const entries = await readdir(join(folder, below), { recursive: true, withFileTypes: true }).catch((cause) => {
      if (isMissing(cause)) return [];
      throw cause;
    });
    const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    for (const path of paths.sort())
      yield {
        name: path.slice(join(folder, "/").length).replaceAll("\\", "/"),
        writtenAtMillis: (await stat(path)).mtimeMs,
      };
  },
});

const isMissing = (cause: unknown): boolean =>
  cause instanceof Error &&
  "code" in cause &&
  (cause.code === "ENOENT" || cause.code === "ENOTDIR" || cause.code === "EISDIR");
