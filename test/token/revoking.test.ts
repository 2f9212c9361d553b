import { beforeEach, describe, expect, it } from "vitest";
import { decodeUnverified } from "../../core/jose/jwt.ts";
import { limits } from "../../core/model/limits.ts";
import { accessTokenType, idTokenType, offerTokenType, sessionTokenType } from "../../core/model/wire.ts";
import { agentId, customers, tickets, trustDomain } from "../kit/registry.ts";
import { dpopProof } from "../kit/wire/key.ts";
import type { TestAgent } from "../kit/world/agents.ts";
import { type Tokens, tokens, tokenUrl } from "../kit/world/tokens.ts";
import { createWorld, type World } from "../kit/world/world.ts";

const forTickets = { resource: tickets, scope: "tickets:read" };
let world: World<Tokens>;
let planner: TestAgent;
let researcher: TestAgent;
let triage: TestAgent;
let tickApi: TestAgent;
let session: string;
let child: string;

const sidOf = (token: string) => String(decodeUnverified(token)?.payload.sid);
const active = async (token: string, by = tickApi) => (await world.send("introspect", by, { token })).body;
const ask = (by: TestAgent, token: string) => world.exchange(by, token, sessionTokenType, forTickets);
const reason = () => JSON.parse(world.store.records.at(-1)?.body ?? "{}").status_code;

beforeEach(async () => {
  world = await createWorld([], tokens);
  [planner, researcher, triage, tickApi] = (await Promise.all(
    ["planner", "researcher", "triage", "ticket-api"].map(world.newAgent),
  )) as [TestAgent, TestAgent, TestAgent, TestAgent];
  const opened = await world.exchange(planner, world.idToken("planner-app"), idTokenType, {
    resource: [tickets, customers],
    scope: "tickets:read customers:read",
    requested_token_type: sessionTokenType,
  });
  session = opened.body.access_token;
  const offer = await world.exchange(planner, session, sessionTokenType, {
    ...forTickets,
    audience: researcher.id,
    requested_token_type: offerTokenType,
  });
  child = (await world.exchange(researcher, offer.body.access_token, offerTokenType, {})).body.access_token;
});

describe("introspection", () => {
  it("tells the serving agent what the token says, with its key binding", async () => {
    expect(await active(child)).toMatchObject({
      active: true,
      token_type: "DPoP",
      aud: tickets,
      scope: "tickets:read",
      client_id: researcher.id,
      cnf: { jkt: researcher.key.jkt },
      act: { sub: researcher.id },
    });
  });
  it("writes nothing when it says yes, and spends no proof", async () => {
    const before = world.store.records.length;
    await active(child);
    expect(world.store.records.length).toBe(before);
  });
  it("says exactly inactive to a server for a resource it does not serve", async () => {
    expect(await active(child, await world.newAgent("customer-api"))).toEqual({ active: false });
    expect(world.aggregated.at(-1)?.denial?.code).toBe("subject_token_not_yours");
  });
  it.each([
    ["garbage", () => "x"],
    ["a session token", () => session],
    ["an identity token", () => researcher.identity()],
    ["a token with another payload", () => `${child.split(".")[0]}.${session.split(".")[1]}.${child.split(".")[2]}`],
  ])("says exactly inactive to %s", async (_, token) => expect(await active(token())).toEqual({ active: false }));
  it("says inactive at the second of expiry", async () => {
    world.time.seconds += 300;
    expect(await active(child)).toEqual({ active: false });
  });
  it("says exactly inactive to an agent that serves nothing, and records why (RFC 7662 2.2)", async () => {
    for (const token of [child, session, "x"]) {
      const { status, body } = await world.send("introspect", triage, { token });
      expect([status, body, reason()]).toEqual([200, { active: false }, "not_a_resource_server"]);
    }
  });
  it("is refused without authentication, aggregated", async () => {
    const { status } = await world.send("introspect", tickApi, { token: child, client_assertion: "x" });
    expect([status, world.aggregated.at(-1)?.denial?.code]).toEqual([401, "assertion_invalid"]);
  });
  it("fails closed when liveness cannot be read", async () => {
    world.store.unreadable = true;
    expect((await world.send("introspect", tickApi, { token: child })).status).toBe(503);
  });
});

