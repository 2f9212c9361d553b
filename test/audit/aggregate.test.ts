import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { createRefusalAggregate } from "../../core/audit/aggregate.ts";
import type { AuditRecord } from "../../core/audit/record.ts";
import type { Denial } from "../../core/denial/denial.ts";
import { limits } from "../../core/model/limits.ts";
import { toRecord } from "../kit/records.ts";
import { bare } from "./samples.ts";

const refusal = (denial: Denial, requestId = "r") => ({ ...bare("request"), denial, requestId });
const missing = (requestId = "r") => refusal({ code: "dpop_missing" }, requestId);
const replayed = (requestId = "r") => refusal({ code: "dpop_replayed" }, requestId);

function ground() {
  let nowMillis = 60_000_000;
  let ids = 0;
  const state = {
    broken: false,
    refuses: undefined as string | undefined,
    attempts: 0,
    written: [] as AuditRecord[],
  };
  const aggregate = createRefusalAggregate({
    clock: { nowMillis: () => nowMillis },
    ids: { id: () => `id-${++ids}, toRecord`, secret: () => "" },
    toRecord,
    outbox: {
      async put(record) {
        state.attempts += 1;
        await Promise.resolve();
        if (state.broken) throw new Error("throttled");
        if (state.refuses !== undefined && record.body.includes(state.refuses)) throw new Error("too large");
        state.written.push(record);
      },
    },
  });
  const facts = () => state.written.map((r) => JSON.parse(r.body).unmapped.lanyard);
  return { aggregate, state, facts, pass: (millis: number) => (nowMillis += millis) };
}

const counts = (facts: readonly { denial: { code: string }; count: number }[]) => {
  const sums: Record<string, number> = {};
  for (const { denial, count } of facts) sums[denial.code] = (sums[denial.code] ?? 0) + count;
  return sums;
};

