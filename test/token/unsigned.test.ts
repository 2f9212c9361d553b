import { beforeEach, describe, expect, it } from "vitest";
import { accessTokenType, idTokenType, offerTokenType, sessionTokenType } from "../../core/model/wire.ts";
import { customers, inBase, tickets } from "../kit/registry.ts";
import type { TestAgent } from "../kit/world/agents.ts";
import { type Answer, type Params, type Tokens, tokens } from "../kit/world/tokens.ts";
import { createWorld, type World } from "../kit/world/world.ts";

/** A list named in a token is signed before the token leaves: until then nothing is granted, and nothing stored. */
const forTickets = { resource: tickets, scope: "tickets:read" };
const asSession = { requested_token_type: sessionTokenType };
let world: World<Tokens>;
let planner: TestAgent;
let researcher: TestAgent;
let ticketApi: TestAgent;
beforeEach(async () => {
  world = await createWorld([{ ...inBase("agent", "planner"), maxLifetimeSeconds: 43_200 }], tokens);
  [planner, researcher, ticketApi] = (await Promise.all(
    ["planner", "researcher", "ticket-api"].map(world.newAgent),
  )) as [TestAgent, TestAgent, TestAgent];
});

const open = (more: Params = {}, token = world.idToken("planner-app")) =>
  world.exchange(planner, token, idTokenType, { ...forTickets, ...more });
const held = async (more: Params = {}) => (await open({ ...asSession, ...more })).body.access_token as string;
const fetchToken = (session: string, more: Params = {}) =>
  world.exchange(planner, session, sessionTokenType, { ...forTickets, ...more });

const rows = () => {
  const { sessions, offers, replayEntries } = world.store;
  return structuredClone([[...sessions], [...offers], [...replayEntries]]);
};

/** Asks while no list is signed, and again by the very same document when the publisher has come. */
async function unsigned(send: () => Promise<Answer>): Promise<Answer> {
  const before = rows();
  world.store.unsigned = () => true;
  const { status, body } = await send();
  world.store.unsigned = () => false;
  const reason = JSON.parse(world.store.records.at(-1)?.body ?? "{}").status_code;
  expect([status, body.error, reason]).toEqual([503, "temporarily_unavailable", "status_unsigned"]);
  expect(JSON.stringify(body)).not.toMatch(/eyJ|lya_|lyo_/);
  expect(rows()).toEqual(before);
  return send();
}

describe("while the publisher has not signed the list, nothing is granted and nothing spent", () => {
  it("to a person's token", async () => {
    const token = world.idToken("planner-app");
    expect((await unsigned(() => open({}, token))).status).toBe(200);
  });

  it("to an agent's own work", async () => {
    const own = () => world.send("token", researcher, { grant_type: "client_credentials", ...forTickets });
    expect((await unsigned(own)).status).toBe(200);
  });

  it("to who redeems an offer, which stays open", async () => {
    const more = { audience: researcher.id, requested_token_type: offerTokenType };
    const offer = (await fetchToken(await held(), more)).body.access_token as string;
    expect((await unsigned(() => world.exchange(researcher, offer, offerTokenType, {}))).status).toBe(200);
  });

  it("to a next hop", async () => {
    const presented = (await fetchToken(await held())).body.access_token;
    const hop = () =>
      world.exchange(ticketApi, presented, accessTokenType, { resource: customers, scope: "customers:read" });
    expect((await unsigned(hop)).status).toBe(200);
  });

  it("to a renewal that ends in another hour; the session goes on as it was", async () => {
    const session = await held({ lifetime_seconds: "600" });
    const renew = () => world.exchange(planner, session, sessionTokenType, { ...asSession, lifetime_seconds: "36000" });
    const again = await unsigned(renew);
    expect([again.status, again.body.expires_in]).toEqual([200, 36_000]);
  });
});

describe("a list that is not signed keeps nobody back who needs no place in it", () => {
  it("such as a session that fetches its tokens", async () => {
    const session = await held();
    world.store.unsigned = () => true;
    expect((await fetchToken(session)).status).toBe(200);
  });

  it("such as a session that ends in another hour: a far hour asked for in vain stops no near one", async () => {
    const far = world.time.seconds + 30_000;
    world.store.unsigned = (end) => end > far;
    expect((await open({ ...asSession, lifetime_seconds: "36000" })).status).toBe(503);
    expect((await open({ ...asSession, lifetime_seconds: "600" })).status).toBe(200);
  });
});