describe("an agent's revocation", () => {
  const revoke = (by: TestAgent, token: string, more = {}) => world.send("revoke", by, { token, ...more });

  it("ends its own session and all below it at once", async () => {
    expect((await revoke(planner, session)).status).toBe(200);
    expect(await active(child)).toEqual({ active: false });
    expect((await ask(planner, session)).status).toBe(400);
  });
  it("names its session by an expired token too", async () => {
    world.time.seconds += 301;
    expect((await revoke(researcher, child)).status).toBe(200);
    expect(world.store.tombstones.has(sidOf(child))).toBe(true);
  });
  it("ends a session below its own by that session's token, and leaves its own alive", async () => {
    expect((await revoke(planner, child)).status).toBe(200);
    expect(await active(child)).toEqual({ active: false });
    expect((await ask(planner, session)).status).toBe(200);
  });
  it("ends a session below its own by its id", async () => {
    expect((await revoke(planner, session, { session: sidOf(child) })).status).toBe(200);
    expect(await active(child)).toEqual({ active: false });
  });
  it("threat 12: is refused for a session above its own", async () => {
    const { status, body } = await revoke(researcher, session);
    expect([status, body.error, world.aggregated.at(-1)?.denial?.code]).toEqual([
      403,
      "access_denied",
      "not_the_owner",
    ]);
    expect((await ask(planner, session)).status).toBe(200);
  });
  it("threat 12: is refused for a session below by an id that is not below", async () => {
    const other = await world.exchange(planner, world.idToken("planner-app"), idTokenType, { ...forTickets });
    const { status } = await revoke(researcher, child, { session: sidOf(other.body.access_token) });
    expect([status, reason()]).toEqual([403, "not_the_owner"]);
  });
  it("threat 12: is refused to a stranger, and to the server that was shown the token", async () => {
    for (const stranger of [triage, tickApi]) expect((await revoke(stranger, child)).status).toBe(403);
    expect((await active(child)).active).toBe(true);
  });
  it("answers 200 to a token that means nothing, and writes nothing", async () => {
    const before = world.store.records.length;
    for (const token of ["x", `lyo_${"A".repeat(22)}.${"B".repeat(43)}`, world.idToken("planner-app")])
      expect((await revoke(planner, token)).status).toBe(200);
    expect(world.store.records.length).toBe(before);
  });
  it("answers unsupported_token_type to an identity token: a 200 would say that it was ended (RFC 7009 2.2.1)", async () => {
    for (const token of [planner.identity(), researcher.identity()]) {
      const { status, body } = await revoke(planner, token);
      expect([status, body.error, reason()]).toEqual([400, "unsupported_token_type", "token_not_revocable"]);
    }
    // what is none of ours any more means nothing: that is the standard's 200
    expect((await revoke(planner, researcher.identity({ exp: world.time.seconds - 1 }))).status).toBe(200);
    expect(world.store.tombstones.size).toBe(0);
  });
  it("spends its proof: the same request again is refused", async () => {
    const proof = dpopProof(planner.key, { url: tokenUrl, atSeconds: world.time.seconds });
    expect((await world.send("revoke", planner, { token: child }, { proof })).status).toBe(200);
    expect((await world.send("revoke", planner, { token: session }, { proof })).body.error).toBe("invalid_dpop_proof");
  });

  it("threat 34: ends what is ended once: however often it is asked, no tombstone, no record, no event", async () => {
    const before = { records: world.store.records.length, writes: world.store.calls.length };
    for (let i = 0; i < 40; i++) expect((await world.send("revoke", planner, { token: session })).status).toBe(200);
    expect(world.store.calls.slice(before.writes).filter((call) => call === "revoke")).toHaveLength(1);
    expect(world.store.records.length).toBe(before.records + 1);
    expect((await world.send("revoke", planner, { token: session, session: sidOf(child) })).status).toBe(200);
    expect((await world.send("revoke", planner, { token: session, session: sidOf(child) })).status).toBe(200);
    expect(world.store.calls.slice(before.writes).filter((call) => call === "revoke")).toHaveLength(2);
  });

  it("threat 34: takes from a bucket of its own, and is refused past it without a record each", async () => {
    const before = world.store.records.length;
    const asked: unknown[] = [];
    world.deps.limiter.take = async (...args: unknown[]) => {
      asked.push(args);
      return false;
    };
    for (let i = 0; i < 10; i++) expect((await world.send("revoke", planner, { token: session })).status).toBe(429);
    expect(asked[0]).toEqual([planner.id, limits.revocationsPerSecond, "revoke"]);
    expect(world.store.records.length).toBe(before);
    expect(world.aggregated.map(({ denial }) => denial?.code)).toEqual(Array(10).fill("rate_exceeded"));
    expect(await active(child)).toMatchObject({ active: true });
  });
});

