import { type Bus, type BusEntry, busLimits, entryBytes } from "../aws/bus.ts";
import { type AttributeValue, unmarshall } from "../aws/stream-image.ts";

/** A record of a DynamoDB stream as Lambda gives it. */
export interface StreamRecord {
  readonly eventName?: string;
  readonly dynamodb?: {
    readonly SequenceNumber?: string;
    readonly NewImage?: Readonly<Record<string, AttributeValue>>;
  };
}

/** What Lambda retries from. */
export interface StreamReport {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/** Told of what cannot be carried, ever. */
export interface RelayWatch {
  lost(eventId: string, why: string): void;
  refused(count: number, why: string): void;
}

interface Carried {
  readonly sequence: string;
  readonly eventId: string;
  readonly entry: BusEntry;
}

/** Refusals of the bus that no repetition cures. */
const forGood = new Set(["InvalidArgument", "MalformedDetail", "NotAuthorizedForSourceException"]);

/**
 * Carries records from the Outbox's stream to the bus, each at least once: REMOVE (TTL) is not news, what the bus did
 * not take is reported alone, and what it never will take is called out loudly and let go, since a record that blocks its
 * shard would silence everything after it (it stays in the Outbox for 14 days).
 */
export function createRelay(bus: Bus, watch: RelayWatch): (records: readonly StreamRecord[]) => Promise<StreamReport> {
  return async (records) => {
    const carried = records.filter((r) => r.eventName === "INSERT").flatMap((record) => read(record, watch));
    const failures: { itemIdentifier: string }[] = [];
    for (const batch of batches(carried)) {
      const outcome = await putAll(bus, batch);
      outcome.forEach((why, i) => {
        const one = batch[i];
        if (why === undefined || !one) return;
        if (forGood.has(why)) watch.lost(one.eventId, why);
        else failures.push({ itemIdentifier: one.sequence });
      });
      const again = outcome.filter((why) => why !== undefined && !forGood.has(why));
      if (again[0] !== undefined) watch.refused(again.length, again[0]);
    }
    return { batchItemFailures: failures };
  };
}

/** A call that fails whole fails for each of its entries: those of other calls are not sent again for it. */
async function putAll(bus: Bus, batch: readonly Carried[]): Promise<readonly (string | undefined)[]> {
  try {
    return await bus.put(batch.map(({ entry }) => entry));
  } catch (failure) {
    return batch.map(() => (failure instanceof Error ? failure.name : "failed"));
  }
}

function read(record: StreamRecord, watch: RelayWatch): readonly Carried[] {
  const sequence = record.dynamodb?.SequenceNumber;
  const row = unmarshall(record.dynamodb?.NewImage ?? {});
  const { eventId, body, detailType, timeMillis, traceHeader } = row;
  const whole =
    typeof eventId === "string" &&
    typeof body === "string" &&
    typeof detailType === "string" &&
    typeof timeMillis === "number";
  if (!whole || sequence === undefined) return lost(watch, eventId, "malformed");
  const entry: BusEntry = {
    source: "lanyard",
    detailType,
    detail: body,
    timeMillis,
    ...(typeof traceHeader === "string" ? { traceHeader: traceHeader.slice(0, 500) } : {}),
  };
  return entryBytes(entry) > busLimits.bytes
    ? lost(watch, eventId, "too large for the bus")
    : [{ sequence, eventId, entry }];
}

function lost(watch: RelayWatch, eventId: unknown, why: string): readonly Carried[] {
  watch.lost(typeof eventId === "string" ? eventId : "unknown", why);
  return [];
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
