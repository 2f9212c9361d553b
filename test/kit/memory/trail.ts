import { createHash } from "node:crypto";
import { entryOf } from "../../../core/tlog/entry.ts";
import type { TrailPorts, TrailQuestion } from "../../../core/tlog/trail/ports.ts";
import { type MemoryLog, memoryLog } from "./log.ts";

/** One object of the audit. */
interface TrailObject {
  readonly name: string;
  readonly lines: string[];
  readonly writtenAtMillis: number;
}

/** A trail in memory: the log, when each kept checkpoint arrived, and the objects with the records. */
export interface MemoryTrail {
  readonly log: MemoryLog;
  readonly arrivals: Map<number, number>;
  readonly objects: TrailObject[];
  readonly ports: TrailPorts;
  /** What asks for all of it. */
  readonly question: TrailQuestion;
}

/** When the first records of a made trail were decided. */
export const begunAtMillis = Date.UTC(2026, 10, 30, 12);
const minuteMillis = 60_000;

/** Body of a made record: as much of an event as a verifier reads, and something to tell it by. */
export const bodyOf = (eventId: string, timeMillis: number): string =>
  JSON.stringify({ metadata: { uid: eventId }, time: timeMillis, unmapped: { lanyard: { operation: "attest" } } });

/** The entry of a record's body. */
export const entryOfBody = (body: string): Buffer =>
  entryOf({
    eventId: JSON.parse(body).metadata.uid,
    hash: createHash("sha256").update(body).digest("base64url"),
  });

/** The entry of an hour. */
export const heartbeatOf = (millis: number): Buffer => {
  const eventId = `heartbeat#${new Date(millis).toISOString().slice(0, 13)}Z`;
  return entryOf({ eventId, hash: createHash("sha256").update(eventId).digest("base64url") });
};

/**
 * Writes a trail: every minute a batch of records is decided, sealed 20 seconds later, and delivered 40 seconds later.
 * @param batches how many records each minute has; a minute of 0 seals an hour's entry
 */
export async function memoryTrail(batches: readonly number[]): Promise<MemoryTrail> {
  const log = memoryLog();
  const arrivals = new Map<number, number>();
  const objects: TrailObject[] = [];
  for (const [minute, count] of batches.entries()) {
    const at = begunAtMillis + minute * minuteMillis;
    const bodies = Array.from({ length: count }, (_, n) => bodyOf(`event-${minute}-${n}`, at + n));
    await log.add(...(count === 0 ? [heartbeatOf(at)] : bodies.map(entryOfBody)));
    arrivals.set(log.size, at + 20_000);
    if (count > 0) objects.push({ name: `audit/${minute}.json`, lines: bodies, writtenAtMillis: at + 40_000 });
  }
  const nowMillis = begunAtMillis + batches.length * minuteMillis + 3_600_000;
  const known = { origin: log.origin, keys: [log.signer] };
  const trail = { log, arrivals, objects };
  return { ...trail, ports: portsOf(trail), question: { log: known, nowMillis, isLive: false, known: [] } };
}

/** Reads a trail as it is at that moment. */
export const portsOf = ({ log, arrivals, objects }: Pick<MemoryTrail, "log" | "arrivals" | "objects">): TrailPorts => ({
  read: log.read,
  checkpoint: async () => log.files.get("checkpoint")?.toString(),
  kept: async () =>
    [...arrivals]
      .filter(([size]) => log.files.has(`checkpoints/${size}`))
      .map(([size, arrivedAtMillis]) => ({ size, arrivedAtMillis })),
  keptCheckpoint: async (size) => log.files.get(`checkpoints/${size}`)?.toString(),
  async *lines(fromMillis, beforeMillis) {
    for (const { name, lines, writtenAtMillis } of objects) {
      if (writtenAtMillis < fromMillis || writtenAtMillis >= beforeMillis) continue;
      for (const [n, text] of lines.entries()) yield { text, where: `${name}:${n + 1}`, writtenAtMillis };
    }
  },
});
