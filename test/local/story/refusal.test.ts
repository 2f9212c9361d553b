import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { LanyardError } from "../../../client/index.ts";
import { createPage } from "../../../local/demo/story/print.ts";
import { readRecords, type StoredRecord } from "../../../local/demo/story/records.ts";
import { mustAnswer, mustRefuse } from "../../../local/demo/story/refusal.ts";
import { createTeller, Misbehaved } from "../../../local/demo/story/step.ts";
import { treeOf } from "../../../local/demo/story/tree.ts";

const expected = { status: 400, error: "invalid_scope", reason: "scope_exceeds" };
const refusedWith = (status: number, error: string) => () =>
  Promise.reject(new LanyardError("scope_refused", "token", { status, error, requestId: "r1" }));

describe("a refusal that must come", () => {
  it("is returned with its request when it is the right one", async () => {
    expect(await mustRefuse(refusedWith(400, "invalid_scope"), expected)).toMatchObject({
      ...expected,
      requestId: "r1",
    });
  });

  it("fails the step when it does not come", async () => {
    await expect(mustRefuse(async () => "a token", expected)).rejects.toThrow(/this was allowed/);
  });

  it.each([
    [403, "invalid_scope"],
    [400, "invalid_request"],
    [500, "server_error"],
  ])("fails the step when it comes as %s %s", async (status, error) => {
    await expect(mustRefuse(refusedWith(status, error), expected)).rejects.toThrow(Misbehaved);
  });

  it("lets an error of another kind through as it is", async () => {
    const crash = new TypeError("fetch failed");
    await expect(mustRefuse(() => Promise.reject(crash), expected)).rejects.toBe(crash);
  });
});

it("an API that answers another status fails the step", async () => {
  await expect(mustAnswer(new Response("{}", { status: 200 }), 401)).rejects.toThrow(/200 instead of 401/);
  await expect(mustAnswer(new Response("<html>"), 200)).rejects.toThrow(/did not answer JSON/);
});

it("a step that throws is told as failed, and ends the story", async () => {
  const ended: string[] = [];
  const teller = createTeller({ began: () => undefined, ended: ({ name }) => ended.push(name) });
  await teller.step("goes well", async () => ({ says: "fine", value: 1 }));
  const failing = teller.step("goes wrong", () => Promise.reject(new Misbehaved("the token came all the same")));
  await expect(failing).rejects.toThrow(Misbehaved);
  expect(ended).toEqual(["goes well", "goes wrong"]);
  expect(teller.steps[1]).toMatchObject({ ok: false, detail: { says: "the token came all the same" } });
});

const record = (uid: string, facts: Partial<StoredRecord["facts"]>): StoredRecord => ({
  uid,
  timeMillis: Number(uid),
  facts: {
    operation: "session.open",
    outcome: "allowed",
    request_id: uid,
    agent: "spiffe://x/agent/planner",
    ...facts,
  },
});

describe("the audit as a tree", () => {
  const records = [
    record("1", { sid: "root", root: "root", principal: "p_1" }),
    record("2", { operation: "session.redeem", sid: "child", root: "root", parent: "root", principal: "p_1" }),
    record("3", { operation: "token.access", sid: "child", outcome: "denied", denial: { code: "scope_exceeds" } }),
    record("4", { outcome: "denied", principal: "p_1", denial: { code: "person_token_burnt" } }),
    record("5", { operation: "request", outcome: "denied", denial: { code: "dpop_missing" }, count: 7 }),
  ];

  it("puts every decision below the session it was taken in, and loses none", () => {
    const lines = treeOf(records, { p_1: "Ada" }).map(({ branch, text, note }) =>
      `${branch}${text} ${note ?? ""}`.trim(),
    );
    expect(lines).toEqual([
      "Ada",
      "├─ planner, session root…",
      "│  ├─ planner opens the session",
      "│  └─ planner, session child…",
      "│     ├─ planner redeems the offer",
      "│     └─ planner fetches an access token scope_exceeds",
      "└─ planner opens the session person_token_burnt",
      "outside any session",
      "└─ planner asks (7 times) dpop_missing",
    ]);
  });

  it("is coloured on a terminal alone, and not there when NO_COLOR is set", () => {
    const shown = (isTTY: boolean, environment: Record<string, string>) => {
      let text = "";
      const sink = { isTTY, write: (more: string) => (text += more) };
      createPage(sink, environment).tree(treeOf(records, {}));
      return text;
    };
    expect(shown(true, {})).toContain("\u001b[31m");
    expect(shown(true, { NO_COLOR: "1" })).not.toContain("\u001b");
    expect(shown(false, {})).not.toContain("\u001b");
  });
});

it("a record that was delivered twice is read once, and other files of the bucket are left alone", () => {
  const folder = mkdtempSync(join(tmpdir(), "lanyard-records-"));
  const event = (uid: string, time: number) =>
    JSON.stringify({ metadata: { uid }, time, unmapped: { lanyard: { operation: "attest", outcome: "allowed" } } });
  mkdirSync(join(folder, "audit/dt=2026-11-24"), { recursive: true });
  writeFileSync(join(folder, "audit/dt=2026-11-24/b.gz"), gzipSync(`${event("b", 2)}\n${event("a", 1)}\n`));
  writeFileSync(join(folder, "audit/dt=2026-11-24/c.gz"), gzipSync(`${event("a", 1)}\n`));
  writeFileSync(join(folder, "note.txt"), "not a record");
  expect(readRecords(folder).map(({ uid }) => uid)).toEqual(["a", "b"]);
  expect(readRecords(join(folder, "nowhere"))).toEqual([]);
  rmSync(folder, { recursive: true });
});
