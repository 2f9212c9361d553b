import { beforeEach, describe, expect, it } from "vitest";
import { decodeUnverified } from "../../../core/jose/jwt.ts";
import type { AgentRegistration } from "../../../core/model/agent-registration.ts";
import { accessTokenType, idTokenType, offerTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import { agent, agentId, baseRows, customers, tickets } from "../../kit/registry.ts";
import type { TestAgent } from "../../kit/world/agents.ts";
import { type Params, type Tokens, tokens } from "../../kit/world/tokens.ts";
import { createWorld, type World } from "../../kit/world/world.ts";

type Name = "planner" | "researcher" | "triage" | "ticket-api" | "customer-api";
const forTickets = { resource: tickets, scope: "tickets:read" };
const own: Params = { grant_type: "client_credentials", ...forTickets };

let world: World<Tokens>;
let agents: Record<Name, TestAgent>;
let version = 1;
/** Session and access token of each agent of the chain planner → researcher → triage. */
let chain: Record<"planner" | "researcher" | "triage", { session: string; access: string }>;

const as = (name: Name) => agents[name];
const sidOf = (token: string) => String(decodeUnverified(token)?.payload.sid);
const reason = () => JSON.parse(world.store.records.at(-1)?.body ?? "{}").status_code;

/** Publishes the registry with one agent in another state. */
function put(name: Name, state: AgentRegistration["state"]): void {
  const row = baseRows.find((one): one is AgentRegistration => one.kind === "agent" && one.name === name);
  if (!row) throw new Error(name);
  version++;
  world.publish(version, { ...row, state, maxDepth: 4 });
}

const access = async (by: Name, session: string) =>
  world.exchange(as(by), session, sessionTokenType, { ...forTickets, requested_token_type: accessTokenType });
const offer = (by: Name, session: string, to: Name) =>
  world.exchange(as(by), session, sessionTokenType, {
    ...forTickets,
    audience: agentId(to),
    requested_token_type: offerTokenType,
  });
const redeem = (by: Name, handle: string) =>
  world.exchange(as(by), handle, offerTokenType, { requested_token_type: sessionTokenType });
const introspect = async (token: string, by: Name = "ticket-api") =>
  (await world.send("introspect", as(by), { token })).body;

beforeEach(async () => {
  world = await createWorld([], tokens);
  const names: Name[] = ["planner", "researcher", "triage", "ticket-api", "customer-api"];
  const made = await Promise.all(names.map((name) => world.newAgent(name)));
  agents = Object.fromEntries(names.map((name, n) => [name, made[n]])) as Record<Name, TestAgent>;
  version = 1;
  put("triage", "active");
  const opened = await world.exchange(as("planner"), world.idToken("planner-app"), idTokenType, {
    resource: [tickets, customers],
    scope: "tickets:read customers:read",
    requested_token_type: sessionTokenType,
  });
  const planner = opened.body.access_token;
  const first = await offer("planner", planner, "researcher");
  const researcher = (await redeem("researcher", first.body.access_token)).body.access_token;
  const second = await offer("researcher", researcher, "triage");
  const triage = (await redeem("triage", second.body.access_token)).body.access_token;
  chain = {
    planner: { session: planner, access: (await access("planner", planner)).body.access_token },
    researcher: { session: researcher, access: (await access("researcher", researcher)).body.access_token },
    triage: { session: triage, access: (await access("triage", triage)).body.access_token },
  };
});

it("a chain of active agents works from end to end", async () => {
  for (const { access: token } of Object.values(chain)) expect(await introspect(token)).toMatchObject({ active: true });
  expect((await offer("triage", chain.triage.session, "planner")).status).toBe(200);
});

const positions = [
  ["at the top", "planner"],
  ["in the middle", "researcher"],
  ["at the end", "triage"],
] as const;
const idle = ["suspended", "retired", "draft"] as const;

describe.each(positions)("a chain with an idle agent %s", (_, name) => {
  it.each(idle)("gets no access token at its end while that one is %s", async (state) => {
    put(name, state);
    const before = world.store.sessions.size;
    const signed = world.signers.session.signatures;
    const { status, body } = await access("triage", chain.triage.session);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(JSON.stringify(body)).not.toContain("eyJ");
    expect(reason()).toBe(name === "triage" ? "agent_inactive" : "parent_dead");
    expect([world.store.sessions.size, world.signers.session.signatures]).toEqual([before, signed]);
  });

  it.each(idle)("hands nothing on while that one is %s", async (state) => {
    put(name, state);
    const { status } = await offer("triage", chain.triage.session, "planner");
    expect(status).toBeGreaterThanOrEqual(400);
  });

  it.each(idle)("is no longer introspected as active at the very next question, once that one is %s", async (state) => {
    expect(await introspect(chain.triage.access)).toMatchObject({ active: true });
    put(name, state);
    expect(await introspect(chain.triage.access)).toEqual({ active: false });
  });

  it("makes no next hop at the server of its token", async () => {
    put(name, "suspended");
    const hop = await world.exchange(as("ticket-api"), chain.triage.access, accessTokenType, {
      resource: customers,
      scope: "customers:read",
    });
    expect(hop.status).toBeGreaterThanOrEqual(400);
    expect(reason()).toBe("parent_dead");
  });

  it("is alive again when that one is active again: suspension is no revocation", async () => {
    put(name, "suspended");
    expect(await introspect(chain.triage.access)).toEqual({ active: false });
    put(name, "active");
    put("triage", "active");
    expect(await introspect(chain.triage.access)).toMatchObject({ active: true });
  });
});

it("the sessions above an idle agent are untouched", async () => {
  put("researcher", "suspended");
  expect(await introspect(chain.planner.access)).toMatchObject({ active: true });
  expect((await access("planner", chain.planner.session)).status).toBe(200);
});

describe("a suspended agent itself", () => {
  it("opens nothing, on its own or for a person", async () => {
    put("researcher", "suspended");
    expect([(await world.send("token", as("researcher"), own)).body.error, reason()]).toEqual([
      "invalid_client",
      "agent_inactive",
    ]);
    put("planner", "suspended");
    const person = await world.exchange(as("planner"), world.idToken("planner-app"), idTokenType, forTickets);
    expect([person.body.error, reason()]).toEqual(["invalid_client", "agent_inactive"]);
  });

  it("redeems no offer that was made to it before", async () => {
    const held = (await offer("planner", chain.planner.session, "researcher")).body.access_token;
    put("researcher", "suspended");
    expect((await redeem("researcher", held)).body).not.toHaveProperty("access_token");
    expect(reason()).toBe("agent_inactive");
  });

  it("is offered nothing, and what it offered before is worth nothing", async () => {
    const held = (await offer("planner", chain.planner.session, "triage")).body.access_token;
    put("researcher", "suspended");
    expect((await offer("planner", chain.planner.session, "researcher")).status).toBeGreaterThanOrEqual(400);
    put("planner", "suspended");
    expect((await redeem("triage", held)).body).not.toHaveProperty("access_token");
    expect(reason()).toBe("parent_dead");
  });

  it("is the principal of nothing any more: work it began on its own stops below it too", async () => {
    const begun = await world.send("token", as("researcher"), { ...own, requested_token_type: sessionTokenType });
    const handed = await offer("researcher", begun.body.access_token, "triage");
    const below = (await redeem("triage", handed.body.access_token)).body.access_token;
    const token = (await access("triage", below)).body.access_token;
    expect(await introspect(token)).toMatchObject({ active: true });
    put("researcher", "suspended");
    expect(await introspect(token)).toEqual({ active: false });
    expect((await access("triage", below)).status).toBeGreaterThanOrEqual(400);
  });

  it("as a resource server is told nothing about any token", async () => {
    put("ticket-api", "suspended");
    const { status, body } = await world.send("introspect", as("ticket-api"), { token: chain.planner.access });
    expect([status, body.error, reason()]).toEqual([401, "invalid_client", "agent_inactive"]);
    expect(body).not.toHaveProperty("active");
  });

  it("as a resource server makes no next hop of a token it was shown", async () => {
    put("ticket-api", "suspended");
    const hop = await world.exchange(as("ticket-api"), chain.planner.access, accessTokenType, {
      resource: customers,
      scope: "customers:read",
    });
    expect([hop.status, reason()]).toEqual([401, "agent_inactive"]);
  });

  it("may still end its own work, which nobody is worse off for, and nobody else's", async () => {
    put("researcher", "suspended");
    const others = await world.send("revoke", as("researcher"), { token: chain.planner.session });
    expect([others.status, world.aggregated.at(-1)?.denial?.code]).toEqual([403, "not_the_owner"]);
    expect((await world.send("revoke", as("researcher"), { token: chain.researcher.session })).status).toBe(200);
    expect(world.store.tombstones.has(sidOf(chain.researcher.session))).toBe(true);
    put("researcher", "active");
    put("triage", "active");
    expect(await introspect(chain.triage.access)).toEqual({ active: false });
  });

  it("that was blocked by an operator may not even end its own work", async () => {
    await world.order({ revoke: { agent: agentId("researcher") }, reason: "stolen" });
    const ended = await world.send("revoke", as("researcher"), { token: chain.researcher.session });
    expect(ended.status).toBeGreaterThanOrEqual(400);
    expect(reason()).toBe("blocked");
  });
});

describe("between the write and the signature", () => {
  /** Carries out `change` just before the second look of the request that comes next. */
  const meanwhile = (change: () => void) => {
    let reads = 0;
    world.store.beforeLiveness = async () => {
      if (++reads !== 2) return;
      world.store.beforeLiveness = undefined;
      change();
    };
  };
  const released = (body: object) => JSON.stringify(body).includes("eyJ");

  it.each(positions)("a suspension %s of the chain keeps the token back", async (_, name) => {
    meanwhile(() => put(name, "suspended"));
    const { body } = await access("triage", chain.triage.session);
    expect([released(body), reason()]).toEqual([false, "died_in_flight"]);
  });

  it("a suspension ends a session that was just stored", async () => {
    meanwhile(() => put("researcher", "suspended"));
    const { body } = await world.send("token", as("researcher"), own);
    expect([released(body), reason()]).toEqual([false, "died_in_flight"]);
    const stored = [...world.store.sessions.values()].at(-1);
    expect(stored).toMatchObject({ actors: [agentId("researcher")], ended: true });
  });

  it("a suspension keeps a renewed session back", async () => {
    version++;
    world.publish(
      version,
      agent("planner", {
        may: [{ resource: tickets, scopes: ["tickets:read"] }],
        lends: [{ resource: tickets, scopes: ["tickets:read"] }],
        maxLifetimeSeconds: 7_200,
      }),
    );
    const begun = await world.send("token", as("planner"), { ...own, requested_token_type: sessionTokenType });
    meanwhile(() => put("planner", "suspended"));
    const { body } = await world.exchange(as("planner"), begun.body.access_token, sessionTokenType, {
      requested_token_type: sessionTokenType,
      lifetime_seconds: "3600",
    });
    expect([released(body), reason()]).toEqual([false, "died_in_flight"]);
  });

  it("a new version that leaves the chain as it is keeps nothing back", async () => {
    meanwhile(() => put("customer-api", "suspended"));
    expect(released((await access("planner", chain.planner.session)).body)).toBe(true);
  });
});
