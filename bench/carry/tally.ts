import { tableIndexes } from "../../lambdas/env.ts";
import { bytesOf, Tally, Waves } from "../cost/tally.ts";
import type { Put } from "./bare.ts";
import type { Way } from "./way.ts";

/** Entries of a row of Leaves that waits, one in each of its indexes. */
const entries = Object.keys(tableIndexes.leaves).length;
const halfUnitBytes = 8_192;
/** DynamoDB adds so much to each entry of an index. */
const entryBytes = 100;

/** What relay, sealer and reader ask AWS for, by the names of the calls, and as it is charged. */
export interface CarryTally {
  readonly calls: ReadonlyMap<string, number>;
  readonly puts: readonly Put[];
  readonly writeUnits: number;
  readonly readUnits: number;
  /** Calls one after the other; those side by side are one. */
  roundTrips(): number;
  clear(): void;
}

/** Any client of the SDK, as far as its commands are told of. */
interface Stack {
  add(
    middleware: (
      next: (args: never) => Promise<{ output: unknown }>,
      context: { readonly commandName?: string },
    ) => (args: never) => Promise<unknown>,
    options: { readonly step: "initialize" },
  ): void;
}

/**
 * Counts every call of the way.
 * @param inWaves lets calls through in waves, by which round trips are counted; slow
 */
export function countCarrying({ engine, bucket, bus }: Way, inWaves: () => boolean): CarryTally {
  const trips = new Tally();
  const waves = new Waves(trips);
  const calls = new Map<string, number>();
  const puts: Put[] = [];
  let [writeUnits, readUnits] = [0, 0];
  const charge = (name: string, input: Record<string, unknown>, output: Record<string, unknown>): void => {
    if (name === "PutObject") puts.push({ key: String(input.Key), bytes: input.Body as Uint8Array });
    // a new row brings its entries; an update of one takes one away; the head has none
    if (name === "Put") writeUnits += 1 + ("unsealed" in (input.Item as object) ? entries : 0);
    if (name === "Update") writeUnits += 2;
    if (name === "Get") readUnits += 1;
    if (name === "BatchGet") for (const found of Object.values(output.Responses as object)) readUnits += found.length;
    if (name === "Query") {
      const bytes = (output.Items as object[]).reduce((sum, item) => sum + bytesOf(item) + entryBytes, 0);
      readUnits += Math.max(1, Math.ceil(bytes / halfUnitBytes)) / 2;
    }
  };
  for (const { middlewareStack } of [engine.dynamo, bucket.client, bus.client])
    (middlewareStack as unknown as Stack).add(
      (next, { commandName }) =>
        async (args: { readonly input: Record<string, unknown> }) => {
          const name = String(commandName).replace(/(Item)?Command$/, "");
          calls.set(name, (calls.get(name) ?? 0) + 1);
          const answer = await (inWaves() ? waves.through(() => next(args as never)) : next(args as never));
          charge(name, args.input, answer.output as Record<string, unknown>);
          return answer;
        },
      { step: "initialize" },
    );
  return {
    ...{ calls, puts },
    get writeUnits() {
      return writeUnits;
    },
    get readUnits() {
      return readUnits;
    },
    roundTrips: () => trips.roundTrips,
    clear() {
      calls.clear();
      puts.length = 0;
      trips.clear();
      [writeUnits, readUnits] = [0, 0];
    },
  };
}
