import { type Bus, busLimits, entryBytes } from "../aws/eventbridge/bus.ts";
import type { RefusedQueue } from "../aws/sqs/refused-queue.ts";
import { putAll } from "./put-all.ts";
import { type Carried, read, type StreamRecord, type Unreadable } from "./stream-record.ts";

/** What Lambda retries from. */
export interface StreamReport {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/** Told of what did not go through. */
export interface RelayWatch {
  /** The record lies in the queue of refused ones. */
  kept(eventId: string, why: string): void;
  /** Neither bus nor queue took the record; it will be sent again. */
  unkept(eventId: string, why: string): void;
  /** The bus did not take these now; they will be sent again. */
  refused(count: number, why: string): void;
}

/**
 * Carries records from the Outbox's stream to the bus, each at least once: REMOVE (TTL) is not news, what the bus did
 * not take is reported alone, and what it never will take goes whole into a queue and counts as done, since a record that
 * blocks its shard would silence everything after it. What that queue does not take either is reported as not carried.
 */
export function createRelay(
  bus: Bus,
  queue: RefusedQueue,
  watch: RelayWatch,
): (records: readonly StreamRecord[]) => Promise<StreamReport> {
  return async (records) => {
    const found = records.filter((r) => r.eventName === "INSERT").map(read);
    const failures: { itemIdentifier: string }[] = [];
    const keep = async ({ sequence, eventId, image }: Carried | Unreadable, why: string): Promise<void> => {
      try {
        await queue.keep({ eventId, why, image });
        watch.kept(eventId, why);
      } catch (failure) {
        watch.unkept(eventId, `${why}; queue: ${failure instanceof Error ? failure.name : "failed"}`);
        failures.push({ itemIdentifier: sequence });
      }
    };
    for (const one of found) if ("why" in one) await keep(one, one.why);
    for (const batch of batches(found.filter((one) => "entry" in one))) {
      const outcomes = await putAll(bus, batch);
      for (const { one, why } of outcomes.filter((outcome) => outcome.forGood)) await keep(one, why);
      const again = outcomes.filter((outcome) => !outcome.forGood);
      failures.push(...again.map(({ one }) => ({ itemIdentifier: one.sequence })));
      if (again[0]) watch.refused(again.length, again[0].why);
    }
    return { batchItemFailures: failures };
  };
}

/** At most ten entries and the bus's bytes a call, in order. */
function batches(carried: readonly Carried[]): readonly (readonly Carried[])[] {
  const all: Carried[][] = [];
  let bytes = 0;
  for (const one of carried) {
    const last = all.at(-1);
    const size = entryBytes(one.entry);
    const fits = last && last.length < busLimits.entries && bytes + size <= busLimits.bytes;
    bytes = fits ? bytes + size : size;
    if (fits) last.push(one);
    else all.push([one]);
  }
  return all;
}
