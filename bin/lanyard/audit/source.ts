import { isAbsolute, resolve } from "node:path";
import { ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import type { Profile } from "../deployment/profile.ts";
import { Usage } from "../terminal/outcome.ts";
import type { AuditEvent } from "./events.ts";
import { eventsOfFile, filesOf } from "./folder.ts";
import { type AuditObject, eventsOfObject } from "./object.ts";

/** A source of audit events: the bucket, or a folder with the bucket's objects. */
export interface AuditSource {
  /** Objects written at or after a moment, in the order of their names. */
  objects(sinceMillis: number): Promise<readonly AuditObject[]>;
  /** Events of one object, in its order; lines that are no events of Lanyard are skipped. */
  events(object: AuditObject): AsyncIterable<AuditEvent>;
}

/** Firehose writes below this prefix, with one prefix for each day (UTC, by arrival). */
const prefix = "audit/";
const dayMillis = 86_400_000;

/** The source of a deployment's audit. @throws Usage when the profile names none */
export function sourceOf({ audit, dynamo }: Profile): AuditSource {
  if (audit === undefined) throw new Usage("where is the audit? Set LANYARD_AUDIT_BUCKET, or give --outputs <file>");
  if ("folder" in audit) return folderSource(audit.folder);
  const { region, credentials } = dynamo.config;
  return bucketSource({ s3: new S3Client({ region, credentials }), bucket: audit.bucket, below: prefix });
}

/**
 * The source that `--events` names: `s3://bucket[/prefix]`, `deployment` for the profile's own, else a folder.
 * @param cwd the folder the command was called in
 */
export function namedSource(text: string, cwd: string, profile: Profile | undefined): AuditSource {
  const bucket = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(text);
  if (bucket) {
    const config = profile?.kind === "aws" ? profile.dynamo.config : undefined;
    const place = config ? { region: config.region, credentials: config.credentials } : {};
    return bucketSource({ s3: new S3Client(place), bucket: bucket[1] ?? "", below: bucket[2] ?? "" });
  }
  if (text.startsWith("s3:")) throw new Usage(`${JSON.stringify(text)} names no bucket: s3://<bucket>[/<prefix>]`);
  if (text === "deployment") {
    if (profile) return sourceOf(profile);
    throw new Usage("which deployment's audit? Give --outputs <file>, or a folder or s3://<bucket>");
  }
  return folderSource(isAbsolute(text) ? text : resolve(cwd, text));
}

/** A folder with the bucket's objects, as the local run or `aws s3 sync` writes it. */
const folderSource = (folder: string): AuditSource => ({
  objects: async (sinceMillis) =>
    (await filesOf(folder)).filter(({ writtenAtMillis }) => writtenAtMillis >= sinceMillis),
  events: ({ name }) => eventsOfFile(name),
});

/** A bucket and a place in it. */
interface BucketPlace {
  readonly s3: S3Client;
  readonly bucket: string;
  /** Beginning of its objects' names. */
  readonly below: string;
}

/** The bucket. Days are listed one by one, so that a question about one hour does not list the objects of a year. */
export function bucketSource({ s3, bucket, below }: BucketPlace, nowMillis = Date.now): AuditSource {
  const byDay = below === prefix || below === "";
  return {
    async objects(sinceMillis) {
      const days = Math.ceil((nowMillis() - sinceMillis) / dayMillis) + 1;
      // for more than a year it is cheaper to list everything
      const prefixes =
        byDay && days <= 366
          ? Array.from({ length: days + 1 }, (_, n) => `${prefix}dt=${dayOf(sinceMillis + n * dayMillis)}/`)
          : [below === "" ? prefix : below];
      const found = [];
      for (const each of new Set(prefixes)) found.push(...(await list(s3, bucket, each)));
      return found.filter(({ writtenAtMillis }) => writtenAtMillis >= sinceMillis);
    },
    events: ({ name }) => eventsOfObject(s3, bucket, name),
  };
}

const dayOf = (millis: number): string => new Date(millis).toISOString().slice(0, 10);

async function list(s3: S3Client, bucket: string, below: string): Promise<readonly AuditObject[]> {
  const found: AuditObject[] = [];
  let token: string | undefined;
  do {
    const page = await s3.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: below,
        ...(token === undefined ? {} : { ContinuationToken: token }),
      }),
    );
    for (const { Key, LastModified } of page.Contents ?? [])
      if (Key !== undefined) found.push({ name: Key, writtenAtMillis: LastModified?.getTime() ?? 0 });
    token = page.NextContinuationToken;
  } while (token !== undefined);
  return found;
}

/** Every event written since a moment, one object after the other. */
export async function* eventsSince(source: AuditSource, sinceMillis: number): AsyncGenerator<AuditEvent> {
  for (const object of await source.objects(sinceMillis)) yield* source.events(object);
}
