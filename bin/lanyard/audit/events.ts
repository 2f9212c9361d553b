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
  for await (const line of linesOf(gzipped ? bytes.pipe(createGunzip()) : bytes)) {
    const event = eventOf(line);
    if (event) yield event;
  }
}

/**
 * Lines, each ended by a newline and by nothing else: `readline` ends them at U+2028 too, which JSON leaves as it is, so
 * that whoever gets that character into a record would hide it. Longer ones than any record are left out.
 */
async function* linesOf(bytes: Readable): AsyncGenerator<string> {
  let parts: Buffer[] = [];
  let length = 0;
  const take = (part: Buffer) => {
    length += part.length;
    if (length <= lineBytes) parts.push(part);
  };
  const whole = (): string => {
    const line = length <= lineBytes ? Buffer.concat(parts).toString("utf8") : "";
    [parts, length] = [[], 0];
    return line;
  };
  for await (const chunk of bytes as AsyncIterable<Buffer>) {
    let from = 0;
    for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, from)) {
      take(chunk.subarray(from, at));
      yield whole();
      from = at + 1;
    }
    take(chunk.subarray(from));
  }
  yield whole();
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
