import { beforeEach, describe, expect, it } from "vitest";
import type { Registration } from "../../../core/model/registry.ts";
import { accessTokenType, idTokenType, offerTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import { customers, inBase, tickets } from "../../kit/registry.ts";
import type { TestAgent } from "../../kit/world/agents.ts";
import { type Answer, type Params, type Tokens, tokens } from "../../kit/world/tokens.ts";
import { createWorld, type World } from "../../kit/world/world.ts";

const forTickets = { resource: tickets, scope: "tickets:read" };
const asSession = { requested_token_type: sessionTokenType };
let world: World<Tokens>;
let planner: TestAgent;
let researcher: TestAgent;
let ticketApi: TestAgent;

async function play(...rows: readonly Registration[]): Promise<void> {
  world = await createWorld(rows, tokens);
  [planner, researcher, ticketApi] = (await Promise.all(
    ["planner", "researcher", "ticket-api"].map(world.newAgent),
  )) as [TestAgent, TestAgent, TestAgent];
}
beforeEach(() => play({ ...inBase("agent", "planner"), maxLifetimeSeconds: 7_200 }));

const open = (more: Params = {}, token = world.idToken("planner-app")) =>
  world.exchange(planner, token, idTokenType, { ...forTickets, ...more });
const held = async (more: Params = {}) => (await open({ ...asSession, ...more })).body.access_token as string;
const fetchToken = (session: string, more: Params = {}) =>
  world.exchange(planner, session, sessionTokenType, { ...forTickets, ...more });
const offerOf = async (session: string, more: Params = {}) =>
  (await fetchToken(session, { audience: researcher.id, requested_token_type: offerTokenType, ...more })).body
    .access_token as string;

/** What a throttled table looks like from here. */
const failures: Readonly<Record<string, () => void>> = {
  "keys that stay unprocessed": () => {
    world.store.unreadable = true;
  },
  "a read that is throttled": () => {
    throw Object.assign(new Error("throughput exceeded"), { $metadata: { attempts: 3 } });
  },
};

/** Lets the request's second look at liveness, the one beside the signature, come to nothing. */
async function unread(how: string, send: () => Promise<Answer>): Promise<Answer> {
  let reads = 0;
  world.store.beforeLiveness = () => {
    if (++reads === 2) failures[how]?.();
  };
  try {
    return await send();
  } finally {
    expect(reads).toBe(2);
    world.store.beforeLiveness = undefined;
    world.store.unreadable = false;
  }
}

const ended = () => [...world.store.sessions.values()].filter((session) => session.ended);
const reason = () => JSON.parse(world.store.records.at(-1)?.body ?? "{}").status_code;
/** 503 without anything that opens anything, recorded as what it was. */
function expectLater({ status, body }: Answer): void {
  expect([status, body.error, reason()]).toEqual([503, "temporarily_unavailable", "liveness_unavailable"]);
  expect(JSON.stringify(body)).not.toMatch(/eyJ|lya_|lyo_/);
  expect(ended()).toEqual([]);
  expect(world.store.tombstones.size).toBe(0);
}

describe.each(Object.keys(failures))("threat 44: after %s at the second look", (how) => {
  it("a person's token still opens a session, by the same token", async () => {
    const token = world.idToken("planner-app");
    expectLater(await unread(how, () => open({}, token)));
    expect((await open({}, token)).status).toBe(200);
  });

  it("an agent on its own still opens one", async () => {
    const own = () => world.send("token", researcher, { grant_type: "client_credentials", ...forTickets });
    expectLater(await unread(how, own));
    expect((await own()).status).toBe(200);
  });

  it("an offer is not consumed: the same agent and key get the very session that was stored, another key nothing", async () => {
    const offer = await offerOf(await held());
    const redeem = (by = researcher) => world.exchange(by, offer, offerTokenType, {});
    expectLater(await unread(how, redeem));
    const stored = [...world.store.sessions.values()].filter(({ depth }) => depth === 1);
    const again = await redeem();
    expect(again.status).toBe(200);
    const active = await world.send("introspect", ticketApi, { token: again.body.access_token });
    expect([active.body.active, active.body.sid]).toEqual([true, stored[0]?.sid]);
    expect([...world.store.sessions.values()].filter(({ depth }) => depth === 1)).toEqual(stored);
    expect((await redeem(await world.newAgent("researcher"))).status).toBe(400);
  });

  it("a session's access token is fetched by the same session token", async () => {
    const session = await held();
    expectLater(await unread(how, () => fetchToken(session)));
    expect((await fetchToken(session)).status).toBe(200);
  });

  it("a renewal is repeated with the token it was asked with, and ends when it was asked to", async () => {
    const session = await held({ lifetime_seconds: "600" });
    const renew = () => world.exchange(planner, session, sessionTokenType, { ...asSession, lifetime_seconds: "3000" });
    expectLater(await unread(how, renew));
    const again = await renew();
    expect([again.status, again.body.expires_in]).toEqual([200, 3000]);
  });

  it("a next hop is gone again with the same presented token", async () => {
    const presented = (await fetchToken(await held())).body.access_token;
    const hop = () =>
      world.exchange(ticketApi, presented, accessTokenType, { resource: customers, scope: "customers:read" });
    expectLater(await unread(how, hop));
    expect((await hop()).status).toBe(200);
  });

  it("no use of a counted offer is spent, by its redemption or by asking", async () => {
    await play({ ...inBase("resource", "tickets"), introspecting: true });
    const offer = await offerOf(await held(), { max_uses: "1" });
    const redeem = () => world.exchange(researcher, offer, offerTokenType, {});
    expectLater(await unread(how, redeem));
    const { access_token: handle } = (await redeem()).body;
    const ask = () => world.send("introspect", ticketApi, { token: handle });
    world.store.beforeLiveness = () => failures[how]?.();
    const unanswered = await ask().catch(() => ({ status: 503, body: {} }));
    expect(unanswered.status).toBe(503);
    world.store.beforeLiveness = undefined;
    world.store.unreadable = false;
    expect([(await ask()).body.active, (await ask()).body.active]).toEqual([true, false]);
  });
});

it("threat 44: a death that is proven still ends what was stored, whatever the signature does", async () => {
  const offer = await offerOf(await held());
  let reads = 0;
  world.store.beforeLiveness = () => {
    if (++reads === 2) world.store.raise(`agent:${planner.id}`, false, world.time.seconds);
  };
  const lost = await world.exchange(researcher, offer, offerTokenType, {});
  expect([lost.status, reason()]).toEqual([400, "died_in_flight"]);
  expect(ended().map(({ depth }) => depth)).toEqual([1]);
});

it("threat 44: what was stored beside a revocation that could not be read is dead all the same", async () => {
  const offer = await offerOf(await held());
  const redeem = () => world.exchange(researcher, offer, offerTokenType, {});
  let reads = 0;
  world.store.beforeLiveness = () => {
    if (++reads !== 2) return;
    world.store.raise(`agent:${planner.id}`, false, world.time.seconds);
    world.store.unreadable = true;
  };
  expect((await redeem()).status).toBe(503);
  world.store.beforeLiveness = undefined;
  world.store.unreadable = false;
  const again = await redeem();
  expect([again.status, reason()]).toEqual([400, "parent_dead"]);
});
