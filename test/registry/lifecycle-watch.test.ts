import { beforeEach, describe, expect, test } from "vitest";
import type { AuditRecord } from "../../core/audit/record.ts";
import { watchLifecycle } from "../../core/endpoints/lifecycle-watch.ts";
import type { LifecycleStore, Trace } from "../../core/lifecycle/trace.ts";
import type { AgentRegistration } from "../../core/model/agent-registration.ts";
import type { Registration } from "../../core/model/registry.ts";
import { randomIds } from "../kit/keys.ts";
import { toRecord } from "../kit/records.ts";
import { agent, agentId, tickets, trustDomain } from "../kit/registry.ts";

const day = 86_400;
const start = Date.parse("2026-11-24T09:00:00Z") / 1000;
const may = [{ resource: tickets, scopes: ["tickets:read"] }];

/** Remembers as the table does; rows of sessions go a day after their end, at once and never later. */
class MemoryLifecycle implements LifecycleStore {
  readonly traces = new Map<string, Trace>();
  readonly ends: { agent: string; endSeconds: number }[] = [];
  lookedAt: number | undefined;
  readonly told: AuditRecord[] = [];
  private readonly now: () => number;
  constructor(now: () => number) {
    this.now = now;
  }
  async memory() {
    return { lookedAtSeconds: this.lookedAt, traces: [...this.traces.values()] };
  }
  async latestEndSeconds(id: string) {
    const there = this.ends.filter((e) => e.agent === id && e.endSeconds + day > this.now());
    return there.length === 0 ? undefined : Math.max(...there.map((e) => e.endSeconds));
  }
  async keep(trace: Trace, records: readonly AuditRecord[]) {
    if ((this.traces.get(trace.name)?.revision ?? 0) !== trace.revision - 1) return false;
    this.traces.set(trace.name, trace);
    this.told.push(...records);
    return true;
  }
  async forget(name: string) {
    this.traces.delete(name);
  }
  async looked(atSeconds: number) {
    this.lookedAt = atSeconds;
  }
}

let now: number;
let rows: Registration[];
let store: MemoryLifecycle;
beforeEach(() => {
  now = start;
  store = new MemoryLifecycle(() => now);
  rows = [agent("planner", { may })];
});
const look = () =>
  watchLifecycle({
    registry: { applied: async () => 7, rows: async () => rows },
    store,
    clock: { nowMillis: () => now * 1000 },
    ids: randomIds,
    toRecord,
    trustDomain,
    dormantAfterDays: 30,
    requestId: "r-1",
  });
/** Looks every six hours for so many days. */
async function pass(days: number) {
  let counts = { overdue: 0, dormant: 0 };
  for (let hours = 0; hours < days * 24; hours += 6) {
    now += 6 * 3_600;
    counts = await look();
  }
  return counts;
}
const change = (more: Partial<AgentRegistration>) => {
  rows = rows.map((row) => (row.kind === "agent" ? { ...row, ...more } : row));
};
const session = (lifeSeconds: number, name = "planner") =>
  store.ends.push({ agent: agentId(name), endSeconds: now + lifeSeconds });
const told = () =>
  store.told.map(({ body }) => {
    const { operation, target, reason, registry_version } = JSON.parse(body).unmapped.lanyard;
    return { operation, target, reason, version: registry_version };
  });

