import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";

/** Longest line that is read as an event; Lanyard writes at most a tenth of this. */
const lineBytes = 1_048_576;

/** One audit event as stored in the bucket: OCSF, Lanyard's facts under `unmapped.lanyard`. */
export interface AuditEvent {
  readonly time: number;
  readonly metadata: { readonly uid: string };
  readonly unmapped: { readonly lanyard: Readonly<Record<string, unknown>> };
}

/** Events of one object of the bucket: NDJSON, gzipped or plain. Lines that are no events of Lanyard are skipped. */
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
    return typeof event?.time === "number" && typeof facts === "object" && facts !== null
      ? (event as AuditEvent)
      : undefined;
  } catch {
    return undefined;
  }
}
