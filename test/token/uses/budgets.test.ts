import { beforeEach, describe, expect, test } from "vitest";
import type { Budget } from "../../../core/model/budget.ts";
import { idTokenType } from "../../../core/model/wire.ts";
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
