import { beforeEach, describe, expect, it } from "vitest";
import type { AgentRegistration } from "../../../core/model/agent-registration.ts";
import { limits } from "../../../core/model/limits.ts";
import { personId } from "../../../core/model/person-id.ts";
import { accessTokenType, idTokenType, offerTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import { agentId, idp, inBase, tickets } from "../../kit/registry.ts";
import type { TestAgent } from "../../kit/world/agents.ts";
import { type Tokens, tokens } from "../../kit/world/tokens.ts";
import { createWorld, type World } from "../../kit/world/world.ts";

const daySeconds = 86_400;
const forTickets = { resource: tickets, scope: "tickets:read" };
const olga = personId(idp, "olga");
const stranger = personId(idp, "nobody-here");
const owned = (name: string, more: Partial<AgentRegistration> = {}): AgentRegistration => ({
  ...inBase("agent", name),
  owner: { issuer: idp, sub: "olga" },
  ownerConfirmedDays: 30,
  ...more,
});

let world: World<Tokens>;
let planner: TestAgent;
let researcher: TestAgent;
let tickApi: TestAgent;

beforeEach(async () => {
  world = await createWorld([owned("planner")], tokens);
  [planner, researcher, tickApi] = (await Promise.all(["planner", "researcher", "ticket-api"].map(world.newAgent))) as [
    TestAgent,
    TestAgent,
    TestAgent,
  ];
});

const open = (claims: object = {}) =>
  world.exchange(planner, world.idToken("planner-app", claims), idTokenType, {
    ...forTickets,
    requested_token_type: sessionTokenType,
  });
const opened = async (claims: object = {}) => (await open(claims)).body.access_token as string;
const access = (by: TestAgent, session: string) =>
  world.exchange(by, session, sessionTokenType, { ...forTickets, requested_token_type: accessTokenType });
const isActive = async (token: string) => (await world.send("introspect", tickApi, { token })).body.active as boolean;
const confirmedAt = (atSeconds: number) => world.store.confirmations.set(olga, atSeconds);
const denial = () => world.takeDenial().own?.denial;
const records = () =>
  world.store.records
    .map(({ body }) => JSON.parse(body).unmapped.lanyard)
    .filter((r) => r.operation === "owner.confirm");

/** The researcher's session below the planner's. */
async function below(session: string): Promise<string> {
  const offer = await world.exchange(planner, session, sessionTokenType, {
    ...forTickets,
    audience: agentId("researcher"),
    requested_token_type: offerTokenType,
  });
  const wanted = { requested_token_type: sessionTokenType };
  return (await world.exchange(researcher, offer.body.access_token, offerTokenType, wanted)).body.access_token;
}

describe("threat 53: an agent whose owner has not been heard of for longer than its registration says", () => {
  it("is refused by a code of its own that names owner and agent, as is one whose owner was never heard of", async () => {
    for (const never of [true, false]) {
      if (!never) confirmedAt(world.time.seconds - 30 * daySeconds);
      const { status, body } = await open();
      expect([status, body.error]).toEqual([403, "access_denied"]);
      const told = { code: "owner_unconfirmed", subject: `principal:${olga}`, owns: agentId("planner") };
      expect(denial()).toEqual(told);
    }
    confirmedAt(world.time.seconds - 30 * daySeconds + 1);
    expect((await open()).status).toBe(200);
  });

  it("ends what it has under way, and what hangs below it, at the second the days are over", async () => {
    confirmedAt(world.time.seconds - 30 * daySeconds + 100);
    const session = await opened();
    const child = await below(session);
    const token = (await access(researcher, child)).body.access_token as string;
    world.time.seconds += 99;
    expect(await isActive(token)).toBe(true);
    world.time.seconds += 1;
    expect(await isActive(token)).toBe(false);
    expect((await access(researcher, child)).status).toBe(403);
    expect(denial().code).toBe("owner_unconfirmed");
    expect((await access(planner, session)).status).toBe(403);
    confirmedAt(world.time.seconds);
    expect((await access(researcher, child)).status).toBe(200);
  });

  it("reads no row more where the registration asks for nothing", async () => {
    const { ownerConfirmedDays: _, ...unasked } = owned("planner");
    world = await createWorld([unasked], tokens);
    planner = await world.newAgent("planner");
    const asked: unknown[] = [];
    const read = world.store.readLiveness.bind(world.store);
    world.store.readLiveness = (query) => {
      asked.push(query.owners);
      return read(query);
    };
    expect((await open({ sub: "olga" })).status).toBe(200);
    expect(asked.filter((owners) => owners !== undefined)).toEqual([]);
    expect(records()).toEqual([]);
  });
});

describe("an owner's login", () => {
  it("lets the own agent go on, for oneself and for others, and is on record as the owner's", async () => {
    expect((await open({ sub: "olga" })).status).toBe(200);
    expect(world.store.confirmations.get(olga)).toBe(world.time.seconds);
    expect(records()).toMatchObject([
      { principal: olga, target: `principal:${olga}`, agent: agentId("planner"), outcome: "allowed" },
    ]);
    world.time.seconds += 29 * daySeconds;
    expect((await open()).status).toBe(200);
  });

  it("at any other agent counts as well", async () => {
    world.publish(2, inBase("agent", "planner"), owned("researcher"));
    expect((await open({ sub: "olga" })).status).toBe(200);
    expect(world.store.confirmations.get(olga)).toBe(world.time.seconds);
  });

  it("is written down once in a quarter of a day", async () => {
    await open({ sub: "olga" });
    world.time.seconds += limits.ownerConfirmedAgainSeconds - 1;
    await open({ sub: "olga" });
    expect(records()).toHaveLength(1);
    world.time.seconds += 1;
    await open({ sub: "olga" });
    expect(records()).toHaveLength(2);
  });

  it("counts from the moment of signing in, however fresh the token: whoever refreshes tokens brings nobody back", async () => {
    world.time.seconds += 60 * daySeconds;
    const signedIn = world.time.seconds - 31 * daySeconds;
    expect((await open({ sub: "olga", auth_time: signedIn })).status).toBe(403);
    expect(denial().code).toBe("owner_unconfirmed");
    expect(records()).toEqual([]);
    expect((await open({ sub: "olga", auth_time: signedIn + 2 * daySeconds })).status).toBe(200);
    expect(world.store.confirmations.get(olga)).toBe(signedIn + 2 * daySeconds);
  });

  it("that is older than what is kept sets nothing back", async () => {
    confirmedAt(world.time.seconds);
    expect((await open({ sub: "olga", auth_time: world.time.seconds - daySeconds })).status).toBe(200);
    expect(world.store.confirmations.get(olga)).toBe(world.time.seconds);
  });

  it("of somebody else at the same issuer, or of the same name elsewhere, brings nobody back", async () => {
    for (const token of [
      world.idToken("planner-app", { sub: "olg" }),
      world.idToken("planner-app", { sub: "olga" }, "other"),
    ])
      expect((await world.exchange(planner, token, idTokenType, forTickets)).status).not.toBe(200);
    expect(world.store.confirmations.size).toBe(0);
  });

  it("of a blocked owner brings nothing back and is not kept", async () => {
    world.store.epochs.set(`principal:${olga}`, { epoch: 1, blocked: true });
    expect((await open({ sub: "olga" })).status).toBe(403);
    expect(world.store.confirmations.size).toBe(0);
  });
});

describe("an operator's word for an owner", () => {
  const confirm = (id: string) => world.order({ confirm: { principal: id }, reason: "still here" });

  it("counts as a login of that moment, in the transaction of its record, and lifts no block", async () => {
    const { status, body } = await confirm(olga);
    expect([status, body]).toEqual([200, { confirmed: { principal: olga }, confirmedAtSeconds: world.time.seconds }]);
    expect(records()).toMatchObject([{ target: `principal:${olga}`, outcome: "allowed" }]);
    expect((await open()).status).toBe(200);
    world.store.epochs.set(`principal:${olga}`, { epoch: 1, blocked: true });
    expect((await confirm(olga)).status).toBe(200);
    expect((await open()).status).toBe(403);
  });

  it("is refused for who owns nothing, for agents, and where it cannot be checked, and writes nothing", async () => {
    expect((await confirm(stranger)).status).toBe(404);
    expect((await confirm(agentId("planner"))).status).toBe(400);
    expect((await world.order({ confirm: { agent: agentId("planner") }, reason: "r" })).status).toBe(400);
    expect(world.store.confirmations.size).toBe(0);
  });

  it("is not needed to block an owner whom nobody has seen yet", async () => {
    expect((await world.order({ revoke: { principal: olga }, reason: "left" })).status).toBe(200);
    expect((await open()).status).toBe(403);
    expect(denial().code).toBe("blocked");
  });
});

describe("threat 44: an owner's confirmation that cannot be read again", () => {
  it("ends nothing: the session stands, and its offer opens it once reads succeed", async () => {
    confirmedAt(world.time.seconds);
    const session = await opened();
    const offer = await world.exchange(planner, session, sessionTokenType, {
      ...forTickets,
      audience: agentId("researcher"),
      requested_token_type: offerTokenType,
    });
    const redeem = () => world.exchange(researcher, offer.body.access_token, offerTokenType, {});
    const { commit } = world.store;
    world.store.commit = async (write) => {
      const stored = await commit.call(world.store, write);
      world.store.unreadable = true;
      return stored;
    };
    expect((await redeem()).status).toBe(503);
    Object.assign(world.store, { commit, unreadable: false });
    expect((await redeem()).status).toBe(200);
  });
});
