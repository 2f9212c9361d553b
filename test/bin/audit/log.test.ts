import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { run } from "../../../bin/lanyard/program.ts";
import { entryOf } from "../../../core/tlog/entry.ts";
import { verifierKey } from "../../../core/tlog/note-key.ts";
import { verifyProofFile } from "../../../core/tlog/proof-file.ts";
import { signerOf } from "../../kit/memory/log.ts";
import { writeTrail } from "../../kit/memory/log-folder.ts";
import { begunAtMillis, entryOfBody, type MemoryTrail, memoryTrail } from "../../kit/memory/trail.ts";
import { signedHead } from "../../tlog/trail/ground.ts";

let folder: string;
let trail: MemoryTrail;
const size = 303;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lanyard-cli-"));
  trail = await memoryTrail([2, 300, 0]);
  // what a copy's last minutes lack may have been on the way: the entry of the next hour puts an end to that
  trail.arrivals.set(size, begunAtMillis + 3_600_000);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Writes the trail as it is, and runs a command on it by its log's key. */
async function lanyard(verb: "verify" | "prove", ...args: readonly string[]) {
  await rm(join(folder, "copy"), { recursive: true, force: true });
  await writeTrail(join(folder, "copy"), trail);
  return command(verb, ...args, "--key", verifierKey(trail.log.signer));
}

/** Runs a command on what was written. */
async function command(...args: readonly string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = { out: (line: string) => void out.push(line), err: (line: string) => void err.push(line) };
  const deps = { terminal, env: { XDG_CONFIG_HOME: folder }, folder };
  const code = await run(["audit", ...args, "--log", "copy"], deps);
  return { code, out, err, json: () => JSON.parse(out.join("")) };
}

describe("audit verify", () => {
  test("says what it read, and that nothing from outside was compared the first time", async () => {
    const { code, out } = await lanyard("verify");
    expect(out).toEqual([
      `${trail.log.origin}: checkpoint of 303 entries`,
      "read 303 entries, 302 records, 3 kept checkpoints; held against 0 checkpoints seen before or kept elsewhere",
      "nothing from outside was compared: against the account's owner this proves nothing (--against, --witness)",
      "nothing is missing, changed or added",
    ]);
    expect(code).toBe(0);
    expect((await lanyard("verify")).out[1]).toContain("held against 1 checkpoint seen before");
  });

  test("ends with 1 and names each finding, for people and as one JSON object", async () => {
    trail.objects[1]?.lines.splice(7, 1);
    const told = await lanyard("verify");
    expect(told).toMatchObject({ code: 1, err: [] });
    expect(told.out).toContain("FOUND  record.dropped  event-1-7  at 9  no object holds this record");
    expect(told.out.at(-1)).toBe("1 finding");
    const asJson = await lanyard("verify", "--json");
    expect(asJson.code).toBe(1);
    expect(asJson.json()).toMatchObject({
      ...{ ok: false, origin: trail.log.origin, size, counts: { "record.dropped": 1 } },
      findings: [{ code: "record.dropped", eventId: "event-1-7", index: 9 }],
    });
  });

  test("reads the time that it is asked for", async () => {
    trail.objects[1]?.lines.splice(7, 1);
    const hours = (n: number) => new Date(begunAtMillis + n * 3_600_000).toISOString();
    expect((await lanyard("verify", "--from", hours(3), "--to", hours(4))).code).toBe(0);
    expect((await lanyard("verify", "--from", hours(-3), "--to", hours(4))).code).toBe(1);
  });

  test("refuses a log that went back, or shows another history than was last seen here", async () => {
    expect((await lanyard("verify")).code).toBe(0);
    const longer = trail;
    trail = await memoryTrail([2, 300]);
    expect((await lanyard("verify", "--json")).json().counts).toEqual({ "log.rolledback": 1 });
    trail = await memoryTrail([300, 2, 0]);
    expect((await lanyard("verify", "--json")).json().counts).toEqual({ "log.forked": 1 });
    trail = longer;
    // what was refused was not remembered
    expect((await lanyard("verify")).code).toBe(0);
  });

  test("holds the log against checkpoints that were kept elsewhere", async () => {
    await writeFile(join(folder, "kept"), trail.log.files.get("checkpoints/302") ?? "");
    await writeFile(join(folder, "forked"), await signedHead(trail, 302, Buffer.alloc(32, 7)));
    expect((await lanyard("verify", "--against", "kept", "--json")).json()).toMatchObject({
      ok: true,
      checked: { known: 1 },
    });
    expect((await lanyard("verify", "--against", "kept", "--against", "forked", "--json")).json()).toMatchObject({
      counts: { "log.forked": 1 },
      findings: [{ where: "forked" }],
    });
    expect((await lanyard("verify", "--against", "nowhere")).code).toBe(2);
  });

  test("by another key, or by none, believes nothing", async () => {
    const key = verifierKey(signerOf(trail.log.origin, "another"));
    await lanyard("verify");
    const other = await command("verify", "--key", key, "--json");
    expect(other).toMatchObject({ code: 1 });
    expect(other.json().counts).toHaveProperty(["checkpoint.invalid"]);
    expect((await command("verify", "--key", "no key")).code).toBe(2);
    expect((await command("verify", "--key", key, "--quorum", "1")).code).toBe(2);
  });

  test("takes a key from a file", async () => {
    await lanyard("verify");
    await writeFile(join(folder, "log.key"), `${verifierKey(trail.log.signer)}\n`);
    expect((await command("verify", "--key", "log.key")).code).toBe(0);
  });
});

