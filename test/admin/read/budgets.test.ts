import { beforeEach, describe, expect, test } from "vitest";
import type { Budget } from "../../../core/model/budget.ts";
import { limits } from "../../../core/model/limits.ts";
import type { Registration } from "../../../core/model/registry.ts";
import { agentId, inBase, tickets, trustDomain } from "../../kit/registry.ts";
import { openReading, type Reading } from "../reading.ts";
import { planner, researcher, sidOf } from "./ground.ts";

const ledger: Budget = {
  name: "ledger",
  resources: [tickets],
  calls: { hour: 10, day: 100 },
  money: { currency: "EUR", day: 5_000 },
};
const policy = {
  kind: "policy",
  name: "reading",
  cedar: '@budget("calls 7/hour") permit(principal, action, resource);',
} as const;

const forTickets = { resource: tickets, scope: "tickets:read" };

let reading: Reading;
const open = async (...more: readonly Registration[]) => {
  const writing = { kind: "policy", name: "writing", cedar: "permit(principal, action, resource);" } as const;
  reading = await openReading(
    writing,
    { ...inBase("resource", "tickets"), introspecting: true },
    { ...inBase("agent", "planner"), budgets: [ledger] },
    policy,
    ...more,
  );
};
beforeEach(() => open());

/** Spends at the store what a call would have taken. */
const spend = async (key: string, { calls = 0, euros = 0, most = 5_000 }) =>
  reading.world.store.budgets.take({
    key,
    calls: { by: calls, most: 100 },
    ...(euros > 0 ? { money: { by: euros, most, currency: "EUR" } } : {}),
    endsAtSeconds: 1,
  });
const day = (scope: string, name = "ledger") => `${name}#${scope}#2026-08-01`;
// biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely by tests
const windowsOf = async (query: string): Promise<any[]> =>
  (await reading.all(`/budgets?${query}`)).items.flatMap(({ windows }) => windows);
const lendingOf = (budgets: readonly Budget[]) => ({ ...inBase("lending", "support-lends"), budgets });

describe("threat 66: how budgets stand", () => {
  test("is told for each window with what is spent, reserved and left, and when it renews", async () => {
    await spend(day(`agent/${planner}`), { calls: 3, euros: 1_200 });
    await spend(`ledger#agent/${planner}#2026-08-01T00`, { calls: 3 });
    const { items } = await reading.all(`/budgets?agent=${planner}`);
    expect(items).toEqual([
      {
        ...{ of: "agent", name: "ledger", agent: planner, resources: [tickets] },
        windows: [
          {
            ...{ window: "day", renewsAtSeconds: reading.world.time.seconds + 86_400 },
            calls: { limit: 100, spent: 3, left: 97 },
            money: { currency: "EUR", limitMinor: 5_000, spentMinor: 0, reservedMinor: 1_200, leftMinor: 3_800 },
          },
          {
            ...{ window: "hour", renewsAtSeconds: reading.world.time.seconds + 3_600 },
            calls: { limit: 10, spent: 3, left: 7 },
          },
        ],
      },
    ]);
  });

  test("tells what was settled as spent, and of an emptied one that nothing is left though its sum says otherwise", async () => {
    const key = day(`agent/${planner}`);
    await spend(key, { euros: 600 });
    const { budgets } = reading.world.store;
    const report = {
      ...{ id: "r", resource: tickets, server: "s", root: "r", sid: "s", expiresAtSeconds: 2e9 },
      ...{ reserved: { minor: 600, currency: "EUR" }, rows: [{ key, most: 5_000, endsAtSeconds: 2e9 }] },
    };
    const settled = { replayEntries: [], record: reading.world.store.records[0] as never, nowSeconds: 1 };
    budgets.reports.set("r", report);
    await budgets.settle({ ...settled, report, cost: 450 });
    const [first] = await windowsOf(`agent=${planner}`);
    expect(first.money).toMatchObject({ spentMinor: 450, reservedMinor: 0, leftMinor: 4_550 });
    budgets.emptied.add(key);
    const [emptied] = await windowsOf(`agent=${planner}`);
    expect(emptied).toMatchObject({ emptied: true, calls: { left: 0 }, money: { spentMinor: 450, leftMinor: 0 } });
  });

  test("sums a divided limit over its rows, and takes no room of one row for another's", async () => {
    await open({ ...inBase("agent", "planner"), budgets: [{ name: "ledger", calls: { day: 10 }, shards: 3 }] });
    for (const [shard, calls] of [4, 1, 0].entries()) await spend(`${day(`agent/${planner}`)}#${shard}`, { calls });
    expect(await windowsOf(`agent=${planner}`)).toMatchObject([{ calls: { limit: 10, spent: 5, left: 5 } }]);
    // the first row holds 4 of the limit: one that an apply has lowered since has spent more than its part, and owes nothing
    await open({ ...inBase("agent", "planner"), budgets: [{ name: "ledger", calls: { day: 4 }, shards: 3 }] });
    for (const [shard, calls] of [4, 1, 0].entries()) await spend(`${day(`agent/${planner}`)}#${shard}`, { calls });
    expect(await windowsOf(`agent=${planner}`)).toMatchObject([{ calls: { limit: 4, spent: 5, left: 1 } }]);
  });

  test("counts neither another agent's spending nor the hour before", async () => {
    await spend(`ledger#agent/${researcher}#2026-08-01T00`, { calls: 5 });
    await spend(`ledger#agent/${planner}#2026-07-31T23`, { calls: 5 });
    expect((await windowsOf(`agent=${planner}`)).map(({ calls }) => calls.spent)).toEqual([0, 0]);
  });
});

