/** What EventBridge takes at once. */
export const busLimits = { entries: 10, bytes: 1_000_000 } as const;

/** An audit record on its way. */
export interface BusEntry {
  readonly source: string;
  readonly detailType: string;
  /** The record, byte for byte. */
  readonly detail: string;
  readonly timeMillis: number;
  readonly traceHeader?: string;
}

/** Puts entries on a bus. */
export interface Bus {
  /** @returns for each entry, in order, why it was not taken, or undefined */
  put(entries: readonly BusEntry[]): Promise<readonly (string | undefined)[]>;
}

/** Bytes an entry counts for (EventBridge: time 14, the rest as UTF-8). */
export const entryBytes = (entry: BusEntry): number =>
  14 + Buffer.byteLength(entry.source) + Buffer.byteLength(entry.detailType) + Buffer.byteLength(entry.detail);

/** One row of the Outbox's stream. */
interface Found {
  /** Where it stands in its stream; empty where it does not say: Lambda takes that for the whole batch. */
  readonly sequence: string;
  /** `unknown` where the row does not say. */
  readonly eventId: string;
  /** The row as it came, kept whole where the bus never takes it. */
  readonly image: Readonly<Record<string, unknown>>;
}

/** A record ready for the bus. */
export interface Carried extends Found {
  readonly entry: BusEntry;
}

/** A record that the bus could never take. */
export interface Unreadable extends Found {
  readonly why: string;
}

/** Where a record is kept that the bus never takes, until a person has read it. */
interface Keeping {
  /** @throws when it was not kept: the record must then count as not carried */
  keep(record: Pick<Found, "eventId" | "image"> & { readonly why: string }): Promise<void>;
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
 * The way of a batch of the Outbox's stream:
 *
 * 1. **keep** what is no audit record, or too large, in a queue: it counts as done, since a record that blocks its shard
 *    would silence everything after it
 * 2. **put** the others on the bus, as many at once as it takes, in order
 * 3. **keep too** what the bus never will take
 * 4. **report** what it did not take now, each alone, and what that queue did not take either: those come again
 *
 * @returns sequence numbers of what comes again: each record is carried at least once
 */
export async function carryAll(
  found: readonly (Carried | Unreadable)[],
  { bus, queue, watch }: { readonly bus: Bus; readonly queue: Keeping; readonly watch: RelayWatch },
): Promise<readonly string[]> {
  const failures: string[] = [];
  const keep = async ({ sequence, eventId, image }: Found, why: string): Promise<void> => {
    try {
      await queue.keep({ eventId, why, image });
      watch.kept(eventId, why);
    } catch (failure) {
      watch.unkept(eventId, `${why}; queue: ${failure instanceof Error ? failure.name : "failed"}`);
      failures.push(sequence);
    }
  };
  // 1. keep
  for (const one of found) if ("why" in one) await keep(one, one.why);
  for (const batch of batches(found.filter((one) => "entry" in one))) {
    // 2. put
    const outcomes = await putAll(bus, batch);
    // 3. keep too
    for (const { one, why } of outcomes.filter((outcome) => outcome.forGood)) await keep(one, why);
    // 4. report
    const again = outcomes.filter((outcome) => !outcome.forGood);
    failures.push(...again.map(({ one }) => one.sequence));
    if (again[0]) watch.refused(again.length, again[0].why);
  }
  return failures;
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

/** A record that the bus did not take. */
interface NotTaken {
  readonly one: Carried;
  readonly why: string;
  /** No repetition cures it: the fault is the record's own. */
  readonly forGood: boolean;
}

/**
 * Refusals of one entry that lie in the entry. Everything else (throttling, the bus's own failures, missing rights or a
 * missing bus) may be cured from outside, so that the record is sent again.
 */
const entryRefused = new Set([
  "InvalidArgument",
  "MalformedDetail",
  "NotAuthorizedForSourceException",
  "NotAuthorizedForDetailTypeException",
]);

/** Refusals of a whole call that lie in what it carries. */
const callRefused = new Set(["ValidationException", "SerializationException", "RequestEntityTooLargeException"]);

/**
 * Puts one batch on the bus. A call refused for what it carries is repeated entry by entry, so that one bad record does
 * not take its neighbours with it (whoever can place one would silence nine others); a call that fails otherwise fails
 * for each of its entries.
 * @returns the records that were not taken, in order
 */
async function putAll(bus: Bus, batch: readonly Carried[]): Promise<readonly NotTaken[]> {
  try {
    const answers = await bus.put(batch.map(({ entry }) => entry));
    return batch.flatMap((one, i) => {
      const why = answers[i];
      return why === undefined ? [] : [{ one, why, forGood: entryRefused.has(why) }];
    });
  } catch (failure) {
    const why = failure instanceof Error ? failure.name : "failed";
    const forGood = callRefused.has(why);
    if (!forGood || batch.length === 1) return batch.map((one) => ({ one, why, forGood }));
    const alone: NotTaken[] = [];
    for (const one of batch) alone.push(...(await putAll(bus, [one])));
    return alone;
  }
}
