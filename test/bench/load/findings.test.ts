import { describe, expect, test } from "vitest";
import { persist } from "../../../bench/load/callers/persist.ts";
import type { HeldSession } from "../../../bench/load/callers/work.ts";
import { findings, type State } from "../../../bench/load/findings.ts";
import { type Heard, openLedger, type Served } from "../../../bench/load/ledger.ts";
import { readOptions } from "../../../bench/load/options.ts";
import { withRun } from "../../../bench/load/report/page.ts";
import type { Answer } from "../../../test/kit/wire/http.ts";

const sid = "S".repeat(22);
const heard = (more: Partial<Heard> = {}): Heard => ({
  operation: "open",
  asked: "token",
  proofKey: "proof",
  status: 200,
  error: undefined,
  retryAfterSeconds: undefined,
  requestId: "request",
  ...more,
});
const record = (facts: object = {}): State["records"][number] => ({
  eventId: "e",
  facts: { operation: "session.open", outcome: "allowed", request_id: "request", sid, ...facts },
});
const whole: State = { sessions: [{ sid, ended: false }], records: [record()], proofKeys: new Set(["proof"]) };
const held = { sessions: [{ sid } as HeldSession] };
const found = (
  state: State,
  known: { heard: readonly Heard[]; served?: readonly Served[]; sessions?: HeldSession[] },
) => findings(state, { served: [], ...known, held: { sessions: known.sessions ?? held.sessions } });
const unanswered: Served = { operation: "open", scheduledMillis: 0, tries: 1, end: "unanswered", throttled: true };

describe("the audit after a load", () => {
  test("finds nothing where row, record, proof and answer agree", () => {
    expect(found(whole, { heard: [heard()] }).broken).toEqual([]);
  });

  test("finds a session that was granted and is lost", () => {
    expect(found({ ...whole, sessions: [] }, { heard: [heard()] }).broken.join()).toMatch(/granted and has no row/);
  });

  test("finds a row without a record, and a record without a row", () => {
    expect(found({ ...whole, records: [] }, { heard: [heard()] }).broken.join()).toMatch(/stored without a record/);
    expect(found({ ...whole, sessions: [] }, { heard: [], sessions: [] }).broken.join()).toMatch(
      /record without a row/,
    );
  });

  test("allows a row nobody holds a token of only for an answer of 503, or for a caller that had gone", () => {
    const later = heard({ status: 503, retryAfterSeconds: 1 });
    expect(found(whole, { heard: [later], sessions: [] })).toMatchObject({ broken: [], unreleased: 1, unheard: 0 });
    expect(found(whole, { heard: [], sessions: [], served: [unanswered] })).toMatchObject({ broken: [], unheard: 1 });
    expect(found(whole, { heard: [], sessions: [] }).broken.join()).toMatch(/was answered nothing/);
    expect(found(whole, { heard: [heard({ status: 400 })], sessions: [] }).broken.join()).toMatch(/was answered 400/);
  });

  test("finds a refusal that is on record as granted, unless the session died while it was signed", () => {
    const refused = { heard: [heard({ status: 400, operation: "access" })] };
    expect(found(whole, refused).broken.join()).toMatch(/recorded as granted/);
    const died = record({ operation: "token.access", outcome: "denied", denial: { code: "died_in_flight" } });
    expect(found({ ...whole, records: [...whole.records, died] }, refused).broken).toEqual([]);
  });

  test("finds a proof that was consumed for nothing, and a grant whose proof was not", () => {
    const nothing: State = { sessions: [], records: [], proofKeys: new Set(["proof"]) };
    const later = heard({ status: 503, retryAfterSeconds: 1 });
    expect(found(nothing, { heard: [later], sessions: [] }).broken.join()).toMatch(/consumed for nothing/);
    expect(found({ ...whole, proofKeys: new Set() }, { heard: [heard()] }).broken.join()).toMatch(/not consumed/);
  });

  test("finds a grant without a record, and who was told to come back for ever", () => {
    const attest = heard({ asked: "attest", operation: "attest", requestId: "other", proofKey: "other" });
    expect(found(whole, { heard: [heard(), attest] }).broken.join()).toMatch(/without a record/);
    const served = [{ ...unanswered, end: "unavailable" } as const];
    expect(found(whole, { heard: [heard()], served }).broken.join()).toMatch(/told to come back/);
  });
});

describe("the ledger of a load", () => {
  test("takes 503 with Retry-After, and neither 503 without it nor any other failure", () => {
    const broken = (more: Partial<Heard>) => {
      const ledger = openLedger();
      ledger.hear(heard(more));
      return ledger.broken;
    };
    expect(broken({ status: 503, retryAfterSeconds: 1 })).toEqual([]);
    expect(broken({ status: 503 })).toHaveLength(1);
    for (const status of [500, 502, 504]) expect(broken({ status, retryAfterSeconds: 1 })).toHaveLength(1);
  });
});

describe("a caller of a load", () => {
  const answer = (status: number, headers: Answer["headers"] = {}): Answer => ({ status, headers, text: "", json: {} });
  const asked = async (answers: readonly Answer[], untilMillis = 1e9) => {
    const [left, slept]: [Answer[], number[]] = [[...answers], []];
    let now = 0;
    const work = { ask: async () => left.shift() ?? answer(200), take: () => undefined };
    const sleep = async (millis: number) => {
      slept.push(millis);
      now += millis;
    };
    return { slept, course: await persist(work, { nowMillis: () => now, draw: () => 0, untilMillis, sleep }) };
  };

  test("comes back after Retry-After, later each time, until it is granted", async () => {
    const later = answer(503, { "retry-after": "1" });
    const { course, slept } = await asked([later, later, later, later, answer(200)]);
    expect(slept).toEqual([1_000, 2_000, 4_000, 4_000]);
    expect(course).toMatchObject({ end: "granted", tries: 5, firstMillis: 0, lastMillis: 11_000 });
  });

  test("takes a refusal as the last word, and 503 too once nothing throttles any more", async () => {
    expect((await asked([answer(400)])).course).toMatchObject({ end: "refused", tries: 1 });
    const later = answer(503, { "retry-after": "1" });
    expect((await asked([later, later], 500)).course).toMatchObject({ end: "unavailable", tries: 2 });
  });
});

describe("the command of a load", () => {
  test("refuses what is unknown or out of bounds, by name", () => {
    expect(() => readOptions(["--rate", "0"])).toThrow(/--rate/);
    expect(() => readOptions(["--seconds", "9999"])).toThrow(/--seconds/);
    expect(() => readOptions(["--mix", "sleep=1"])).toThrow(/sleep/);
    expect(() => readOptions(["--mix", "revoke=2,open=1"])).toThrow(/open at least as many/);
    expect(() => readOptions(["--throttle", "1"])).toThrow(/--throttle/);
    expect(readOptions(["--mix", "open=1", "--seed", "3"])).toMatchObject({ seed: 3, mix: { open: 1, revoke: 0 } });
  });

  test("writes its run between the page's two marks and nowhere else", () => {
    const [begin, end] = ["begin", "end"].map((word) => `<!-- written by npm run load -- --write: ${word} -->`);
    const page = `before\n${begin}\nold\n${end}\nafter\n`;
    expect(withRun(page, "new")).toBe(`before\n${begin}\n\nnew\n\n${end}\nafter\n`);
    expect(() => withRun("no marks", "new")).toThrow(/marks/);
  });
});