describe("an operator's revocation", () => {
  const allDead = async () => {
    expect(await active(child)).toEqual({ active: false });
    expect((await ask(planner, session)).status).not.toBe(200);
  };

  it("of the root ends the tree", async () => {
    expect((await world.order({ revoke: { session: sidOf(session) }, reason: "incident" })).body).toEqual({
      revoked: { session: sidOf(session) },
      found: true,
      burnt: true,
    });
    await allDead();
  });
  it("of an agent further up ends what hangs below it, and blocks it from coming back with a fresh identity", async () => {
    await world.order({ revoke: { agent: planner.id }, reason: "incident" });
    await allDead();
    const fresh = await world.exchange(planner, world.idToken("planner-app"), idTokenType, forTickets);
    expect([fresh.status, reason()]).toEqual([403, "blocked"]);
  });
  it("of an agent, cut only, kills identity tokens from before the cut", async () => {
    const identity = researcher.identity();
    await world.order({ revoke: { agent: researcher.id }, reason: "rotate", cutOnly: true });
    const own = { grant_type: "client_credentials", ...forTickets };
    const old = await world.send("token", researcher, { ...own, client_assertion: identity });
    expect([old.status, reason()]).toEqual([401, "assertion_dead"]);
    expect((await world.send("token", researcher, own)).status).toBe(200);
  });
  it("of a person ends every tree opened for them, by whatever agent", async () => {
    await world.order({ revoke: { principal: String(decodeUnverified(session)?.payload.sub) }, reason: "left" });
    await allDead();
    expect((await world.exchange(planner, world.idToken("planner-app"), idTokenType, forTickets)).status).toBe(403);
  });
  it("of the deployment ends everything", async () => {
    await world.order({ revoke: { deployment: trustDomain }, reason: "drill" });
    // the server that asks is over too: it is told to come back, and nothing is called active
    expect((await world.send("introspect", tickApi, { token: child })).status).toBe(403);
    expect((await ask(planner, session)).status).toBe(403);
    await world.order({ lift: { deployment: trustDomain }, reason: "drill over" });
    await allDead();
  });
  it("is undone for new work by lifting, never for what was cut", async () => {
    await world.order({ revoke: { agent: planner.id }, reason: "incident" });
    expect((await world.order({ lift: { agent: planner.id }, reason: "cleared" })).body).toEqual({
      lifted: { agent: planner.id },
      blocked: false,
      quarantined: false,
    });
    await allDead();
    expect((await world.exchange(planner, world.idToken("planner-app"), idTokenType, forTickets)).status).toBe(200);
  });
  it("of one agent leaves the others' sessions alone", async () => {
    const own = (await world.send("token", researcher, { grant_type: "client_credentials", ...forTickets })).body
      .access_token;
    await world.order({ revoke: { agent: planner.id }, reason: "incident" });
    expect((await active(own)).active).toBe(true);
  });
  it.each([
    ["two targets", { revoke: { agent: agentId("planner"), session: "A".repeat(22) }, reason: "r" }],
    ["no target", { revoke: {}, reason: "r" }],
    ["both verbs", { revoke: { agent: agentId("planner") }, lift: { agent: agentId("planner") }, reason: "r" }],
    ["no reason", { revoke: { agent: agentId("planner") } }],
    ["an empty reason", { revoke: { agent: agentId("planner") }, reason: " " }],
    ["an unknown kind", { revoke: { everything: "x" }, reason: "r" }],
    ["an inherited kind", { revoke: { constructor: "x" }, reason: "r" }],
    ["a lifted tombstone", { lift: { session: "A".repeat(22) }, reason: "r" }],
    ["an unknown member", { revoke: { agent: agentId("planner") }, reason: "r", force: true }],
    ["a person's raw name", { revoke: { principal: "ada" }, reason: "r" }],
  ])("is refused with %s, and changes nothing", async (_, body) => {
    const { status } = await world.order(body);
    expect(status).toBe(400);
    expect([world.store.epochs.size, world.store.tombstones.size]).toEqual([0, 0]);
  });
  it("threat 18: is refused without an identity the platform vouches for", async () => {
    const call = world.call(JSON.stringify({ revoke: { agent: planner.id }, reason: "r" }), [], {
      contentType: "application/json",
    });
    const { status } = world.answer(await world.admin(call, undefined));
    expect([status, world.aggregated.at(-1)?.denial?.code]).toEqual([403, "caller_not_authorized"]);
  });
});

it("access tokens of a session are told apart from next-hop tokens by who asks", async () => {
  const hop = await world.exchange(tickApi, child, accessTokenType, { resource: customers, scope: "customers:read" });
  expect(hop.status).toBe(200);
  await world.order({ revoke: { session: sidOf(child) }, reason: "r" });
  const customerApi = await world.newAgent("customer-api");
  expect(await active(hop.body.access_token, customerApi)).toEqual({ active: false });
});

describe("every event of an authenticated agent", () => {
  const recorded = () => JSON.parse(world.store.records.at(-1)?.body ?? "{}").unmapped.lanyard;

  it("carries how strongly it proved itself: when it ends a session, and when its question is refused", async () => {
    await world.send("revoke", planner, { token: session });
    expect(recorded()).toMatchObject({ operation: "session.end", agent: planner.id, assurance: "fresh" });
    await active(child);
    expect(world.aggregated.at(-1)).toMatchObject({ operation: "introspect", agent: tickApi.id, assurance: "fresh" });
  });
});