describe("silence", () => {
  test("is told of once, after the stage's days, with whom to ask", async () => {
    await look();
    expect(await pass(29)).toMatchObject({ dormant: 0 });
    expect(await pass(1)).toMatchObject({ dormant: 1 });
    expect(await pass(60)).toMatchObject({ dormant: 1 });
    expect(told()).toEqual([
      {
        operation: "agent.dormant",
        target: `agent:${agentId("planner")}`,
        reason: expect.stringMatching(/^no session since 2026-11-24; .*answers for it/),
        version: 7,
      },
    ]);
  });

  test("begins with the end of the last session, though its row is gone long before", async () => {
    await look();
    await pass(20);
    session(600);
    await pass(29);
    expect(told()).toEqual([]);
    expect(await pass(2)).toMatchObject({ dormant: 1 });
  });

  test("does not begin while a session lives", async () => {
    await look();
    session(40 * day);
    await pass(39);
    expect(store.told).toEqual([]);
    expect(await pass(29)).toMatchObject({ dormant: 0 });
  });

  test("ends with a session, and is told of again when it comes again", async () => {
    await look();
    await pass(30);
    session(60);
    expect(await pass(1)).toMatchObject({ dormant: 0 });
    await pass(31);
    expect(told().map(({ operation }) => operation)).toEqual(["agent.dormant", "agent.dormant"]);
  });

  test("is counted by the agent's own days where it names some", async () => {
    change({ dormantAfterDays: 3 });
    await look();
    expect(await pass(3)).toMatchObject({ dormant: 1 });
  });

  test("is none of an agent that may hold nothing", async () => {
    change({ may: [] });
    await look();
    expect(await pass(90)).toEqual({ overdue: 0, dormant: 0 });
    expect(store.told).toEqual([]);
  });

  test("of a suspended agent is not counted, and begins anew when it is active again", async () => {
    await look();
    await pass(20);
    change({ state: "suspended" });
    await pass(100);
    change({ state: "active" });
    expect(await pass(29)).toMatchObject({ dormant: 0 });
    expect(await pass(2)).toMatchObject({ dormant: 1 });
  });

  test("is not claimed where nobody has looked: a session may have come and gone", async () => {
    await look();
    await pass(28);
    session(60);
    now += 3 * day;
    expect(await look()).toMatchObject({ dormant: 0 });
    expect(store.told).toEqual([]);
    expect(await pass(29)).toMatchObject({ dormant: 1 });
  });

  test("of another agent's sessions is not broken", async () => {
    rows = [agent("planner", { may }), agent("planner/two", { may })];
    await look();
    for (let n = 0; n < 30; n++) {
      session(600, "planner/two");
      await pass(1);
    }
    expect(told().map(({ target }) => target)).toEqual([`agent:${agentId("planner")}`]);
  });
});

describe("a review", () => {
  test.each([
    ["the day before", "2026-11-25", 0],
    ["on the day itself", "2026-11-24", 0],
    ["the day after", "2026-11-23", 1],
  ])("%s", async (_, reviewBy, overdue) => {
    change({ reviewBy });
    expect(await look()).toMatchObject({ overdue });
  });

  test("is late with the first second after its day, in UTC", async () => {
    change({ reviewBy: "2026-11-24" });
    now = Date.parse("2026-11-24T23:59:59Z") / 1000;
    expect(await look()).toMatchObject({ overdue: 0 });
    now++;
    expect(await look()).toMatchObject({ overdue: 1 });
  });

  test("is told of once a day that was missed, and counted for as long as it stands", async () => {
    change({ reviewBy: "2026-11-30", dormantAfterDays: 365 });
    await pass(20);
    expect(told().map(({ operation }) => operation)).toEqual(["agent.overdue"]);
    expect(await look()).toMatchObject({ overdue: 1 });
    change({ reviewBy: "2026-12-20" });
    expect(await look()).toMatchObject({ overdue: 0 });
    await pass(20);
    expect(told().map(({ reason }) => reason.split(";")[0])).toEqual([
      "its review was due by 2026-11-30",
      "its review was due by 2026-12-20",
    ]);
  });

  test.each(["draft", "suspended", "retired"] as const)(
    "of an agent that is %s is nobody's business",
    async (state) => {
      change({ reviewBy: "2020-01-01", state });
      expect(await look()).toEqual({ overdue: 0, dormant: 0 });
      expect(store.traces.size).toBe(0);
    },
  );
});

test("of two looks at one time, one tells", async () => {
  change({ reviewBy: "2026-01-01" });
  await Promise.all([look(), look(), look()]);
  expect(store.told).toHaveLength(1);
});

test("a look that breaks off is made again: what it told of is not told twice, and nothing is passed over", async () => {
  rows = ["a", "b", "c"].map((name) => agent(name, { may, reviewBy: "2026-01-01" }));
  const whole = store.latestEndSeconds.bind(store);
  store.latestEndSeconds = async (id) => {
    if (id.endsWith("/c")) throw new Error("throttled");
    return whole(id);
  };
  await expect(look()).rejects.toThrow("throttled");
  expect(store.lookedAt).toBeUndefined();
  store.latestEndSeconds = whole;
  expect(await look()).toMatchObject({ overdue: 3 });
  expect(new Set(told().map(({ target }) => target)).size).toBe(3);
  expect(store.told).toHaveLength(3);
});

test("an empty registry is no reason to fail", async () => {
  rows = [];
  expect(await look()).toEqual({ overdue: 0, dormant: 0 });
});
