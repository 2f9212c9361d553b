import { gzipSync } from "node:zlib";
import type { StreamRecord } from "../lambdas/relay/stream-record.ts";
import { bareWrites } from "./carry/bare.ts";
import { type CarryTally, countCarrying } from "./carry/tally.ts";
import { openWay, type Way } from "./carry/way.ts";
import { billOf, type Line } from "./cost/lines.ts";
import { bytesOf } from "./cost/tally.ts";
import { median, timed } from "./measure.ts";
import type { Bench, Pace, Row } from "./row.ts";

const section = "the audit's way";
/** Records of one batch of the sealer. */
const perBatch = 1_000;
/** Batches that are measured, each beside as many bare writes. */
const batches = { quick: 3, thorough: 10 };
/** Firehose charges a record by whole pieces of 5 kB. */
const deliveryPieceBytes = 5_120;
const million = 1e6;
/** A record's dollars, times a million. */
const mostDollars = 7;

type Decided = Awaited<ReturnType<Way["decide"]>>;

/** Records a second through relay and sealer, and what each of them weighs and costs. */
export const carried: Bench = {
  name: "audit/carry",
  quick: true,
  async measure({ quick }: Pace): Promise<readonly Row[]> {
    const way = await openWay();
    let inWaves = false;
    const tally = countCarrying(way, () => inWaves);
    try {
      await carry(way, await way.decide(perBatch));
      tally.clear();
      const decided = await way.decide(perBatch);
      tally.clear();
      await carry(way, decided);
      const weights = weightsOf(decided, tally);
      await way.see(decided.records);
      const bill = billOf("a million records on their way", linesOf(decided, tally), mostDollars);
      const fast = await speed(way, tally, quick ? batches.quick : batches.thorough);
      inWaves = true;
      return [...fast, ...(quick ? [] : await tripsOf(way, tally)), ...weights, ...bill];
    } finally {
      await way.close();
    }
  },
};

async function carry(way: Way, { stream }: { readonly stream: readonly StreamRecord[] }): Promise<void> {
  await way.relay(stream);
  await way.seal(stream.length);
}

/** Both together, a batch at a time, in turns with the bare writes. */
async function speed(way: Way, tally: CarryTally, count: number): Promise<readonly Row[]> {
  const took = { way: [] as number[], bare: [] as number[], millis: [] as number[] };
  for (let n = 0; n < count; n++) {
    const decided = await way.decide(perBatch);
    tally.clear();
    const ours = await timed(() => carry(way, decided));
    const puts = [...tally.puts];
    const bare = await timed(() => bareWrites(way, perBatch, puts));
    took.way.push(ours.cpuMillis);
    took.bare.push(bare.cpuMillis);
    took.millis.push(ours.millis);
  }
  const ratio = median(took.way.map((cpu, n) => cpu / (took.bare[n] ?? Number.NaN)));
  return [
    {
      ...{ section, name: "records a second through relay and sealer", goal: 2 },
      ...{ value: (perBatch * 1_000) / median(took.millis), unit: "/s" },
      ratio: { of: "a conditional put and update each, and the log's objects, CPU time", value: ratio },
    },
  ];
}

/** Calls one after the other of a hundred records in the relay, and of a full batch in the sealer: what bounds both on AWS. */
async function tripsOf(way: Way, tally: CarryTally): Promise<readonly Row[]> {
  const { stream } = await way.decide(perBatch);
  tally.clear();
  await way.relay(stream.slice(0, 100));
  const relay = tally.roundTrips();
  await way.relay(stream.slice(100));
  tally.clear();
  await way.seal(perBatch);
  return [
    { section, name: "round trips of 100 records in the relay", value: relay, unit: "", goal: 20 },
    { section, name: "round trips of 1,000 records in the sealer", value: tally.roundTrips(), unit: "", goal: 110 },
  ];
}

/** Bytes of a record at each place where it lies, the mean of a batch. */
function weightsOf({ records, rows }: Decided, { puts }: CarryTally): readonly Row[] {
  const lines = records.map(({ body }) => body).join("\n");
  const row = (name: string, bytes: number): Row => ({ section, name, value: bytes / records.length, unit: "bytes" });
  // the head's tiles are written anew with each batch; entries and hashes are what grows
  const logged = puts
    .filter(({ key }) => !key.includes("checkpoint"))
    .reduce((sum, { bytes }) => sum + bytes.length, 0);
  return [
    row("a record's line", Buffer.byteLength(lines)),
    row("the same in an object of a thousand, gzipped", gzipSync(lines).length),
    row(
      "its row in the Outbox",
      rows.reduce((sum, item) => sum + bytesOf(item), 0),
    ),
    row("its part of the log's entries and tiles", logged),
  ];
}

/** What a million records cost behind the transaction that wrote them, where the sealer's batches are full. */
function linesOf({ records }: Decided, { calls, puts, readUnits, writeUnits }: CarryTally): readonly Line[] {
  const each = (count: number) => (count / records.length) * million;
  const pieces = records.reduce((sum, { body }) => sum + Math.ceil(Buffer.byteLength(body) / deliveryPieceBytes), 0);
  return [
    { what: "events", count: each(records.length), price: "event" },
    { what: "delivery", count: (each(pieces) * deliveryPieceBytes) / 1e9, price: "deliveredGigabyte" },
    { what: "table Leaves, written", count: each(writeUnits), price: "writeUnit" },
    { what: "Outbox and Leaves, read", count: each(readUnits), price: "readUnit" },
    { what: "the log's objects, put", count: each(puts.length), price: "objectPut" },
    { what: "the log's objects, read", count: each(calls.get("GetObject") ?? 0), price: "objectGet" },
    { what: "a checkpoint's signature", count: each(1), price: "signEcc" },
    { what: "invocations of the relay", count: each(records.length / 100), price: "invocation" },
  ];
}
