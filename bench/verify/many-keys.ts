import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { type TestKey, testKey } from "../../test/kit/wire/key.ts";
import { median } from "../measure.ts";
import type { Bench, Row } from "../row.ts";
import { createBenchIssuer } from "./issuer.ts";

const distinctKeys = 10_000;
const sampled = 400;
/** What a verifier may hold of tokens and keys, in megabytes: its cache's bound, and as much again for what is beside it. */
const heldMegabytes = 16;

/** Whether a verifier that 10,000 callers came to is as quick, and as small, as before. */
export const manyKeys: Bench = {
  name: "verify/keys",
  async measure(): Promise<readonly Row[]> {
    const world = await createBenchIssuer("ES256");
    // used proofs are remembered for their two minutes, in a store with a bound of its own: none of what is asked here
    const verify = world.verifier({ use: () => "first" });
    const fresh = world.verifier();
    const each = async (count: number) => {
      for (let n = 0; n < count; n++) {
        const key = await testKey();
        await verify(world.present(world.token(key), key));
      }
    };
    await each(sampled);
    const before = heapMegabytes();
    await each(distinctKeys);
    const after = heapMegabytes();
    await each(distinctKeys);
    const later = heapMegabytes();
    const ratio = await sideBySide(async (by) => {
      const requests = await Promise.all(
        Array.from({ length: 20 }, async () => {
          const key: TestKey = await testKey();
          return world.present(world.token(key), key);
        }),
      );
      const cpu = process.cpuUsage();
      for (const request of requests) await (by === "old" ? verify : fresh)(request);
      const { user, system } = process.cpuUsage(cpu);
      return (user + system) / requests.length;
    });
    const row = (name: string, value: number, goal: number): Row => ({
      section: "verify",
      name,
      value,
      unit: "MB",
      goal,
    });
    return [
      {
        section: "verify",
        name: "a new caller's request once 20,000 other keys were seen",
        value: ratio.oldMicros / 1000,
        unit: "ms",
        ratio: { of: "the same at a verifier that saw few", value: ratio.times },
        goal: 1.1,
      },
      row("held of 10,000 distinct keys and tokens", after - before, heldMegabytes),
      row("more held of 10,000 further ones", later - after, 1),
    ];
  },
};

/** Turns of two that alternate. */
async function sideBySide(turn: (by: "old" | "new") => Promise<number>) {
  const times: number[] = [];
  const old: number[] = [];
  for (let round = 0; round < 60; round++) {
    const order = round % 2 ? (["old", "new"] as const) : (["new", "old"] as const);
    const micros = { old: 0, new: 0 };
    for (const by of order) micros[by] = await turn(by);
    times.push(micros.old / micros.new);
    old.push(micros.old);
  }
  return { times: median(times), oldMicros: median(old) };
}

/** What lives on the heap and beside it once garbage is gone. */
function heapMegabytes(): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1e6;
}
