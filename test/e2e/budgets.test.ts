import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../bin/lanyard/program.ts";
import { awsStsWebIdentity } from "../../client/evidence/aws-sts-web-identity.ts";
import { type Cost, createAgent, type SessionBudget } from "../../client/index.ts";
import { AccessError, createResourceServer } from "../../client/verify.ts";
import { writeEndpoints } from "../../local/demo/endpoints.ts";
import { customers, tickets } from "../../local/demo/story/desk.ts";
import { awaitRecords, type StoredRecord } from "../../local/demo/story/records.ts";
import { raiseWorld, type World } from "../../local/demo/story/world.ts";
import { copiedExample } from "../kit/example.ts";
import { serve } from "../kit/serve.ts";

/** Calls the planner has in a day, and in an hour; more than a test makes by accident, and few enough to be used up. */
const most = { day: 9, hour: 6 };

/** What triage may spend at the ticket API in a day, in cents. */
const dayCents = 1_000;
const cents = `budgets:\n  - name: spend\n    resources: [${tickets}]\n    money: { currency: EUR, day: ${dayCents} }\n`;

/** The example's registry, with a ticket API that asks about every request and a planner with a budget there. */
function writeRegistry(): string {
  const { folder, change } = copiedExample();
  change("resources.yaml", "servedBy: ticket-api\n", "servedBy: ticket-api\nintrospecting: true\n");
  const budget = `budgets:\n  - name: desk\n    resources: [${tickets}]\n    calls: { hour: ${most.hour}, day: ${most.day} }\n`;
  change("agents/planner.yaml", "maxDepth: 3\n", `maxDepth: 3\n${budget}`);
  change("agents/triage.yaml", "maxDepth: 1\n", `maxDepth: 1\n${cents}`);
  return folder;
}

let world: World;
let registry: string;
const folder = mkdtempSync(join(tmpdir(), "lanyard-budgets-"));
beforeAll(async () => {
  registry = writeRegistry();
  world = await raiseWorld({ memory: true, registry, onProgress: () => undefined });
  writeEndpoints(join(folder, ".lanyard"), world.endpoints);
});
afterAll(async () => {
  await world?.close();
  rmSync(registry, { recursive: true, force: true });
  rmSync(folder, { recursive: true, force: true });
});

const agentOf = (name: string, servedAt: Readonly<Record<string, string>> = {}) => {
  const { endpoints } = world;
  const { id, credentials } = endpoints.agents[name] ?? { id: "", credentials: undefined };
  if (!credentials) throw new Error(`no agent ${name}`);
  const evidence = awsStsWebIdentity({ ...endpoints.aws, credentials: { ...credentials } });
  return createAgent({ issuer: endpoints.issuer, agent: id, evidence, servedAt });
};
const euros = (amountMinor: number): Cost => ({ amountMinor, currency: "EUR" });

/** How the command says that budgets stand. */
async function standing(...args: readonly string[]) {
  const out: string[] = [];
  const terminal = { out: (text: string) => out.push(text), err: () => undefined };
  const code = await run(["budgets", ...args, "--json"], { terminal, env: process.env, folder } as never);
  if (code !== 0) throw new Error(out.join("\n"));
  return JSON.parse(out.join("\n")).budgets as readonly {
    readonly of: string;
    readonly windows: readonly { readonly window: string; readonly calls?: object; readonly money?: object }[];
  }[];
}

/**
 * The ticket API as an HTTP server, whose guard names what a request costs by its path: `/render/<at most>/<cost>`.
 * Each call is settled before it is answered.
 */
