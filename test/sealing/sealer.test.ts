import { describe, expect, test } from "vitest";
import { createLog, Died, type Gate, hashOf } from "./ground.ts";

const minuteMillis = 60_000;

/** A writer that dies at its n-th call, before or after the call has its effect. */
function dyingAt(nth: number, when: "before" | "after") {
  let calls = 0;
  const gate: Gate = async () => {
    if (calls++ !== nth) return undefined;
    if (when === "before") throw new Died();
    return {
      after: async () => {
        throw new Died();
      },
    };
  };
  return { gate, calls: () => calls };
}

describe("the sealer", () => {
  test("writes what waits to the log, and signs a checkpoint that others verify", async () => {
    const log = createLog();
    log.add(300);
    expect(await log.run()).toBe(300);
    await log.mustBeComplete();
    expect([...log.objects.keys()].sort()).toEqual([
      "checkpoint",
      "checkpoints/300",
      "tile/0/000",
      "tile/0/001.p/44",
      "tile/1/000.p/1",
      "tile/entries/000",
      "tile/entries/001.p/44",
    ]);
    expect(log.announced).toEqual([log.objects.get("checkpoint")?.bytes.toString()]);
    expect(await log.run()).toBe(0);
    expect(log.signed).toHaveLength(1);
  });

  test("writes more than one batch in a run, and signs once", async () => {
    const log = createLog();
    log.add(2_345);
    expect(await log.run()).toBe(2_345);
    await log.mustBeComplete();
    expect(log.signed).toHaveLength(1);
  });

  test("says once an hour that it lives, when nothing else was written", async () => {
    const log = createLog();
    expect(await log.run()).toBe(1);
    log.time.nowMillis += 59 * minuteMillis;
    log.time.reconciledAtMillis = log.time.nowMillis;
    expect(await log.run()).toBe(0);
    log.time.nowMillis += minuteMillis;
    expect(await log.run()).toBe(1);
    log.add(1);
    log.time.nowMillis += 61 * minuteMillis;
    log.time.reconciledAtMillis = log.time.nowMillis;
    expect(await log.run()).toBe(1);
    const entries = await log.entries();
    expect(entries.slice(0, 2)).toEqual([
      { eventId: "heartbeat#2026-11-30T18Z", hash: hashOf("heartbeat#2026-11-30T18Z") },
      { eventId: "heartbeat#2026-11-30T19Z", hash: hashOf("heartbeat#2026-11-30T19Z") },
    ]);
    expect(entries[2]?.eventId).toBe("event000000");
    await log.mustBeComplete();
  });

  test("threat 23: takes a record's hash from the Outbox, and leaves out what the index shows and nobody recorded", async () => {
    const log = createLog();
    log.add(3);
    log.leaves.set("forged", { waits: true });
    log.leaves.set("heartbeat#2026-11-30T18Z", { waits: true });
    log.outbox.set("heartbeat#2026-11-30T18Z", hashOf("x"));
    log.leaves.set("spoilt", { waits: true });
    log.outbox.set("spoilt", "no hash");
    expect(await log.run()).toBe(3);
    expect(await log.entries()).toHaveLength(3);
    await log.mustBeSound();
  });

  test("gives no record a second place when the index lags", async () => {
    const log = createLog();
    for (const id of log.add(5)) log.ghosts.add(id);
    await log.run();
    log.add(2);
    expect(await log.run()).toBe(2);
    await log.mustBeComplete();
  });

  test("fails when the reconciler is silent, after it has done its work", async () => {
    const log = createLog();
    log.add(2);
    log.time.nowMillis += 31 * minuteMillis;
    await expect(log.run()).rejects.toThrow("silent");
    await log.mustBeComplete();
  });
});

describe("threat 23: a sealer that dies", () => {
  test.each(["before", "after"] as const)(
    "at any of its calls, %s the call had its effect, leaves a log that the next one completes",
    async (when) => {
      let positions = 0;
      for (let nth = 0; ; nth += 1) {
        const log = createLog();
        log.add(260);
        await log.run();
        log.add(7);
        const dying = dyingAt(nth, when);
        const outcome = await log.run(dying.gate).catch((failure: unknown) => failure);
        if (!(outcome instanceof Died)) break;
        positions += 1;
        await log.mustBeSound();
        log.add(1);
        await log.run();
        await log.mustBeComplete();
        expect(await log.entries()).toHaveLength(268);
      }
      // head, index, Outbox, claim, edge, tiles, places, advance, checkpoint, proof, signature, bus
      expect(positions).toBeGreaterThan(25);
    },
  );

  test("at one call, and again in the run that repairs it, loses nothing", async () => {
    for (let nth = 0; nth < 60; nth += 3) {
      const log = createLog();
      log.add(258);
      for (const [at, when] of [
        [nth, "after"],
        [nth + 1, "before"],
        [Math.floor(nth / 2), "after"],
      ] as const)
        await log.run(dyingAt(at, when).gate).catch((failure: unknown) => expect(failure).toBeInstanceOf(Died));
      await log.mustBeSound();
      await log.run();
      await log.mustBeComplete();
    }
  });
});

