import { beforeEach, describe, expect, it } from "vitest";
import type { AgentRegistration } from "../../../core/model/agent-registration.ts";
import type { Registration } from "../../../core/model/registry.ts";
import type { ResourceRegistration } from "../../../core/model/resource-registration.ts";
import { accessTokenType, idTokenType, offerTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import { agentId, baseRows, customers, tickets } from "../../kit/registry.ts";
import type { TestAgent } from "../../kit/world/agents.ts";
import { type Answer, type Params, type Tokens, tokens } from "../../kit/world/tokens.ts";
import { createWorld, type World } from "../../kit/world/world.ts";

const forTickets = { resource: tickets, scope: "tickets:read" };
const forBoth = { resource: [tickets, customers], scope: "tickets:read customers:read" };
const asSession = { requested_token_type: sessionTokenType };
const rowOf = <K extends Registration["kind"]>(kind: K, name: string) => {
  const row = baseRows.find((one): one is Extract<Registration, { kind: K }> => one.kind === kind && one.name === name);
  if (!row) throw new Error(name);
  return row;
};
const long = { ...rowOf("agent", "planner"), maxLifetimeSeconds: 7_200 };

let world: World<Tokens>;
let planner: TestAgent;
let researcher: TestAgent;
let ticketApi: TestAgent;
let customerApi: TestAgent;
let version: number;

async function play(...rows: readonly Registration[]): Promise<void> {
  world = await createWorld([long, ...rows], tokens);
  version = 1;
  [planner, researcher, ticketApi, customerApi] = (await Promise.all(
    ["planner", "researcher", "ticket-api", "customer-api"].map(world.newAgent),
  )) as [TestAgent, TestAgent, TestAgent, TestAgent];
}
beforeEach(() => play());

const open = (more: Params = forTickets) => world.exchange(planner, world.idToken("planner-app"), idTokenType, more);
const using = (session: string, more: Params) => world.exchange(planner, session, sessionTokenType, more);
const state = (name: string, state: AgentRegistration["state"]) => {
  version++;
  world.publish(version, long, { ...rowOf("agent", name), state });
};
const block = (name: string, more: object = {}) =>
  world.order({ revoke: { agent: agentId(name) }, reason: "the API is in other hands", ...more });
const reason = () => JSON.parse(world.store.records.at(-1)?.body ?? "{}").status_code;
const expectDead = ({ status, body }: Answer) => {
  expect([status, body.error, reason()]).toEqual([400, "invalid_target", "server_dead"]);
  expect(JSON.stringify(body)).not.toMatch(/eyJ|lya_|lyo_/);
};

const falls = [
  ["revoked", (name: string) => block(name)],
  ["suspended", async (name: string) => state(name, "suspended")],
  ["retired", async (name: string) => state(name, "retired")],
  ["back in draft", async (name: string) => state(name, "draft")],
] as const;

describe.each(falls)("threat 42: for a resource whose server is %s no token is issued", (_, fall) => {
  it("by a person's token, nor on an agent's own, and no signature is paid for", async () => {
    const own = { grant_type: "client_credentials", ...forTickets };
    expect([(await open()).status, (await world.send("token", researcher, own)).status]).toEqual([200, 200]);
    await fall("ticket-api");
    const signed = world.signers.session.signatures;
    expectDead(await open());
    expectDead(await world.send("token", researcher, own));
    expect(world.signers.session.signatures).toBe(signed);
  });

  it("from a session that began before, whether the request names the resource or not", async () => {
    const session = (await open({ ...forTickets, ...asSession })).body.access_token;
    const access = (await using(session, forTickets)).body.access_token;
    await fall("ticket-api");
    expectDead(await using(session, forTickets));
    expectDead(await using(session, {}));
    expectDead(await world.exchange(planner, access, accessTokenType, {}));
  });

  it("as a handle", async () => {
    await play({ ...(rowOf("resource", "tickets") as ResourceRegistration), introspecting: true });
    expect((await open()).body.access_token).toMatch(/^lya_/);
    await fall("ticket-api");
    expectDead(await open());
  });

  it("as one of several: the session with it is neither opened nor renewed, what is left of it goes on", async () => {
    const session = (await open({ ...forBoth, ...asSession, lifetime_seconds: "600" })).body.access_token;
    await fall("customer-api");
    expectDead(await open({ ...forBoth, ...asSession }));
    expectDead(await using(session, { ...asSession, lifetime_seconds: "3000" }));
    expect((await using(session, forTickets)).status).toBe(200);
  });

  it("through an offer, made before or after, or an offer redeemed again", async () => {
    const session = (await open({ ...forTickets, ...asSession })).body.access_token;
    const held = { ...forTickets, audience: researcher.id, requested_token_type: offerTokenType };
    const [taken, waiting] = [await using(session, held), await using(session, held)];
    const redeem = (offer: Answer) => world.exchange(researcher, offer.body.access_token, offerTokenType, {});
    expect((await redeem(taken)).status).toBe(200);
    await fall("ticket-api");
    expectDead(await redeem(taken));
    expectDead(await redeem(waiting));
    expectDead(await using(session, held));
  });

  it("at the next hop", async () => {
    const presented = (await open()).body.access_token;
    const hop = () =>
      world.exchange(ticketApi, presented, accessTokenType, { resource: customers, scope: "customers:read" });
    expect((await hop()).status).toBe(200);
    await fall("customer-api");
    expectDead(await hop());
  });

  it("and its own questions are refused, so that a resource that asks about every request stops at once", async () => {
    const token = (await open({ resource: customers, scope: "customers:read" })).body.access_token;
    expect((await world.send("introspect", customerApi, { token })).body.active).toBe(true);
    await fall("customer-api");
    const asked = await world.send("introspect", customerApi, { token });
    expect([asked.status >= 400, asked.body.active]).toEqual([true, undefined]);
  });
});

it("threat 42: other resources, and a server that was cut only or let in again, go on", async () => {
  await block("customer-api");
  expect((await open()).status).toBe(200);
  await world.order({ lift: { agent: agentId("customer-api") }, reason: "rebuilt" });
  expect((await open({ resource: customers, scope: "customers:read" })).status).toBe(200);
  // it has to attest again, and then serves on
  await block("ticket-api", { cutOnly: true });
  expect((await open()).status).toBe(200);
});

describe("threat 42: the server's standing", () => {
  const liveness = () => world.store.calls.filter((call) => call === "readLiveness").length;

  it.each([
    ["of a named resource", async () => () => open()],
    [
      "of whatever a session token names by naming nothing",
      async () => {
        const session = (await open({ ...forTickets, ...asSession })).body.access_token;
        return () => using(session, {});
      },
    ],
    [
      "of an offer's resources",
      async () => {
        const session = (await open({ ...forTickets, ...asSession })).body.access_token;
        const offer = await using(session, {
          ...forTickets,
          audience: researcher.id,
          requested_token_type: offerTokenType,
        });
        return () => world.exchange(researcher, offer.body.access_token, offerTokenType, {});
      },
    ],
  ])("%s rides in the first batch and in the last: no request reads liveness more than twice", async (_, prepare) => {
    const send = await prepare();
    const before = liveness();
    expect((await send()).status).toBe(200);
    expect(liveness() - before).toBe(2);
  });

  it.each([
    ["blocked", () => world.store.raise(`agent:${agentId("ticket-api")}`, true, world.time.seconds)],
    ["suspended", () => state("ticket-api", "suspended")],
  ])("that turns to %s between write and signature keeps the token back", async (_, fall) => {
    let reads = 0;
    world.store.beforeLiveness = () => {
      if (++reads === 2) fall();
    };
    const { status, body } = await open();
    expect([status, JSON.stringify(body).includes("eyJ"), reason()]).toEqual([400, false, "died_in_flight"]);
  });
});
