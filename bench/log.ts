import { createHash } from "node:crypto";
import { entryOf } from "../core/tlog/entry.ts";
import { leafHash, nodeHash } from "../core/tlog/hash.ts";
import { proveConsistency, proveInclusion, verifyConsistency, verifyInclusion } from "../core/tlog/proof.ts";
import { verifyTrail } from "../core/tlog/trail/verify-trail.ts";
import { hashesAt, readEntries, remembering, type Tree } from "../core/tlog/tree.ts";
import { type MemoryLog, memoryLog } from "../test/kit/memory/log.ts";
import { type MemoryTrail, memoryTrail } from "../test/kit/memory/trail.ts";
import { compare, median, timed } from "./measure.ts";
import type { Bench, Pace, Row } from "./row.ts";

const section = "the audit's log";
const million = 1_000_000;
/** Records a minute, as one batch of the sealer holds them. */
const perBatch = 1_000;
const rounds = 3;
/** Indexes whose proofs are counted. */
const proofs = 500;

const madeHash = createHash("sha256").update("a body").digest("base64url");

const trailOf = (records: number): Promise<MemoryTrail> =>
  memoryTrail(Array.from({ length: records / perBatch }, () => perBatch));

/** The least that any verifier does: parse each line, hash it, hash its entry, and a node for each. */
async function bare({ objects }: MemoryTrail): Promise<void> {
  let root: Buffer = Buffer.alloc(32);
  for (const { lines } of objects)
    for (const line of lines) {
      const { metadata } = JSON.parse(line) as { metadata: { uid: string } };
      const hash = createHash("sha256").update(line).digest("base64url");
      root = nodeHash(root, leafHash(Buffer.from(`${metadata.uid}\n${hash}`)));
    }
}

async function verified({ ports, question, log }: MemoryTrail): Promise<void> {
  const { findings, checked } = await verifyTrail(ports, question);
  if (findings.length > 0 || checked.entries !== log.size || checked.records !== log.size)
    throw new Error(`an honest trail has ${findings.length} findings, ${checked.records} records read`);
}

/** What verification takes beside the least, and whether a record costs the same in a trail that is ten times as long. */
const verifying: Bench = {
  name: "log/verify",
  quick: true,
  async measure({ quick }: Pace): Promise<readonly Row[]> {
    const most = quick ? million / 20 : million;
    const [long, short] = [await trailOf(most), await trailOf(most / 10)];
    const took = { long: [] as number[], short: [] as number[], bare: [] as number[], wall: [] as number[] };
    await verified(short);
    await bare(short);
    for (let round = 0; round < rounds; round++) {
      const each = await timed(() => verified(long));
      took.long.push(each.cpuMillis);
      took.wall.push(each.millis);
      took.bare.push((await timed(() => bare(long))).cpuMillis);
      // as many records in all, so that both run for as long
      took.short.push((await timed(async () => void (await times(10, () => verified(short))))).cpuMillis);
    }
    const ratio = (other: "bare" | "short") =>
      median(took.long.map((cpu, round) => cpu / (took[other][round] ?? Number.NaN)));
    const count = most.toLocaleString("en");
    return [
      {
        ...{ section, name: `${count} records verified against their log`, goal: 3 },
        ...{ value: median(took.wall) / 1_000, unit: "s" },
        ratio: { of: "parsing each line, its hash, its entry's and a node's, CPU time", value: ratio("bare") },
      },
      {
        ...{ section, name: `a record's part of it in ${count}`, goal: 1.25 },
        ...{ value: (median(took.long) * 1_000) / most, unit: "µs" },
        ratio: { of: `its part in ${(most / 10).toLocaleString("en")}`, value: ratio("short") },
      },
    ];
  },
};

async function times(count: number, work: () => Promise<void>): Promise<void> {
  for (let n = 0; n < count; n++) await work();
}

/** The log, with entries of made records up to a size. */
async function grown(log: MemoryLog, size: number): Promise<MemoryLog> {
  while (log.size < size) {
    const count = Math.min(20_000, size - log.size);
    await log.add(
      ...Array.from({ length: count }, (_, n) => entryOf({ eventId: `event-${log.size + n}`, hash: madeHash })),
    );
  }
  return log;
}

/** A tree that counts the objects that are read of it. */
function counting({ size, read }: Tree): { readonly tree: Tree; taken(): number } {
  let reads = 0;
  return {
    tree: {
      size,
      read: (name) => {
        reads += 1;
        return read(name);
      },
    },
    taken: () => {
      const taken = reads;
      reads = 0;
      return taken;
    },
  };
}

/** Objects that a tree of a size has above each other: what a proof may read is twice that, the path and the edge. */
const heightOf = (size: number): number => {
  let height = 1;
  while (hashesAt(size - 1, height) > 0) height += 1;
  return height;
};

/** Most objects that a proof about a tree reads, as the command reads them: the entry's bundle, and tiles, each once. */
async function readsOf(log: Tree & { readonly root: Buffer }): Promise<number> {
  const { tree, taken } = counting(log);
  let most = 0;
  for (let n = 0; n < proofs; n++) {
    const index = n < 2 ? n * (log.size - 1) : Math.floor((n * log.size) / proofs);
    const once = remembering(tree);
    const entry = (await readEntries(once, Math.floor(index / 256)))[index % 256] as Buffer;
    const proof = await proveInclusion(once, index);
    if (!verifyInclusion({ leaf: leafHash(entry), index }, proof, log)) throw new Error(`no proof of ${index}`);
    most = Math.max(most, taken());
  }
  return most;
}

/** What a proof reads and takes, in a log of a million records and in one of a thousand. */
const proving: Bench = {
  name: "log/prove",
  quick: true,
  async measure(pace: Pace): Promise<readonly Row[]> {
    const short = await grown(memoryLog(), perBatch);
    const long = await grown(memoryLog(), million / 2 - 1);
    const older = { size: long.size, root: long.root };
    await grown(long, million);
    const rows: Row[] = [];
    for (const log of [short, long])
      rows.push({
        ...{
          section,
          name: `objects read for a proof of ${proofs} in ${log.size.toLocaleString("en")} records, the most`,
        },
        ...{ value: await readsOf(log), unit: "reads", goal: 2 * heightOf(log.size) + 1 },
      });
    const { tree, taken } = counting(long);
    const proof = await proveConsistency(tree, older.size);
    if (!verifyConsistency(older, long, proof)) throw new Error("no proof that the log continues itself");
    rows.push({
      ...{ section, name: "objects read to prove that a million continue half of it" },
      ...{ value: taken(), unit: "reads", goal: 2 * heightOf(million) },
    });
    const one = (log: typeof long) => {
      let n = 0;
      return async () => void (await proveInclusion(log, (n++ * 7919) % log.size));
    };
    const took = await compare({ long: { run: one(long) }, short: { run: one(short) } }, pace);
    rows.push({
      ...{ section, name: "a proof made in a million records", goal: 2 },
      ...{ value: took.long.cpuMicros, unit: "µs" },
      ratio: { of: "one in a thousand, CPU time", value: took.long.times("short") },
    });
    return rows;
  },
};

/** Verification and proofs of the audit's log. */
export const logBenches: readonly Bench[] = [verifying, proving];
