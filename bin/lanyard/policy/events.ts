import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { Usage } from "../outcome.ts";

/** Longest line that is taken for an event; the product writes at most a tenth of it. */
const lineBytes = 1_048_576;

/** One audit event as it lies in the bucket: OCSF, Lanyard's facts under `unmapped.lanyard`. */
export interface AuditEvent {
  readonly time: number;
  readonly metadata: { readonly uid: string };
  readonly unmapped: { readonly lanyard: Readonly<Record<string, unknown>> };
}

/**
 * Reads every event below a folder that holds what the audit bucket holds: NDJSON, gzipped or plain, in the order of
 * the files' names. Lines that are no events of ours are skipped.
 * @throws Usage when there is no such folder
 */
export async function* eventsOfFolder(folder: string): AsyncGenerator<AuditEvent> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => undefined);
  if (entries === undefined) throw new Usage(`there is no folder ${folder}`);
  const files = entries.filter((e) => e.isFile() && /\.(json|ndjson|jsonl)(\.gz)?$|\.gz$/.test(e.name));
  for (const path of files.map((e) => join(e.parentPath, e.name)).sort())
    yield* eventsOfStream(createReadStream(path), path.endsWith(".gz"));
}

/** Events of one object of the bucket. */
export async function* eventsOfStream(bytes: Readable, gzipped: boolean): AsyncGenerator<AuditEvent> {
  const input = gzipped ? bytes.pipe(createGunzip()) : bytes;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    const event = line.length > lineBytes ? undefined : eventOf(line);
    if (event) yield event;
  }
}

function eventOf(line: string): AuditEvent | undefined {
  try {
    const event = JSON.parse(line) as Partial<AuditEvent> | null;
    const facts = event?.unmapped?.lanyard;
    return typeof event?.time === "number" && typeof facts === "object" ? (event as AuditEvent) : undefined;
  } catch {
    return undefined;
  }
}
