import type { Bus } from "../aws/eventbridge/bus.ts";
import type { Carried } from "./stream-record.ts";

/** A record that the bus did not take. */
export interface NotTaken {
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
export async function putAll(bus: Bus, batch: readonly Carried[]): Promise<readonly NotTaken[]> {
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