describe("budgets are asked for", () => {
  test("by a session, with all its calls must fit, outermost first, those of the sessions above it among them", async () => {
    await open(lendingOf([{ name: "each", calls: { day: 9 } }]));
    const root = await reading.open("ada", { ...forTickets, budget: '{"calls":{"hour":4}}' });
    const child = await reading.handOn("planner", root, "researcher");
    const { items } = await reading.all(`/budgets?session=${sidOf(child)}&limit=1`);
    expect(items.map(({ of, name }) => `${of} ${name}`)).toEqual(["person each", "agent ledger", "session session"]);
    expect(items[2]).toMatchObject({ session: sidOf(root), windows: [{ window: "hour", calls: { limit: 4 } }] });
  });

  test("by a principal, with what lending rules and policies give it, by its pseudonym alone", async () => {
    await open(lendingOf([{ name: "each", calls: { day: 9 } }]));
    await reading.open("ada", forTickets);
    const [{ id }] = (await reading.all("/principals")).items;
    await spend(`each#person/support-lends/${id}#2026-08-01`, { calls: 2 });
    await spend(`reading#policy/reading/${id}#2026-08-01T00`, { calls: 1 });
    const { items } = await reading.all(`/budgets?principal=${id}`);
    expect(items).toMatchObject([
      { of: "person", lending: "support-lends", principal: id, windows: [{ calls: { spent: 2, left: 7 } }] },
      { of: "policy", policy: "reading", principal: id, windows: [{ calls: { spent: 1, left: 6 } }] },
    ]);
    expect(JSON.stringify(items)).not.toContain("ada");
  });

  test("by a policy, for everybody who delegates now, whatever the page's size", async () => {
    for (const person of ["a", "b", "c"]) await reading.open(person, forTickets);
    for (const limit of [1, 2, 100]) {
      const { items } = await reading.all(`/budgets?policy=reading&limit=${limit}`);
      expect(new Set(items.map(({ principal }) => principal)).size).toBe(3);
    }
    expect((await reading.all("/budgets?policy=writing")).items).toEqual([]);
  });

  test("by the deployment, for all agents by their names, whatever the page's size", async () => {
    await open({ ...inBase("agent", "researcher"), budgets: [{ name: "own", calls: { day: 1 } }] });
    const agents = (items: readonly { agent: string }[]) => items.map(({ agent }) => agent);
    for (const limit of [1, 100])
      expect(agents((await reading.all(`/budgets?deployment=${trustDomain}&limit=${limit}`)).items)).toEqual([
        planner,
        researcher,
      ]);
  });

  test.each([
    ["an agent that is not registered", `agent=${agentId("nobody")}`, 404],
    ["a session that is not there", `session=${"A".repeat(22)}`, 404],
    ["a policy that there is not", "policy=nothing", 404],
    ["nobody", "", 400],
    ["two at once", `agent=${planner}&principal=${planner}`, 400],
    ["a policy and an agent", `policy=reading&agent=${planner}`, 400],
    ["a person's name", "principal=ada", 400],
    ["an agent of another deployment", "agent=spiffe://other.example/agent/planner", 400],
    ["a key of the table", `agent=${planner}&key=report%23x`, 400],
    ["a cursor of another list", `agent=${planner}&cursor=${Buffer.from("agents x").toString("base64url")}`, 400],
  ])("and refused for %s", async (_, query, status) => {
    expect((await reading.get(`/budgets?${query}`)).status).toBe(status);
  });

  test("by nobody whom IAM did not authenticate", async () => {
    expect((await reading.get(`/budgets?agent=${planner}`, "nobody")).status).toBe(403);
  });
});

describe("a page of budgets", () => {
  test("reads a bounded number of rows, however many budgets and shards there are", async () => {
    const budgets = Array.from(
      { length: 8 },
      (_, n): Budget => ({
        ...{ name: `b${n}`, calls: { hour: 1_000, day: 1_000 }, shards: limits.budgetShards },
      }),
    );
    await open({ ...inBase("agent", "planner"), budgets });
    const read: number[] = [];
    const { budgets: store } = reading.world.store;
    const rows = store.rows.bind(store);
    store.rows = (keys) => {
      read.push(keys.length);
      return rows(keys);
    };
    const { items } = await reading.all(`/budgets?agent=${planner}&limit=100`);
    expect(items.map(({ name }) => name)).toEqual(budgets.map(({ name }) => name));
    expect(read).toEqual([7 * 128, 128]);
  });

  test("is refused after an apply that changes the list it continues, and not shifted", async () => {
    const budgets = ["a", "b"].map((name): Budget => ({ name, calls: { day: 1 } }));
    await open({ ...inBase("agent", "planner"), budgets });
    const { body } = await reading.get(`/budgets?agent=${planner}&limit=1`);
    await reading.put((await reading.registry.rows(1)).filter(({ name }) => name !== "reading"));
    const next = await reading.get(`/budgets?agent=${planner}&limit=1&cursor=${body.next}`);
    expect([next.status, next.body.error_description]).toEqual([400, expect.stringContaining("begin again")]);
  });
});