async function openApi() {
  const agent = agentOf("ticket-api");
  const guards = [0, 1].map(() =>
    createResourceServer({
      ...{ issuer: world.endpoints.issuer, resource: tickets, mode: "introspect", agent },
      costAtMost: ({ url }) => euros(Number(url.split("/")[2])),
      requestUrl: ({ url }) => server.origin + url,
    }),
  );
  let served = 0;
  const server: Awaited<ReturnType<typeof serve>> = await serve(async ({ method, path, headers }) => {
    // two instances, by turns
    const guard = guards[served++ % 2];
    try {
      const caller = await guard?.authenticate({ method, url: path, headers });
      const settled = await caller?.reserved?.settle(euros(Number(path.split("/")[3])));
      return { body: JSON.stringify(settled ?? {}) };
    } catch (error) {
      if (!(error instanceof AccessError)) throw error;
      const { status, headers: told, body } = error.reply;
      return { status, headers: told, body };
    }
  });
  return server;
}

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
    const session = await agentOf("researcher").open({
      onBehalfOf: { idToken: (await world.provider.signInAs("researcher")).id_token },
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

describe("costs and budgets that are handed on, over HTTP, by the client's own guard", () => {
  it("threat 66: of twenty calls at one instant through two instances, as many are let in as the day has money for", async () => {
    const api = await openApi();
    const triage = agentOf("triage", { [tickets]: api.origin });
    const session = await triage.open({
      onBehalfOf: { idToken: (await world.provider.signInAs("triage")).id_token },
      grants: forTickets,
    });
    await session.accessToken(tickets);
    const call = (path: string) => session.fetch(`${api.origin}${path}`, { resource: tickets });
    // 300 reserved and 100 spent, each: what waits for its settlement keeps others out, and comes back
    const answers = await Promise.all(Array.from({ length: 20 }, () => call("/render/300/100")));
    const admitted = answers.filter(({ status }) => status === 200);
    const refused = answers.filter(({ status }) => status === 429);
    expect(admitted.length + refused.length).toBe(20);
    expect(admitted.length).toBeGreaterThanOrEqual(3);
    expect(admitted.length).toBeLessThanOrEqual(10);
    for (const one of refused) {
      expect(Date.parse(one.headers.get("retry-after") ?? "") % 86_400_000).toBe(0);
      expect(await one.text()).not.toMatch(/left|spend|triage/);
    }
    const [spend] = await standing("--agent", "triage");
    const spentMinor = 100 * admitted.length;
    const leftMinor = dayCents - spentMinor;
    expect(spend?.windows[0]?.money).toEqual({
      currency: "EUR",
      limitMinor: dayCents,
      spentMinor,
      reservedMinor: 0,
      leftMinor,
    });
    expect((await call(`/render/${leftMinor}/0`)).status).toBe(200);
    expect((await call(`/render/${leftMinor + 1}/0`)).status).toBe(429);
  });

  it("threat 66: a budget that is handed on bounds the other agent, is counted in the session's own, and is no wider", async () => {
    const api = agentOf("ticket-api");
    const budget: SessionBudget = { calls: { day: 2 } };
    const root = await agentOf("researcher").open({
      ...{ onBehalfOf: { idToken: (await world.provider.signInAs("researcher")).id_token }, grants: forTickets },
      ...{ budget: { calls: { day: 3 } }, renewable: true },
    });
    const offer = { to: world.endpoints.agents.triage?.id ?? "", grants: forTickets };
    await expect(root.offer({ ...offer, budget: { calls: { day: 4 } } })).rejects.toMatchObject({
      code: "request_refused",
    });
    const { handle } = await root.offer({ ...offer, budget });
    const child = await agentOf("triage").redeem(handle, { expect: "anything" });
    const { token } = await child.accessToken(tickets);
    const free = { costAtMost: euros(0) };
    const answers = await Promise.all(Array.from({ length: 6 }, () => api.introspect(token, free)));
    expect(answers.filter(({ active }) => active)).toHaveLength(2);
    const own = (await root.accessToken(tickets)).token;
    expect([(await api.introspect(own)).active, (await api.introspect(own)).active]).toEqual([true, false]);
    const stand = await standing("--session", child.sid);
    const left = stand.filter(({ of }) => of === "session").map(({ windows }) => windows[0]?.calls);
    expect(left).toEqual([
      { limit: 3, spent: 3, left: 0 },
      { limit: 2, spent: 2, left: 0 },
    ]);
  });

  it("an operator sees every budget by one command, and no row of a single call", async () => {
    expect((await standing()).map(({ of }) => of)).toEqual(["agent", "agent"]);
    const [desk] = await standing("--agent", "planner");
    expect(desk?.windows.map(({ window }) => window)).toEqual(["day", "hour"]);
    for (const { calls } of desk?.windows ?? []) {
      const { limit, spent, left } = calls as Record<"limit" | "spent" | "left", number>;
      expect([most.day, most.hour]).toContain(limit);
      expect(left).toBe(limit - spent);
    }
  });
});
