/** The audit, end to end: what the story left behind, how fast it can be queried and is sealed, and whether anything is hidden from it. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { verifierKey } from "../../core/tlog/note-key.ts";
import { verifyProofFile } from "../../core/tlog/proof-file.ts";
import { tryNext } from "../../local/demo/start/try-next.ts";
import { entryOfBody } from "../kit/memory/trail.ts";
import {
  bucket,
  checkpoints,
  delivered,
  folder,
  key,
  lanyard,
  left,
  lower,
  open,
  raise,
  sealed,
  world,
} from "./audit/ground.ts";
import { tamperingCases } from "./audit/tampering.ts";
import { writerCases } from "./audit/writer.ts";

beforeAll(raise);
afterAll(lower);

/** The commands that the end of the story prints. */
const printed = (): readonly (readonly string[])[] =>
  tryNext(world, left).flatMap((line) => {
    const [, args] = /^ +npx @lanyard-iam\/cli (.*)$/.exec(line) ?? [];
    return args === undefined ? [] : [args.split(" ")];
  });

describe("what the story left behind", () => {
  it("is asked by the lines that its end prints, each of which works", async ({ annotate }) => {
    const commands = printed();
    expect(commands.map(([one, two]) => (one === "audit" || one === "trace" ? `${one} ${two}` : one))).toEqual([
      "sessions",
      "trace session",
      "trace event",
      "evidence",
      "audit query",
      "audit verify",
      "audit prove",
    ]);
    for (const args of commands) {
      const { code, out, err } = await lanyard(args);
      expect([args.join(" "), code, code === 0 ? "" : `${out}\n${err}`]).toEqual([args.join(" "), 0, ""]);
      await annotate(`${args.slice(0, 2).join(" ")}: ${out.split("\n").at(-1)?.replaceAll(/ +/g, " ")}`);
    }
  });

  it("is traced down to the signatures that KMS made for it, since the watch of our functions ran at the start", async () => {
    const { out } = await lanyard(["trace", "session", left.traced?.sid ?? "", "--json"]);
    const { roots } = JSON.parse(out) as { readonly roots: readonly Traced[] };
    const calls = roots.flatMap(callsOf).map(({ by }) => by);
    expect(new Set(calls)).toEqual(new Set(["sign", "vend", "key"]));
  });

  it("verifies: every record is in the log, and nothing beside it", async ({ annotate }) => {
    const { code, out } = await lanyard(["audit", "verify", "--json"]);
    const { ok, checked, size } = JSON.parse(out);
    expect([code, ok]).toEqual([0, true]);
    // somebody has looked before: the log must continue what was seen then
    expect(checked).toMatchObject({ entries: size, known: 1 });
    expect(checked.records).toBeGreaterThan(20);
    await annotate(`${size} entries, ${checked.records} records, ${checked.checkpoints} checkpoints`);
  });

  it("is proven to somebody who has the proof file, the record and the log's key, and no other record is", async () => {
    const id = left.revocation ?? "";
    await lanyard(["audit", "prove", id, "--out", "revocation.tlog-proof"]);
    const proof = readFileSync(join(folder, "revocation.tlog-proof"), "utf8");
    const log = { origin: key.name, keys: [key] };
    const [record] = delivered(bucket()).filter(({ uid }) => uid === id);
    expect(verifyProofFile(proof, entryOfBody(record?.text ?? ""), log)).toMatchObject({ ok: true });
    const forged = (record?.text ?? "").replace('"operation":"revoke"', '"operation":"attest"');
    expect(forged).not.toBe(record?.text);
    expect(verifyProofFile(proof, entryOfBody(forged), log)).toMatchObject({ ok: false });
  });

  it("is handed on as one file, which the log's key alone verifies, and which is refused when a byte of a record changed", async ({
    annotate,
  }) => {
    const file = `evidence-${left.traced?.sid}.tar`;
    const verify = () =>
      lanyard(["evidence", "verify", file, "--key", verifierKey(key), "--json"], join(folder, "nobody"));
    const { code, out } = await verify();
    const { ok, checked } = JSON.parse(out);
    expect([code, ok]).toEqual([0, true]);
    await annotate(`${checked.sessions} sessions, ${checked.records} records, ${checked.calls} calls at AWS`);
    const bytes = readFileSync(join(folder, file));
    const at = bytes.indexOf(`"operation":"session.open"`) + `"operation":"`.length;
    bytes[at] = "S".charCodeAt(0);
    writeFileSync(join(folder, file), bytes);
    expect((await verify()).code).toBe(1);
  });
});

interface Traced {
  readonly calls: readonly { readonly by: string }[];
  readonly children: readonly Traced[];
}
const callsOf = ({ calls, children }: Traced): readonly { readonly by: string }[] => [
  ...calls,
  ...children.flatMap(callsOf),
];

describe("from a decision", () => {
  const sessions: string[] = [];
  const decided = () =>
    delivered(bucket()).filter(({ sid = "", operation }) => sessions.includes(sid) && operation === "session.open");
  beforeAll(async () => {
    for (let n = 0; n < 10; n++) {
      sessions.push((await open()).sid);
      await sleep(1_000); // clock: the delivery's buffer, into every part of which decisions fall
    }
  });

  it("to a record in S3 that a query finds: within 60 seconds, at the delivery's usual buffer of 15", async ({
    annotate,
  }) => {
    await expect.poll(() => decided().length).toBe(sessions.length);
    const waits = decided().map(({ arrivedAtMillis, timeMillis }) => (arrivedAtMillis - timeMillis) / 1_000);
    const { code, out } = await lanyard(["audit", "query", "activity", "--agent", "planner", "--json"]);
    expect(code).toBe(0);
    for (const sid of sessions) expect(out).toContain(sid);
    await annotate(told(waits));
    expect(Math.max(...waits)).toBeLessThan(60);
  });

  it("to its place in the log, by the run of the next minute and nobody's asking", async ({ annotate }) => {
    const ids = decided().map(({ uid }) => uid);
    await expect.poll(async () => ids.filter((id) => !known.has(id)).length === 0 || (await look(ids))).toBe(true);
    const waits = decided().map(({ uid, timeMillis }) => ((known.get(uid) ?? Number.NaN) - timeMillis) / 1_000);
    await annotate(told(waits));
    // a minute until the run, and its own time
    expect(Math.max(...waits)).toBeLessThan(90);
  });

  /** When the checkpoint arrived that was the first to cover a record. */
  const known = new Map<string, number>();
  const look = async (ids: readonly string[]): Promise<boolean> => {
    const order = await sealed();
    for (const id of ids) {
      const index = order.indexOf(id);
      const first = index < 0 ? undefined : checkpoints(bucket()).find(({ size }) => size > index);
      if (first) known.set(id, first.arrivedAtMillis);
    }
    return known.size === ids.length;
  };
});

const told = (seconds: readonly number[]): string => {
  const sorted = [...seconds].sort((one, other) => one - other);
  const middle = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  return `${sorted.length} decisions: p50 ${middle.toFixed(1)} s, max ${(sorted.at(-1) ?? Number.NaN).toFixed(1)} s`;
};

tamperingCases();
writerCases();
