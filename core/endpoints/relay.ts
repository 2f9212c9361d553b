/** What EventBridge accepts in one call. */
export const busLimits = { entries: 10, bytes: 1_000_000 } as const;

/** An audit record as an entry for the bus. */
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
  /** @returns for each entry, in order, why it was not accepted, or undefined */
  put(entries: readonly BusEntry[]): Promise<readonly (string | undefined)[]>;
}

/** Bytes that an entry counts as (EventBridge: time 14, the rest as UTF-8). */
export const entryBytes = (entry: BusEntry): number =>
  14 + Buffer.byteLength(entry.source) + Buffer.byteLength(entry.detailType) + Buffer.byteLength(entry.detail);

/** One row of the Outbox's stream. */
interface Found {
  /** Its position in the stream; empty where the row names none, which Lambda takes to mean the whole batch. */
  readonly sequence: string;
  /** `unknown` where the row names none. */
  readonly eventId: string;
  /** The row as it came, which is kept whole where the bus can never accept it. */
  readonly image: Readonly<Record<string, unknown>>;
}

/** A record ready for the bus. */
export interface Carried extends Found {
  readonly entry: BusEntry;
  /** base64url SHA-256 of the record, as the grant's own transaction stored it. */
  readonly hash: string;
  /** When the record's row expires, in epoch seconds. */
  readonly expiresAt: number;
}

/** Where records are noted that went to the bus, so that each gets its place in the log. */
export interface Notebook {
  /**
   * Notes a record, unless it is noted, and then whether an operator had it sent again: a mark that comes to a record
   * which is noted would excuse a time that nobody doubted before. @throws when it was not noted; it must then be sent
   * again
   */
  note(record: Pick<Carried, "eventId" | "hash" | "expiresAt"> & { readonly isRedriven?: boolean }): Promise<void>;
}

/** A record that the bus can never accept. */
export interface Unreadable extends Found {
  readonly why: string;
}

/** Keeps records that the bus can never accept, until a person has read them. */
interface Keeping {
  /** @throws when it was not kept; the record must then be sent again */
  keep(record: Pick<Found, "eventId" | "image"> & { readonly why: string }): Promise<void>;
}

/** Called for records that were not delivered. */
export interface RelayWatch {
  /** The record is in the queue of refused ones. */
  kept(eventId: string, why: string): void;
  /** Neither bus nor queue accepted the record; it will be sent again. */
  unkept(eventId: string, why: string): void;
  /** The bus did not accept these now; they will be sent again. */
  refused(count: number, why: string): void;
  /** The bus has these, and they could not be noted; they will be sent again. */
  unnoted(count: number, why: string): void;
}

/** What the relay needs. */
export interface RelayDeps {
  readonly bus: Bus;
  readonly queue: Keeping;
  readonly notebook: Notebook;
  readonly watch: RelayWatch;
}

/**
 * Handles a batch of the Outbox's stream:
 *
 * 1. **keep** rows that are no audit record, or too large, in a queue. They then count as done, since a record that
 *    blocks its shard would hold back everything after it
 * 2. **put** the others on the bus, as many in one call as it accepts, in order
 * 3. **keep too** records that the bus can never accept
 * 4. **note** what the bus has in table Leaves: what is not on that list gets no place in the log. The bus comes first,
 *    since a record that is noted and was not sent would be looked for
 * 5. **report** one by one, the records that the bus did not accept now, those that the queue did not accept, and those
 *    that were not noted: they are sent again. A record that comes twice is one by its id
 *
 * @returns sequence numbers of records to send again, so that each is delivered at least once
 */
export async function carryAll(
  found: readonly (Carried | Unreadable)[],
  { bus, queue, notebook, watch }: RelayDeps,
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
    // 4. note
    const notTaken = new Set(outcomes.map(({ one }) => one));
    const unnoted = await noteAll(
      batch.filter((one) => !notTaken.has(one)),
      notebook,
    );
    // 5. report
    const again = outcomes.filter((outcome) => !outcome.forGood);
    failures.push(...[...again, ...unnoted].map(({ one }) => one.sequence));
    if (again[0]) watch.refused(again.length, again[0].why);
    if (unnoted[0]) watch.unnoted(unnoted.length, unnoted[0].why);
  }
  return failures;
}

/** @returns those that could not be noted */
async function noteAll(taken: readonly Carried[], notebook: Notebook) {
  const outcomes = await Promise.all(
    taken.map(async (one) => {
      try {
        await notebook.note(one);
        return [];
      } catch (failure) {
        return [{ one, why: failure instanceof Error ? failure.name : "failed" }];
      }
    }),
  );
  return outcomes.flat();
}

/** Groups records, in order, by the bus's bounds for one call. */
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

/** A record that the bus did not accept. */
interface NotTaken {
  readonly one: Carried;
  readonly why: string;
  /** Repeating cannot help, since the fault is in the record. */
  readonly forGood: boolean;
}

/**
 * Refusals of one entry whose cause is the entry itself. Every other cause (throttling, failures of the bus, missing
 * rights or a missing bus) can be removed, so the record is sent again.
 */
const entryRefused = new Set([
  "InvalidArgument",
  "MalformedDetail",
  "NotAuthorizedForSourceException",
  "NotAuthorizedForDetailTypeException",
]);

/** Refusals of a whole call whose cause is one of its entries. */
const callRefused = new Set(["ValidationException", "SerializationException", "RequestEntityTooLargeException"]);

/**
 * Puts one batch on the bus. A call that was refused because of an entry is repeated entry by entry, so that one bad
 * record does not stop the others (somebody who can place one could otherwise suppress nine). A call that fails for
 * another reason fails for each of its entries.
 * @returns the records that were not accepted, in order
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
