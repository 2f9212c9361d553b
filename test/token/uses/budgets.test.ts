import { beforeEach, describe, expect, test } from "vitest";
import type { Budget } from "../../../core/model/budget.ts";
import { idTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import { agentId, customers, inBase, tickets } from "../../kit/registry.ts";
import type { TestAgent } from "../../kit/world/agents.ts";
import { type Tokens, tokens } from "../../kit/world/tokens.ts";
import { createWorld, type World } from "../../kit/world/world.ts";

let world: World<Tokens>;
let planner: TestAgent;
let ticketApi: TestAgent;

const open = async (...budgets: readonly Budget[]) => {
  world = await createWorld(
    [
      { ...inBase("resource", "tickets"), introspecting: true },
      { ...inBase("agent", "planner"), ...(budgets.length > 0 ? { budgets } : {}) },
    ],
    tokens,
  );
  [planner, ticketApi] = (await Promise.all(["planner", "ticket-api"].map(world.newAgent))) as [TestAgent, TestAgent];
};
beforeEach(() => open({ name: "tickets", resources: [tickets], calls: { hour: 2 } }));

const fetchToken = async (resource = tickets, scope = "tickets:read") =>
  world.exchange(planner, world.idToken("planner-app"), idTokenType, { resource, scope });
const ask = async (token: string, params: Record<string, string> = {}) =>
  (await world.send("introspect", ticketApi, { token, ...params })).body;
const why = () => JSON.parse(world.store.records.at(-1)?.body ?? "{}").unmapped.lanyard;

describe("threat 60: introspection", () => {
  test("takes one call from the budget, says yes as often as it has calls, and then what is left and until when", async () => {
    const { access_token: token } = (await fetchToken()).body;
    expect([(await ask(token)).active, (await ask(token)).active]).toEqual([true, true]);
    expect(why()).toMatchObject({
      operation: "token.use",
      budgets: [`tickets#agent/${agentId("planner")}#2026-08-01T00`],
    });
    expect(await ask(token)).toMatchObject({
      active: false,
      error: "budget_spent",
      ...{ budget: "tickets", of: "agent", what: "calls", left: 0, renews_at: world.time.seconds + 3_600 },
    });
  });

  test("takes nothing for another key than the token's, or for a server that the token is not for", async () => {
    const { access_token: token } = (await fetchToken()).body;
    expect(await ask(token, { dpop_jkt: "x".repeat(43) })).toEqual({ active: false });
    const other = await world.newAgent("customer-api");
    expect((await world.send("introspect", other, { token })).body).toEqual({ active: false });
    expect(world.store.budgets.calls).toEqual([]);
  });

  test("gives back what it took where its proof was used before", async () => {
    const { access_token: token } = (await fetchToken()).body;
    world.store.use = async () => ({ ok: false, error: { kind: "replay", entry: "dpop" } });
    await ask(token);
    expect([...world.store.budgets.spent.values()]).toEqual([0]);
  });

  test("asks table Budgets for nothing, and writes nothing, where no budget applies", async () => {
    await open();
    const { access_token: token } = (await fetchToken()).body;
    world.store.calls.length = 0;
    expect((await ask(token)).active).toBe(true);
    expect(world.store.calls).toEqual(["readHandle", "readLiveness"]);
    expect(world.store.budgets.calls).toEqual([]);
  });
});

describe("threat 60: a grant that a budget applies to", () => {
  test("is refused at a resource whose tokens are verified offline: nobody would count its calls", async () => {
    await open({ name: "all", calls: { day: 1 } });
    const { status, body } = await fetchToken(customers, "customers:read");
    expect([status, body.error]).toEqual([400, "invalid_target"]);
    expect(why().denial).toMatchObject({ code: "budget_not_counted", budget: "all", resource: customers });
    expect((await fetchToken()).status).toBe(200);
  });

  test("is refused to whoever works below the agent, too: at the next hop nobody counts", async () => {
    await open({ name: "all", calls: { day: 9 } });
    const { access_token: token } = (await fetchToken()).body;
    const hop = await world.exchange(ticketApi, token, "urn:ietf:params:oauth:token-type:access_token", {
      resource: customers,
      scope: "customers:read",
    });
    expect([hop.status, why().denial.code]).toEqual([400, "budget_not_counted"]);
  });
});

const money = (most: number): Budget => ({
  name: "spend",
  resources: [tickets],
  money: { currency: "EUR", day: most },
});
const spentEuros = () => world.store.budgets.spent.get(`spend#agent/${agentId("planner")}#2026-08-01 EUR`);
const settle = (report: string, cost: string, by = ticketApi) => world.send("introspect", by, { report, cost });

describe("threat 60: money", () => {
  test("is reserved with the most a request can cost, and what it did not cost goes back, once by the report's id", async () => {
    await open(money(1_000));
    const { access_token: token } = (await fetchToken()).body;
    const { active, report } = await ask(token, { cost: "600 EUR" });
    expect([active, spentEuros()]).toEqual([true, 600]);
    expect(await ask(token, { cost: "401 EUR" })).toMatchObject({ active: false, what: "EUR", left: 400 });
    const told = await Promise.all([1, 2, 3].map(() => settle(report, "250 EUR")));
    expect(told.map(({ body }) => body)).toEqual(Array(3).fill({ report, cost: "250 EUR" }));
    expect(spentEuros()).toBe(250);
    expect((await settle(report, "100 EUR")).body.error_description).toMatch(/settled at 250 EUR/);
    expect(spentEuros()).toBe(250);
  });

  test("is refused where the server names no cost, or one in another currency: nothing is unbounded", async () => {
    await open(money(1_000));
    const { access_token: token } = (await fetchToken()).body;
    expect(await ask(token)).toMatchObject({ active: false, error: "cost_required", currency: "EUR" });
    expect(await ask(token, { cost: "1 USD" })).toMatchObject({ active: false, error: "cost_required" });
    expect((await world.send("introspect", ticketApi, { token, cost: "1.5 EUR" })).status).toBe(400);
    expect(spentEuros()).toBeUndefined();
  });

  test("that costs more than was reserved empties the budget until its window ends, and is on record as refused", async () => {
    await open(money(1_000));
    const { access_token: token } = (await fetchToken()).body;
    const { report } = await ask(token, { cost: "100 EUR" });
    expect((await settle(report, "130 EUR")).body).toEqual({ report, cost: "130 EUR", exceeds: "30 EUR" });
    expect(await ask(token, { cost: "1 EUR" })).toMatchObject({ active: false, error: "budget_spent", left: 0 });
    const record = JSON.parse(world.store.budgets.records.at(-1)?.body ?? "{}");
    expect(record).toMatchObject({ status_code: "cost_exceeds", metadata: { event_code: "budget.settle" } });
    world.time.seconds += 86_400;
    const next = (await fetchToken()).body.access_token;
    expect((await ask(next, { cost: "1 EUR" })).active).toBe(true);
  });

  test("is settled by the resource's server alone; another is told of no such report, as of one that is none", async () => {
    await open(money(1_000));
    const { report } = await ask((await fetchToken()).body.access_token, { cost: "100 EUR" });
    const others = await Promise.all(["customer-api", "planner"].map(world.newAgent));
    const faces = [
      await settle(report, "0 EUR", others[0]),
      await settle("A".repeat(22), "0 EUR"),
      await settle("x#agent/y", "0 EUR"),
    ].map(({ status, body }) => [status, body.error_description]);
    expect(faces[0]?.[0]).not.toBe(200);
    expect(faces[1]).toEqual(faces[2]);
    expect((await settle(report, "0 EUR", others[1])).status).not.toBe(200);
    expect(spentEuros()).toBe(100);
  });

  test("gives nothing back to a window that is over", async () => {
    await open(money(1_000));
    const { report } = await ask((await fetchToken()).body.access_token, { cost: "100 EUR" });
    world.time.seconds += 86_400;
    expect((await settle(report, "0 EUR")).status).toBe(200);
    expect(spentEuros()).toBe(100);
  });
});

describe("threat 60: a budget of a session", () => {
  const withBudget = (budget: object, more: object = {}) =>
    world.exchange(planner, world.idToken("planner-app"), idTokenType, {
      ...{ resource: tickets, scope: "tickets:read", budget: JSON.stringify(budget) },
      ...more,
    });

  test("counts what the session and everything below it spend, beside the agent's", async () => {
    await open({ name: "tickets", resources: [tickets], calls: { hour: 5 } });
    const { access_token: token } = (await withBudget({ calls: { hour: 1 } })).body;
    expect((await ask(token)).active).toBe(true);
    expect(await ask(token)).toMatchObject({ active: false, of: "session", left: 0 });
    const other = (await fetchToken()).body.access_token;
    expect((await ask(other)).active).toBe(true);
    expect([...world.store.budgets.spent.values()].toSorted()).toEqual([1, 2]);
  });

  test("never widens the agent's", async () => {
    await open({ name: "tickets", resources: [tickets], calls: { hour: 1 } });
    const { access_token: token } = (await withBudget({ calls: { hour: 1_000 } })).body;
    await ask(token);
    expect(await ask(token)).toMatchObject({ active: false, of: "agent" });
  });

  test("is refused where nobody counts, for what is no new session, and in any other form", async () => {
    await open();
    expect((await withBudget({ calls: { hour: 1 } }, { resource: customers, scope: "customers:read" })).status).toBe(
      400,
    );
    expect(why().denial.code).toBe("budget_not_counted");
    const session = await withBudget({ calls: { day: 1 } }, { requested_token_type: sessionTokenType });
    const again = await world.exchange(planner, session.body.access_token, sessionTokenType, {
      ...{ resource: tickets, budget: '{"calls":{"day":99}}' },
    });
    expect([again.status, again.body.error]).toEqual([400, "invalid_request"]);
    for (const bad of [{}, { calls: {} }, { calls: { hour: 0 } }, { calls: { week: 1 } }, { money: { hour: 1 } }])
      expect((await withBudget(bad)).status).toBe(400);
  });
});

describe("threat 60: a budget of a policy", () => {
  const policy = (cedar: string) => ({ kind: "policy", name: "desk-hours", cedar }) as const;
  const permits = policy('@budget("calls 2/hour, EUR 500/day")\npermit (principal, action, resource);');

  test("counts for each principal what the policy permits, through every token that it permitted", async () => {
    world = await createWorld([{ ...inBase("resource", "tickets"), introspecting: true }, permits], tokens);
    world.policy.engine = { decide: () => ({ allowed: true, policies: ["desk-hours"] }) };
    [planner, ticketApi] = (await Promise.all(["planner", "ticket-api"].map(world.newAgent))) as [TestAgent, TestAgent];
    const first = (await fetchToken()).body.access_token;
    const second = (await fetchToken()).body.access_token;
    const cost = { cost: "100 EUR" };
    expect([(await ask(first, cost)).active, (await ask(second, cost)).active]).toEqual([true, true]);
    expect(await ask(first, cost)).toMatchObject({ active: false, budget: "desk-hours", of: "policy", what: "calls" });
    const grace = await world.exchange(planner, world.idToken("planner-app", { sub: "grace" }), idTokenType, {
      ...{ resource: tickets, scope: "tickets:read" },
    });
    expect((await ask(grace.body.access_token, cost)).active).toBe(true);
  });

  test("refuses what it would permit where nobody counts", async () => {
    world = await createWorld([permits], tokens);
    world.policy.engine = { decide: () => ({ allowed: true, policies: ["desk-hours"] }) };
    planner = await world.newAgent("planner");
    expect((await fetchToken()).status).toBe(400);
    expect(why().denial).toMatchObject({ code: "budget_not_counted", budget: "desk-hours" });
  });
});
