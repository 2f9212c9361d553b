import { shards } from "../../lambdas/aws/dynamodb/leaves/leaf-rows.ts";
import type { Line } from "./lines.ts";

const minutesAMonth = 30 * 24 * 60;
/** Runs of who writes the log, and of who watches it, a month; and entries that say that nothing else was written. */
const logRuns = { sealer: minutesAMonth, reconciler: minutesAMonth / 5, heartbeats: minutesAMonth / 60 };
/**
 * What a run asks, in calls of its ports: `test/stack/cost.test.ts` counts them at the functions themselves. An index is
 * asked in each of its partitions.
 */
export const logCalls = {
  sealer: { headReads: 1, indexes: 1, memoryReads: 1 },
  reconciler: { headReads: 1, indexes: 2, memoryReads: 1, memoryWrites: 1, scans: 1 },
  heartbeat: { signatures: 1, puts: 4, gets: 6, headReads: 3, headWrites: 3, announced: 1 },
};
/** Half a unit is an eventually consistent read of up to 4 kB, whatever it finds; the head is read strongly consistent. */
const weak = 0.5;

/** Lines of a month of a log in which nothing but its heartbeat is written. */
export function idleLogLines(): readonly Line[] {
  const { sealer, reconciler, heartbeat } = logCalls;
  const unitsOf = (run: { headReads: number; indexes: number; memoryReads: number; scans?: number }) =>
    run.headReads + weak * (run.indexes * shards.length + run.memoryReads + (run.scans ?? 0));
  const read =
    logRuns.sealer * unitsOf(sealer) +
    logRuns.reconciler * unitsOf(reconciler) +
    logRuns.heartbeats * heartbeat.headReads;
  const written = logRuns.reconciler * reconciler.memoryWrites + logRuns.heartbeats * heartbeat.headWrites;
  return [
    {
      what: "signatures of a log in which nothing is written",
      count: logRuns.heartbeats * heartbeat.signatures,
      price: "signEcc",
    },
    { what: "its objects, put", count: logRuns.heartbeats * heartbeat.puts, price: "objectPut" },
    { what: "its objects, read", count: logRuns.heartbeats * heartbeat.gets, price: "objectGet" },
    { what: "its checkpoints on the bus", count: logRuns.heartbeats * heartbeat.announced, price: "event" },
    { what: "looks at its head and indexes, and for gaps in the trail", count: read, price: "readUnit" },
    { what: "writes of its head, and of where the look for gaps is", count: written, price: "writeUnit" },
  ];
}