describe("audit prove", () => {
  const entry = () => entryOfBody(trail.objects[1]?.lines[40] as string);

  test("writes a proof that the log's key alone checks", async () => {
    const { code, out } = await lanyard("prove", "event-1-40");
    expect({ code, out }).toEqual({ code: 0, out: [`event-1-40.tlog-proof: entry 42 of 303 of ${trail.log.origin}`] });
    const text = await readFile(join(folder, "event-1-40.tlog-proof"), "utf8");
    const log = { origin: trail.log.origin, keys: [trail.log.signer] };
    expect(verifyProofFile(text, entry(), log)).toMatchObject({ ok: true, value: { size } });
  });

  test("searches nothing where the index is known, and refuses another record's", async () => {
    expect(await lanyard("prove", "event-1-40", "--index", "42", "--out", "-")).toMatchObject({ code: 0 });
    expect(await lanyard("prove", "event-1-40", "--index", "41")).toMatchObject({ code: 1 });
    expect(await lanyard("prove", "event-1-40", "--index", "303")).toMatchObject({ code: 2 });
    expect(await lanyard("prove", "event-1-400")).toMatchObject({
      code: 1,
      err: [expect.stringContaining("no record")],
    });
  });

  test("takes an event's id that begins with a dash, as one in 64 does", async () => {
    const eventId = "-".padEnd(22, "x");
    await trail.log.add(entryOf({ eventId, hash: "A".repeat(43) }));
    const { code, out } = await lanyard("prove", eventId, "--out", "-");
    expect({ code, first: out[0]?.split("\n")[0] }).toEqual({ code: 0, first: "c2sp.org/tlog-proof@v1" });
  });

  test("proves nothing in a log that went back, forked, or whose tiles are others'", async () => {
    expect((await lanyard("prove", "event-1-40")).code).toBe(0);
    const honest = trail;
    for (const [batches, refused] of [
      [[2, 300], "log.rolledback"],
      [[300, 2, 0], "log.forked"],
    ] as const) {
      trail = await memoryTrail(batches);
      expect((await lanyard("prove", "event-1-1", "--json")).json()).toMatchObject({ ok: false, code: refused });
    }
    trail = honest;
    trail.log.files.set("tile/0/000", Buffer.alloc(8_192, 7));
    expect((await lanyard("prove", "event-1-40", "--json")).json()).toMatchObject({ ok: false, code: "tile.changed" });
  });
});
