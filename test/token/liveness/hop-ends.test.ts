import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import type { AgentRegistration } from "../../../core/model/agent-registration.ts";
import type { Registration, ScopeMappingRegistration } from "../../../core/model/registry.ts";
import type { Session } from "../../../core/model/session.ts";
import { accessTokenType, idTokenType, offerTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import { lastEndOfExchange } from "../../../core/narrow/scope-mapping.ts";
import { sessionItem, sessionOf } from "../../../lambdas/aws/dynamodb/sessions/session-rows.ts";
import { agentId, customers, inBase, registry, tickets } from "../../kit/registry.ts";
import type { TestAgent } from "../../kit/world/agents.ts";
import { startSeconds } from "../../kit/world/ground.ts";
import { type Params, type Tokens, tokens } from "../../kit/world/tokens.ts";
import { createWorld, type World } from "../../kit/world/world.ts";

const long = (name: string, more: Partial<AgentRegistration> = {}): AgentRegistration => ({
  ...inBase("agent", name),
  maxLifetimeSeconds: 7_200,
  ...more,
});
const readTickets = { resource: tickets, scope: "tickets:read" };
const readCustomers = { resource: customers, scope: "customers:read" };
const entails = (more: Partial<ScopeMappingRegistration> = {}): ScopeMappingRegistration => ({
  ...inBase("entailment", "tickets-show-customers"),
  ...more,
});
const agents = [
  long("planner"),
  long("researcher"),
  long("ticket-api", {
    may: [...inBase("agent", "ticket-api").may, { resource: tickets, scopes: ["tickets:read"] }],
  }),
];

let world: World<Tokens>;
let planner: TestAgent;
let tickApi: TestAgent;
let researcher: TestAgent;
let root: string;

async function start(...rows: readonly Registration[]) {
  world = await createWorld([...agents, ...rows], tokens);
  const names = ["planner", "ticket-api", "researcher"];
  [planner, tickApi, researcher] = (await Promise.all(names.map(world.newAgent))) as [TestAgent, TestAgent, TestAgent];
  root = (await open({ lifetime_seconds: "3000" })).body.access_token;
}
const open = (more: Params = {}) =>
  world.exchange(planner, world.idToken("planner-app"), idTokenType, {
    resource: [tickets, customers],
    scope: "tickets:read customers:read",
    requested_token_type: sessionTokenType,
    ...more,
  });
const access = async (seconds = 60) => {
  const asked = { ...readTickets, lifetime_seconds: String(seconds) };
  return (await world.exchange(planner, root, sessionTokenType, asked)).body.access_token as string;
};
const hop = (token: string, more: Params = {}) =>
  world.exchange(tickApi, token, accessTokenType, {
    ...readCustomers,
    requested_token_type: sessionTokenType,
    ...more,
  });
const renew = (by: TestAgent, token: string, seconds: number, type = sessionTokenType) =>
  world.exchange(by, token, type, { requested_token_type: sessionTokenType, lifetime_seconds: String(seconds) });
const reason = () => JSON.parse(world.store.records.at(-1)?.body ?? "{}").unmapped.lanyard.denial;

beforeEach(() => start());

describe("threat 35: what another makes of a token ends with it", () => {
  test("however long it asks for, and it is told how long it may be", async () => {
    const token = await access(5);
    const child = await hop(token);
    expect([child.status, child.body.expires_in]).toEqual([200, 5]);
    expect((await hop(token, { lifetime_seconds: "6" })).status).toBe(400);
    expect(reason()).toEqual({ code: "lifetime_exceeds", requestedSeconds: 6, allowedSeconds: 5 });
    world.time.seconds += 5;
    expect((await world.exchange(tickApi, child.body.access_token, sessionTokenType, readCustomers)).status).toBe(400);
  });

  test("by no renewal, offer or grandchild later", async () => {
    const child = (await hop(await access(100))).body.access_token;
    expect((await renew(tickApi, child, 101)).status).toBe(400);
    expect(reason()).toEqual({ code: "lifetime_exceeds", requestedSeconds: 101, allowedSeconds: 100 });
    const offer = await world.exchange(tickApi, child, sessionTokenType, {
      ...readCustomers,
      audience: agentId("researcher"),
      requested_token_type: offerTokenType,
    });
    expect(offer.body.expires_in).toBe(100);
    world.time.seconds += 40;
    const below = await world.exchange(researcher, offer.body.access_token, offerTokenType, {
      requested_token_type: sessionTokenType,
    });
    expect([below.status, below.body.expires_in]).toEqual([200, 60]);
    expect((await renew(researcher, below.body.access_token, 61)).status).toBe(400);
    const bounds = [...world.store.sessions.values()].map((row) => row.lastEndSeconds);
    expect(bounds).toEqual([undefined, startSeconds + 100, startSeconds + 100]);
  });

  test("of a token that was itself fetched with one of five seconds: the shorter was another's to hand on", async () => {
    const short = await access(5);
    const own = await world.exchange(planner, short, accessTokenType, readTickets);
    // shown with its own key it fetches tokens of the session, which is its grant
    expect([own.status, own.body.expires_in]).toEqual([200, 300]);
    expect((await hop(short)).body.expires_in).toBe(5);
  });

  test("where the entailment grants a life of its own, then, counted from the hop and within the parent", async () => {
    await start(entails({ lifetimeSeconds: 1_000 }));
    const token = await access(60);
    world.time.seconds += 50;
    const child = await hop(token, { lifetime_seconds: "200" });
    expect([child.status, child.body.expires_in]).toEqual([200, 200]);
    // the token is over, the child goes on, to the bound of its hop and not from when it is renewed
    world.time.seconds += 100;
    expect((await renew(tickApi, child.body.access_token, 901)).status).toBe(400);
    expect(reason()).toEqual({ code: "lifetime_exceeds", requestedSeconds: 901, allowedSeconds: 900 });
    expect((await renew(tickApi, child.body.access_token, 900)).status).toBe(200);
    await start(entails({ lifetimeSeconds: 1_000 }));
    root = (await open({ lifetime_seconds: "400" })).body.access_token;
    expect((await hop(await access(60))).body.expires_in).toBe(400);
  });

  test("where a shorter life is granted than the token has left, with the token", async () => {
    await start(entails({ lifetimeSeconds: 10 }));
    expect((await hop(await access(60))).body.expires_in).toBe(60);
  });

  test("for any entailments taken: never later than the least life they grant or the token, whichever is later", () => {
    const life = fc.option(fc.integer({ min: 1, max: 1_000 }), { nil: undefined });
    const to = (name: string, lifetimeSeconds: number | undefined) =>
      entails({ name, ...(lifetimeSeconds === undefined ? {} : { lifetimeSeconds }) });
    fc.assert(
      fc.property(life, life, fc.integer({ min: 1, max: 1_000 }), (first, second, left) => {
        const rows = registry(1, to("tickets-show-customers", first), to("another", second));
        const grant = (resource: string, scope: string) => ({ resource, scopes: [scope], details: [] });
        const last = lastEndOfExchange(
          { expiresAtSeconds: left, nowSeconds: 0 },
          {
            agentId: agentId("ticket-api"),
            presented: grant(tickets, "tickets:read"),
            wanted: [grant(customers, "customers:read")],
          },
          rows,
        );
        expect(last).toBe(Math.max(left, Math.min(first ?? 0, second ?? 0)));
      }),
    );
  });
});

describe("threat 33: a hop stands by its entailment as it is now", () => {
  const elsewhere = entails({ from: { resource: tickets, scope: "tickets:write" } });

  test("so that nothing more comes of it once that is withdrawn, though its parent holds the same scope", async () => {
    await start(entails({ lifetimeSeconds: 2_000 }));
    const child = (await hop(await access(60), { lifetime_seconds: "300" })).body.access_token;
    const steps = [
      () => renew(tickApi, child, 600),
      () => world.exchange(tickApi, child, sessionTokenType, readCustomers),
      () =>
        world.exchange(tickApi, child, sessionTokenType, {
          ...readCustomers,
          audience: agentId("researcher"),
          requested_token_type: offerTokenType,
        }),
    ];
    for (const step of steps) expect((await step()).status).toBe(200);
    world.publish(2, ...agents, elsewhere);
    for (const step of steps) {
      expect((await step()).status).toBe(400);
      expect(reason()).toMatchObject({ code: "scope_exceeds", by: "entailment" });
    }
  });

  test("and is held to what the token it was made of said, not to what its parent holds beside that", async () => {
    await start(entails({ lifetimeSeconds: 2_000 }));
    root = (await open({ scope: "tickets:read tickets:write customers:read", lifetime_seconds: "3000" })).body
      .access_token;
    const child = (await hop(await access(60))).body.access_token;
    world.publish(2, ...agents, { ...elsewhere, lifetimeSeconds: 2_000 });
    expect((await renew(tickApi, child, 1_000)).status).toBe(400);
  });

  test("a constraint that carries over now and that it does not hold refuses it", async () => {
    const wide = entails({ lifetimeSeconds: 2_000, details: {} });
    await start(wide);
    const child = (await hop(await access(60))).body.access_token;
    const [key, row] = [...world.store.sessions].find(([, session]) => session.via?.kind === "hop") ?? [];
    if (!key || row?.via?.kind !== "hop") throw new Error("there is no hop");
    const details = [{ type: "ticket-customer", customers: ["c1"] }];
    world.store.sessions.set(key, { ...row, via: { ...row.via, presented: { ...row.via.presented, details } } });
    world.publish(2, ...agents, entails({ lifetimeSeconds: 2_000 }));
    expect((await renew(tickApi, child, 1_000)).status).toBe(400);
    expect(reason()).toMatchObject({ code: "details_exceed", type: "customer-record" });
  });

  test("a child whose row does not tell which way it came is not renewed", async () => {
    await start(entails({ lifetimeSeconds: 2_000 }));
    const child = (await hop(await access(60))).body.access_token;
    for (const [key, { via: _, ...row }] of world.store.sessions) world.store.sessions.set(key, row);
    expect((await renew(tickApi, child, 1_000)).status).toBe(400);
    expect(reason()).toMatchObject({ code: "renewal_refused" });
    expect((await renew(planner, root, 3_100)).status).toBe(200);
  });

  test("its row brings back exactly which way it came, restrictions included", async () => {
    await start();
    const details = JSON.stringify([{ type: "ticket-customer", customers: ["c1", "c2"] }]);
    const token = await world.exchange(planner, root, sessionTokenType, {
      ...readTickets,
      authorization_details: details,
    });
    await hop(token.body.access_token);
    const rows = [...world.store.sessions.values()];
    expect(rows.map((row) => row.via?.kind)).toEqual([undefined, "hop"]);
    for (const row of rows) expect(sessionOf(sessionItem(row as Session))).toEqual(row);
  });
});
