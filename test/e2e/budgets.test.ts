import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { awsStsWebIdentity } from "../../client/evidence/aws-sts-web-identity.ts";
import { createAgent } from "../../client/index.ts";
import { customers, tickets } from "../../local/demo/story/desk.ts";
import { awaitRecords, type StoredRecord } from "../../local/demo/story/records.ts";
import { raiseWorld, type World } from "../../local/demo/story/world.ts";
import { copiedExample } from "../kit/example.ts";

/** Calls the planner has in a day, and in an hour; more than a test makes by accident, and few enough to be used up. */
const most = { day: 9, hour: 6 };

/** The example's registry, with a ticket API that asks about every request and a planner with a budget there. */
function writeRegistry(): string {
  const { folder, change } = copiedExample();
  change("resources.yaml", "servedBy: ticket-api\n", "servedBy: ticket-api\nintrospecting: true\n");
  const budget = `budgets:\n  - name: desk\n    resources: [${tickets}]\n    calls: { hour: ${most.hour}, day: ${most.day} }\n`;
  change("agents/planner.yaml", "maxDepth: 3\n", `maxDepth: 3\n${budget}`);
  return folder;
}

let world: World;
let registry: string;
beforeAll(async () => {
  registry = writeRegistry();
  world = await raiseWorld({ memory: true, registry, onProgress: () => undefined });
});
afterAll(async () => {
  await world?.close();
  rmSync(registry, { recursive: true, force: true });
});

const agentOf = (name: string) => {
  const { endpoints } = world;
  const { id, credentials } = endpoints.agents[name] ?? { id: "", credentials: undefined };
  if (!credentials) throw new Error(`no agent ${name}`);
  const evidence = awsStsWebIdentity({ ...endpoints.aws, credentials: { ...credentials } });
  return createAgent({ issuer: endpoints.issuer, agent: id, evidence });
};
const signIn = async () => ({ onBehalfOf: { idToken: (await world.provider.signInAs("planner")).id_token } });
const forTickets = [{ resource: tickets, scopes: ["tickets:read"] }];

describe("budgets, over HTTP, each function under its own rights", () => {
  it("threat 60: of thirty questions at one instant, as many are answered as the hour has calls, through two sessions", async () => {
    const planner = agentOf("planner");
    const api = agentOf("ticket-api");
    await api.identity();
    const sessions = [
      await planner.open({ ...(await signIn()), grants: forTickets }),
      await planner.open({ ...(await signIn()), grants: forTickets }),
    ];
    const tokens = await Promise.all(sessions.map((one) => one.accessToken(tickets)));
    const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => api.introspect(tokens[i % 2]?.token ?? "")));
    expect(answers.filter(({ active }) => active)).toHaveLength(most.hour);
    const refused = answers.find(({ active }) => active === false) as Record<string, unknown>;
    expect(refused).toMatchObject({ error: "budget_spent", budget: "desk", of: "agent", what: "calls", left: 0 });
    expect(Number(refused.renews_at) % 3_600).toBe(0);
    const taken = (all: readonly StoredRecord[]) =>
      all.filter(({ facts }) => facts.operation === "token.use" && facts.outcome === "allowed");
    const kept = await awaitRecords(world, (all) => taken(all).length >= most.hour, 20_000);
    expect(taken(kept)).toHaveLength(most.hour);
    for (const { facts } of taken(kept)) expect(facts).toMatchObject({ agent: api.agent });
  });

  it("threat 60: an agent without a budget there goes on, at the same server, while the other is refused", async () => {
    const api = agentOf("ticket-api");
    const session = await agentOf("triage").open({
      onBehalfOf: { idToken: (await world.provider.signInAs("triage")).id_token },
      grants: forTickets,
    });
    const { token } = await session.accessToken(tickets);
    expect((await api.introspect(token)).active).toBe(true);
    const planner = await agentOf("planner").open({ ...(await signIn()), grants: forTickets });
    expect((await api.introspect((await planner.accessToken(tickets)).token)).active).toBe(false);
  });

  it("a resource that the budget does not name is used as before: verified offline, and counted by nobody", async () => {
    const session = await agentOf("planner").open({
      ...(await signIn()),
      grants: [{ resource: customers, scopes: ["customers:read"] }],
    });
    expect((await session.accessToken(customers)).token).toMatch(/^ey/);
  });
});