describe("threat 13: a flood of refusals", () => {
  test("costs one record at once, and one more a minute later, however large it is", async () => {
    const { aggregate, state, facts, pass } = ground();
    for (let i = 0; i < 1_000; i += 1) await aggregate.add(missing(`r${i}`));
    expect(facts()).toEqual([expect.objectContaining({ count: 1, request_id: "r0" })]);
    pass(60_000);
    await aggregate.add(missing("later"));
    expect(facts().map(({ count, request_id }) => [count, request_id])).toEqual([
      [1, "r0"],
      [1, "later"],
      [999, "r0"],
    ]);
    expect(new Set(state.written.map((r) => r.eventId)).size).toBe(3);
    expect(state.written.every((r) => r.eventId.startsWith("denied#"))).toBe(true);
  });

  test("of two reasons is counted apart, and one reason's next minute writes the other's rest", async () => {
    const { aggregate, facts, pass } = ground();
    for (let i = 0; i < 3; i += 1) await aggregate.add(missing());
    for (let i = 0; i < 5; i += 1) await aggregate.add(replayed());
    pass(60_000);
    await aggregate.add(missing());
    expect(counts(facts())).toEqual({ dpop_missing: 4, dpop_replayed: 5 });
    expect(facts()).toHaveLength(5);
  });

  test("is never answered by an error of the outbox, nor retried once a refusal, nor forgotten", async () => {
    const { aggregate, state, facts, pass } = ground();
    state.broken = true;
    for (let minute = 0; minute < 3; minute += 1) {
      for (let i = 0; i < 100; i += 1) await aggregate.add(missing());
      pass(60_000);
    }
    expect(state.attempts).toBeLessThan(10);
    state.broken = false;
    await aggregate.add(missing());
    expect(counts(facts())).toEqual({ dpop_missing: 301 });
  });

  test("of many reasons costs two calls a refusal while the outbox is down, however many kinds wait", async () => {
    const { aggregate, state, facts, pass } = ground();
    state.broken = true;
    for (let i = 0; i < 300; i += 1) await aggregate.add(refusal({ code: `made-up-${i}` } as unknown as Denial));
    pass(60_000);
    state.attempts = 0;
    for (let i = 0; i < 300; i += 1) await aggregate.add(refusal({ code: `other-${i}` } as unknown as Denial));
    expect(state.attempts).toBeLessThanOrEqual(600);
    state.broken = false;
    await aggregate.flush();
    expect(Object.values(counts(facts())).reduce((sum, count) => sum + count)).toBe(600);
  });

  test("keeps no kind back behind one whose own record can never be written", async () => {
    const { aggregate, state, facts, pass } = ground();
    state.refuses = "dpop_missing";
    await aggregate.add(missing());
    for (let i = 0; i < 4; i += 1) await aggregate.add(replayed());
    for (let minute = 0; minute < 3; minute += 1) {
      pass(60_000);
      await aggregate.add(replayed());
    }
    await aggregate.flush();
    expect(counts(facts())).toEqual({ dpop_replayed: 7 });
    state.refuses = undefined;
    await aggregate.flush();
    expect(counts(facts())).toEqual({ dpop_replayed: 7, dpop_missing: 1 });
  });

  test("loses none whose write fails while another refusal looks at what waits", async () => {
    const { aggregate, state, facts, pass } = ground();
    state.broken = true;
    await aggregate.add(missing());
    pass(60_000);
    await Promise.all([aggregate.flush(), aggregate.flush(), aggregate.add(replayed())]);
    state.broken = false;
    await aggregate.flush();
    expect(counts(facts())).toEqual({ dpop_missing: 1, dpop_replayed: 1 });
  });

  test("of endlessly many reasons, with the outbox down, holds a bounded number of them", async () => {
    const { aggregate, state, pass } = ground();
    state.broken = true;
    for (let i = 0; i < 2_000; i += 1) {
      await aggregate.add(refusal({ code: `made-up-${i}` } as unknown as Denial));
      if (i % 500 === 0) pass(60_000);
    }
    state.broken = false;
    state.written.length = 0;
    await aggregate.flush();
    expect(state.written.length).toBeLessThanOrEqual(1_025);
    const total = state.written.reduce((sum, r) => sum + JSON.parse(r.body).count, 0);
    expect(total).toBe(2_000);
  });

  describe("threat 34: refusals of authenticated callers", () => {
    const agents = ["planner", "researcher"].map((name) => `spiffe://agents.example.com/agent/${name}`);
    const proven = (agent?: string, more: object = {}) => ({
      ...replayed(),
      ...(agent && { agent }),
      assurance: "fresh" as const,
      ...more,
    });

    test("stand alone up to the caller's rate, and each caller by its own", () => {
      const { aggregate, pass } = ground();
      const alone = (agent?: string) =>
        Array.from({ length: 100 }, () => aggregate.standsAlone(proven(agent))).filter(Boolean);
      for (const agent of agents) expect(alone(agent)).toHaveLength(limits.refusalRecordsPerMinute);
      pass(60_000);
      expect(alone(agents[0])).toHaveLength(limits.refusalRecordsPerMinute);
    });

    test("never stand alone past the rate of signatures, or where a token was stolen", () => {
      const { aggregate } = ground();
      expect(
        aggregate.standsAlone({ ...proven(agents[0]), denial: { code: "rate_exceeded", agent: "a", perSecond: 1 } }),
      ).toBe(false);
      expect(aggregate.standsAlone(proven(agents[0], { owner: agents[1] }))).toBe(false);
    });

    test("are aggregated by agent, session and owner where these are proved, and not by names that anybody can make up", async () => {
      const { aggregate, facts } = ground();
      const session = (sid: string) => ({ session: { sid, root: sid, depth: 0 } });
      for (let i = 0; i < 5; i += 1) {
        for (const agent of agents) await aggregate.add(proven(agent));
        await aggregate.add(proven(agents[0], session("A".repeat(22))));
        await aggregate.add(proven(agents[0], { owner: agents[1] }));
        await aggregate.add({ ...missing(), agent: `spiffe://agents.example.com/agent/made-up-${i}` });
      }
      expect(facts()).toHaveLength(5);
      await aggregate.flush();
      expect(facts()).toHaveLength(10);
      expect(counts(facts())).toEqual({ dpop_replayed: 20, dpop_missing: 5 });
    });
  });

  test("at once from many calls is counted once each", async () => {
    const { aggregate, facts } = ground();
    await Promise.all(Array.from({ length: 500 }, () => aggregate.add(missing())));
    await aggregate.flush();
    expect(counts(facts())).toEqual({ dpop_missing: 500 });
    expect(facts()).toHaveLength(2);
  });

  property.prop(
    [fc.array(fc.record({ kind: fc.boolean(), wait: fc.integer({ min: 0, max: 90_000 }), broken: fc.boolean() }))],
    {
      numRuns: 100,
    },
  )("adds up, whatever its order, its minutes and its failures", async (calls) => {
    const { aggregate, state, facts, pass } = ground();
    for (const { kind, wait, broken } of calls) {
      pass(wait);
      state.broken = broken;
      await aggregate.add(kind ? missing() : replayed());
    }
    state.broken = false;
    await aggregate.flush();
    const sums = counts(facts());
    expect(sums.dpop_missing ?? 0).toBe(calls.filter((c) => c.kind).length);
    expect(sums.dpop_replayed ?? 0).toBe(calls.filter((c) => !c.kind).length);
  });
});