describe("threat 23: nothing is signed", () => {
  const sealed = async () => {
    const log = createLog();
    log.add(300);
    await log.run();
    const then = log.head();
    log.add(20);
    await log.run();
    log.add(5);
    return { log, then, signed: log.signed.length };
  };
  const refused = async ({ log, signed }: Awaited<ReturnType<typeof sealed>>, why: RegExp) => {
    await expect(log.run()).rejects.toThrow(why);
    await expect(log.run()).rejects.toThrow(why);
    expect(log.signed).toHaveLength(signed);
  };

  test("on a head that was set back", async () => {
    const world = await sealed();
    world.log.setHead(world.then);
    await refused(world, /behind its checkpoint/);
  });

  test("when the head is gone and its checkpoint is not", async () => {
    const world = await sealed();
    world.log.setHead(undefined);
    await refused(world, /behind its checkpoint/);
  });

  test("on a head whose root was changed", async () => {
    const world = await sealed();
    const head = world.log.head();
    if (!head) throw new Error("no head");
    world.log.setHead({ ...head, root: Buffer.alloc(32, 7) });
    await refused(world, /malformed/);
    expect(world.log.told[0]).toEqual({ kind: "tile.changed", subjects: ["tile/0/001.p/64"] });
  });

  test.each(["tile/0/001.p/64", "tile/entries/001.p/64", "tile/1/000.p/1"])("when %s was changed", async (path) => {
    const world = await sealed();
    const found = world.log.objects.get(path);
    if (!found) throw new Error(`no ${path}`);
    const bytes = Buffer.from(found.bytes);
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    world.log.objects.set(path, { ...found, bytes });
    await refused(world, /malformed/);
    expect(world.log.told.length).toBeGreaterThan(0);
  });

  test("when something else stands where a tile goes", async () => {
    const world = await sealed();
    world.log.objects.set("tile/0/001.p/69", { bytes: Buffer.from("mine"), tag: "x" });
    await refused(world, /tile\/0\/001\.p\/69 is not what/);
    expect(world.log.told[0]).toEqual({ kind: "tile.changed", subjects: ["tile/0/001.p/69"] });
  });

  test("when the checkpoint is none of this log's", async () => {
    const world = await sealed();
    world.log.objects.set("checkpoint", { bytes: Buffer.from("x\n1\n\n— y z\n"), tag: "x" });
    await refused(world, /cannot be believed/);
  });

  test("for a log that was written anew from the middle, even when head and tiles fit each other", async () => {
    const [one, other] = [createLog(), createLog()];
    one.add(280);
    await one.run();
    other.add(100);
    other.outbox.set("another", hashOf("another"));
    other.leaves.set("another", { waits: true });
    other.add(250);
    await other.run();
    const isTile = (path: string) => path.startsWith("tile");
    for (const path of [...one.objects.keys()].filter(isTile)) one.objects.delete(path);
    for (const [path, object] of other.objects) if (isTile(path)) one.objects.set(path, object);
    one.setHead({ ...(other.head() ?? expect.fail("no head")), published: 0 });
    await expect(one.run()).rejects.toThrow("does not continue");
    expect(one.signed).toHaveLength(1);
  });
});

test("threat 23: says in the log, right before a record, that an operator had it sent again, and lets no record say so", async () => {
  const log = createLog();
  const [one = "", sentAgain = "", three = ""] = log.add(3);
  const leaf = log.leaves.get(sentAgain);
  if (leaf) leaf.isRedriven = true;
  // a row that somebody wrote by hand, under the name of a mark
  log.outbox.set(`redriven#${three}`, log.outbox.get(three) ?? "");
  log.leaves.set(`redriven#${three}`, { waits: true });
  await log.run();
  expect((await log.entries()).map(({ eventId }) => eventId)).toEqual([one, `redriven#${sentAgain}`, sentAgain, three]);
  expect(log.leaves.get(sentAgain)?.index).toBe(2);
  expect(log.told).toEqual([]);
});
