import { beforeEach, describe, expect, it } from "vitest";
import { decodeUnverified } from "../../core/jose/jwt.ts";
import { personId } from "../../core/model/principal.ts";
import type { AgentRegistration } from "../../core/model/registry.ts";
import { accessTokenType, idTokenType, offerTokenType, sessionTokenType } from "../../core/model/wire.ts";
import { agent, agentId, baseRows, customers, idp, tickets } from "../kit/registry.ts";
import { type Answer, createWorld, issuer, type Params, type TestAgent, type World } from "../kit/world.ts";

const forTickets = { resource: tickets, scope: "tickets:read" };
const asSession = { requested_token_type: sessionTokenType };
const registered = (name: string) =>
  baseRows.find((row): row is AgentRegistration => row.kind === "agent" && row.name === name) as AgentRegistration;

let world: World;
let planner: TestAgent;
let researcher: TestAgent;
let triage: TestAgent;
let ticketApi: TestAgent;

beforeEach(async () => {
  world = await createWorld(
    { ...registered("planner"), maxLifetimeSeconds: 7_200 },
    // a second agent that works for the same people, by its own client and by the planner's
    agent("triage", { ...registered("triage"), clients: [{ issuer: idp, clientId: "triage-app" }] }),
  );
  [planner, researcher, triage, ticketApi] = (await Promise.all(
    ["planner", "researcher", "triage", "ticket-api"].map(world.newAgent),
  )) as [TestAgent, TestAgent, TestAgent, TestAgent];
});

/** A person's document: each call is a new one, as a refresh makes it. `undefined` leaves a claim out. */
const documentOf = (claims: object, client = "planner-app") =>
  world.idToken(client, { auth_time: undefined, ...claims });
const open = (document: string, by = planner, more: Params = {}) =>
  world.exchange(by, document, idTokenType, { ...forTickets, ...more });
const rootBy = async (claims: object, by = planner, client = "planner-app") => {
  const { status, body } = await open(documentOf(claims, client), by);
  expect(status).toBe(200);
  return body.access_token as string;
};
const claimsOf = (token: string) => decodeUnverified(token)?.payload as Record<string, unknown>;
const sidOf = (token: string) => String(claimsOf(token).sid);
const revoke = async (token: string, more: object = {}) =>
  world.order({ revoke: { session: sidOf(token) }, reason: "it misbehaves", ...more });
const revoked = async (claims: object) => {
  const token = await rootBy(claims);
  expect(await revoke(token)).toMatchObject({ status: 200, body: { found: true, burnt: true } });
  world.time.seconds += 1;
  return token;
};
const active = async (token: string) => (await world.send("introspect", ticketApi, { token })).body.active as boolean;
const event = () => JSON.parse(world.store.records.at(-1)?.body ?? "{}");
const expectBurnt = ({ status, body }: Answer, by?: string) => {
  expect([status, body.error, event().status_code]).toEqual([400, "invalid_request", "person_token_burnt"]);
  if (by !== undefined) expect(event().unmapped.lanyard.denial.by).toBe(by);
};

describe("threat 32: a login burnt with its revoked root opens nothing more for its agent", () => {
  const at = { auth_time: 1_785_000_000 };
  const login = { ...at, sid: "idp-session-1" };

  it.each([
    ["refreshed, with both names", login, login, "auth_time"],
    ["refreshed without its sid", login, at, "auth_time"],
    ["of the same auth_time under another sid", login, { ...at, sid: "another" }, "auth_time"],
    ["refreshed without its auth_time", login, { sid: login.sid }, "sid"],
    ["named by auth_time alone from the first", at, at, "auth_time"],
    ["named by sid alone from the first", { sid: "s" }, { sid: "s" }, "sid"],
    ["that names no login any more", login, {}, "unnamed"],
    ["that never named a login", {}, {}, "unnamed"],
  ])("in a document %s", async (_, first, then, by) => {
    await revoked(first);
    expectBurnt(await open(documentOf(then)), by);
    // it does not wear off while the provider still refreshes it
    world.time.seconds += 400 * 86_400;
    expectBurnt(await open(documentOf(then)), by);
  });

  it("in the very document it was opened with, whatever that names", async () => {
    for (const claims of [login, { sid: "s" }, {}]) {
      const document = documentOf(claims);
      const { body } = await open(document);
      await revoke(body.access_token);
      expectBurnt(await open(document), "document");
      await world.order({ lift: { session: sidOf(body.access_token) }, reason: "next case" });
    }
  });

  it("in an access token of the same person, and the other way round", async () => {
    const accessOf = (claims: object) =>
      world.idpKey.jws(
        { alg: "ES256", kid: "k1", typ: "at+jwt" },
        {
          iss: idp,
          sub: "ada",
          aud: issuer,
          client_id: "planner-app",
          iat: world.time.seconds,
          exp: world.time.seconds + 3600,
          jti: String(Math.random()),
          groups: ["support"],
          ...claims,
        },
      );
    const openBy = (claims: object) => world.exchange(planner, accessOf(claims), accessTokenType, forTickets);
    await revoked(login);
    // Keycloak's access tokens carry the sid, not always the auth_time
    expectBurnt(await openBy({ sid: login.sid }), "sid");
    expectBurnt(await openBy(at), "auth_time");
    expectBurnt(await openBy({}), "unnamed");
    const other = await openBy({ sid: "second device" });
    expect(other.status).toBe(200);
    await revoke(other.body.access_token);
    expectBurnt(await open(documentOf({ sid: "second device" })), "sid");
  });

  it("and the refusal asks for a new sign-in, by word and by number", async () => {
    await revoked(login);
    const { body } = await open(documentOf(login));
    expect(body.max_age).toBe(0);
    expect(body.error_description).toMatch(/anew.*max_age=0/);
  });

  it.each([
    ["no text", 7],
    ["an empty text", ""],
    ["null", null],
    ["a list", ["idp-session-1"]],
  ])("by a sid that is %s, which names nothing", async (_, sid) => {
    await revoked(login);
    expectBurnt(await open(documentOf({ sid })), "unnamed");
  });
});

describe("threat 32: what is burnt are exact keys", () => {
  const login = { auth_time: 1_785_000_000, sid: "s" };

  it.each([
    ["a second device, with both claims", { auth_time: 1_785_000_001, sid: "t" }],
    ["a second device, by auth_time alone", { auth_time: 1_785_000_001 }],
    ["a second device, by sid alone", { sid: "t" }],
    ["another person, by the same claims", { ...login, sub: "bob" }],
    ["another person without a named login", { sub: "bob" }],
  ])("%s goes on, new and as it was", async (_, claims) => {
    const before = await rootBy(claims);
    await revoked(login);
    expect(await active(before)).toBe(true);
    await rootBy(claims);
  });

  it("another agent goes on by the same login, new and as it was", async () => {
    const before = await rootBy(login, triage, "triage-app");
    await revoked(login);
    expect(await active(before)).toBe(true);
    expect(await active(await rootBy(login, triage, "triage-app"))).toBe(true);
    // and one that names none, where only the planner's is burnt
    expect(await active(await rootBy({}, triage, "triage-app"))).toBe(true);
  });

  it("a burnt sid yields to an auth_time younger than the burning, never to an older one", async () => {
    const reused = (auth_time: number) => ({ sid: "s", auth_time });
    await revoked(login);
    const burntAt = world.time.seconds - 1;
    for (const older of [login.auth_time + 1, burntAt - 1, burntAt])
      expectBurnt(await open(documentOf(reused(older))), "sid");
    const again = await rootBy(reused(burntAt + 1));
    expect(await active(again)).toBe(true);
    // and burnt anew it dies as the first did
    await revoke(again);
    expect(await active(again)).toBe(false);
    expectBurnt(await open(documentOf(reused(burntAt + 1))), "auth_time");
  });

  it("ending one's own session burns nothing", async () => {
    const [own, sibling] = [await rootBy(login), await rootBy(login)];
    expect((await world.send("revoke", planner, { token: own })).status).toBe(200);
    expect(await active(sibling)).toBe(true);
    await rootBy(login);
  });

  it("revoking a child, or an agent's own session, burns nothing", async () => {
    const root = (await open(documentOf(login), planner, asSession)).body.access_token;
    const offer = await world.exchange(planner, root, sessionTokenType, {
      ...forTickets,
      audience: researcher.id,
      requested_token_type: offerTokenType,
    });
    const child = (await world.exchange(researcher, offer.body.access_token, offerTokenType, {})).body.access_token;
    expect((await revoke(child)).body).toMatchObject({ found: true, burnt: false });
    const own = await world.send("token", researcher, { grant_type: "client_credentials", ...forTickets });
    expect((await revoke(own.body.access_token)).body).toMatchObject({ found: true, burnt: false });
    expect(world.store.burnt.size).toBe(0);
    await rootBy(login);
  });
});

describe("threat 32: siblings of a revoked root", () => {
  const login = { auth_time: 1_785_000_000, sid: "s" };

  it.each([
    ["both names", login],
    ["a sid alone", { sid: "t" }],
    ["no name", {}],
  ])("opened by the same document with %s die with it", async (_, claims) => {
    const document = documentOf(claims);
    const [a, b] = [(await open(document)).body.access_token, (await open(document)).body.access_token];
    await revoke(a);
    expect([await active(a), await active(b)]).toEqual([false, false]);
  });

  it.each([
    ["by either name", { auth_time: login.auth_time }],
    ["by the other", { sid: "s" }],
    ["by none, which may be the same login", {}],
  ])("%s die with it, and everything below them, by one write and nothing that is looked for", async (_, claims) => {
    const session = (await open(documentOf(claims), planner, asSession)).body.access_token;
    const access = async () => world.exchange(planner, session, sessionTokenType, forTickets);
    const held = (await access()).body.access_token;
    const offer = await world.exchange(planner, session, sessionTokenType, {
      ...forTickets,
      audience: researcher.id,
      requested_token_type: offerTokenType,
    });
    const redeem = () => world.exchange(researcher, offer.body.access_token, offerTokenType, {});
    const child = (await redeem()).body.access_token;
    const hop = () =>
      world.exchange(ticketApi, held, accessTokenType, { resource: customers, scope: "customers:read" });
    expect([(await hop()).status, await active(child)]).toEqual([200, true]);
    const root = await rootBy(login);
    const from = world.store.calls.length;
    await revoke(root);
    expect(world.store.calls.slice(from)).toEqual(["readSession", "revoke"]);
    expect([await active(held), await active(child)]).toEqual([false, false]);
    const renewal = { ...asSession, lifetime_seconds: "3000" };
    const refused = [
      await access(),
      await redeem(),
      await hop(),
      await world.exchange(planner, session, sessionTokenType, renewal),
    ];
    expect(refused.map(({ status }) => status)).toEqual([400, 400, 400, 400]);
    expect(event().status_code).toBe("parent_dead");
  });

  it("opened after it was revoked and lifted go on, the old ones stay over", async () => {
    const old = [await rootBy(login), await rootBy(login)];
    await revoke(old[0] ?? "");
    await world.order({ lift: { session: sidOf(old[0] ?? "") }, reason: "a false alarm" });
    const fresh = await rootBy(login);
    expect([...(await Promise.all(old.map(active))), await active(fresh)]).toEqual([false, false, true]);
  });
});

describe("threat 32: at one instant", () => {
  const login = { auth_time: 1_785_000_000, sid: "s" };

  it.each([
    ["the same login", login],
    ["its auth_time alone", { auth_time: login.auth_time }],
    ["its sid alone", { sid: "s" }],
    ["no login", {}],
  ])("a sibling by %s that opens while its root is revoked is ended, not released", async (_, claims) => {
    const root = await rootBy(login);
    let reads = 0;
    world.store.beforeLiveness = async () => {
      if (++reads !== 2) return;
      world.store.beforeLiveness = undefined;
      await revoke(root);
    };
    const { status, body } = await open(documentOf(claims));
    expect([status, event().status_code, JSON.stringify(body).includes("eyJ")]).toEqual([400, "died_in_flight", false]);
    expect([...world.store.sessions.values()].at(-1)?.ended).toBe(true);
  });

  it("two refreshed documents both open, and both die by either's revocation", async () => {
    const [a, b] = await Promise.all([rootBy(login), rootBy(login)]);
    expect([await active(a), await active(b)]).toEqual([true, true]);
    await Promise.all([revoke(a), revoke(b)]);
    expect([await active(a), await active(b)]).toEqual([false, false]);
    expectBurnt(await open(documentOf(login)));
  });

  it("of a hundred openings beside a revocation nothing survives it", async () => {
    const root = await rootBy(login);
    let reads = 0;
    world.store.beforeLiveness = async () => {
      if (++reads === 90) await revoke(root);
    };
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, (_, n) => open(documentOf([login, { sid: "s" }, {}][n % 3] ?? {}))),
    );
    const released = outcomes.filter(({ status }) => status === 200).map(({ body }) => body.access_token);
    for (const token of released) expect(await active(token)).toBe(false);
    expect(released.length).toBeLessThan(100);
  });
});

describe("threat 32: a token names its login", () => {
  const login = { auth_time: 1_785_000_000, sid: "s" };
  const batches = () => world.store.calls.filter((call) => call === "readLiveness").length;

  it("so that introspection, exchange, offer, child and hop read liveness in one batch each", async () => {
    const session = (await open(documentOf(login), planner, asSession)).body.access_token;
    const held = (await world.exchange(planner, session, sessionTokenType, forTickets)).body.access_token;
    const names = claimsOf(held).login as string[];
    expect(names).toHaveLength(2);
    for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(claimsOf(session).login).toEqual(names);
    const offered = await world.exchange(planner, session, sessionTokenType, {
      ...forTickets,
      audience: researcher.id,
      requested_token_type: offerTokenType,
    });
    const redeem = () => world.exchange(researcher, offered.body.access_token, offerTokenType, {});
    const child = (await redeem()).body.access_token;
    expect(claimsOf(child).login).toEqual(names);
    for (const [send, reads] of [
      [() => world.send("introspect", ticketApi, { token: held }), 1],
      [() => world.send("introspect", ticketApi, { token: child }), 1],
      [() => world.exchange(planner, session, sessionTokenType, forTickets), 2],
      [redeem, 2],
      [() => world.exchange(ticketApi, held, accessTokenType, { resource: customers, scope: "customers:read" }), 2],
    ] as const) {
      const before = batches();
      expect((await send()).status).toBe(200);
      expect(batches() - before).toBe(reads);
    }
  });

  it("and says nothing of whose or when it was", async () => {
    const names = (token: string) => JSON.stringify(claimsOf(token).login);
    const [ada, bob] = [await rootBy(login), await rootBy({ ...login, sub: "bob" })];
    expect(names(ada)).not.toBe(names(bob));
    expect(Buffer.from(ada.split(".")[1] ?? "", "base64url").toString()).not.toContain(String(login.auth_time));
  });

  it("none where an agent works on its own", async () => {
    const own = await world.send("token", researcher, { grant_type: "client_credentials", ...forTickets });
    expect(claimsOf(own.body.access_token).login).toBeUndefined();
  });
});

describe("threat 32: lift { session }", () => {
  const login = { auth_time: 1_785_000_000, sid: "s" };
  const lift = (token: string) => world.order({ lift: { session: sidOf(token) }, reason: "a false alarm" });

  it.each([
    ["with both names", login],
    ["with a sid alone", { sid: "s" }],
    ["that is not named", {}],
  ])("clears a login %s, long after the session's row is gone; the session stays over", async (_, claims) => {
    const root = await revoked(claims);
    world.time.seconds += 40 * 86_400;
    world.store.sessions.clear();
    expectBurnt(await open(documentOf(claims)));
    expect(await lift(root)).toMatchObject({ status: 200, body: { lifted: { session: sidOf(root) }, over: true } });
    expect(event().unmapped.lanyard).toMatchObject({ operation: "lift", logins: expect.any(Array) });
    await rootBy(claims);
    expect(world.store.tombstones.has(sidOf(root))).toBe(true);
  });

  it("leaves another burnt login of the same person and agent burnt", async () => {
    const other = { auth_time: 1_785_000_777 };
    const [one] = [await revoked(login), await revoked(other)];
    await lift(one);
    await rootBy(login);
    expectBurnt(await open(documentOf(other)), "auth_time");
    expectBurnt(await open(documentOf({})), "unnamed");
  });

  it("may be repeated, and what was lifted may be revoked again", async () => {
    const root = await revoked(login);
    expect([(await lift(root)).status, (await lift(root)).status]).toEqual([200, 200]);
    await revoke(root);
    expectBurnt(await open(documentOf(login)));
  });

  it("is refused where no login was burnt", async () => {
    const own = await world.send("token", researcher, { grant_type: "client_credentials", ...forTickets });
    await revoke(own.body.access_token);
    for (const token of [own.body.access_token, await rootBy(login)]) {
      const { status, body } = await lift(token);
      expect([status, body.error]).toEqual([400, "invalid_request"]);
      expect(body.error_description).toContain("no login was burnt");
    }
  });
});

describe("threat 32: a cut without a block", () => {
  const principal = personId(idp, "ada");
  const cut = () => world.order({ revoke: { principal }, cutOnly: true, reason: "phished" });
  const expectRefused = ({ status, body }: Answer) => {
    expect([status, body.error, event().status_code]).toEqual([400, "invalid_request", "cut_only_unprovable"]);
    expect(body.error_description).toContain("names no login (auth_time or sid)");
  };

  it("is refused for people whose issuer names no login, of one session or of the person; nothing is written", async () => {
    const root = await rootBy({});
    expectRefused(await cut());
    expectRefused(await revoke(root, { cutOnly: true }));
    expect([await active(root), world.store.tombstones.size, world.store.standings.size]).toEqual([true, 0, 0]);
    // what blocks is what is left
    expect((await world.order({ revoke: { principal }, reason: "phished" })).status).toBe(200);
    expect(await active(root)).toBe(false);
  });

  it("of a session is taken where logins are named: another one goes on", async () => {
    const root = await rootBy({ sid: "s" });
    expect((await revoke(root, { cutOnly: true })).status).toBe(200);
    expectBurnt(await open(documentOf({ sid: "s" })));
    await rootBy({ sid: "t" });
  });

  it("of a person whose documents name a sid alone burns those that are known: a new one goes on", async () => {
    const [a, b] = [await rootBy({ sid: "s" }), await rootBy({ sid: "t" }, triage, "triage-app")];
    expect((await cut()).status).toBe(200);
    expect([await active(a), await active(b)]).toEqual([false, false]);
    world.time.seconds += 61;
    expectBurnt(await open(documentOf({ sid: "s" })), "sid");
    expectBurnt(await open(documentOf({ sid: "t" }, "triage-app"), triage), "sid");
    await rootBy({ sid: "u" });
  });

  it("of a person whose documents name an auth_time lets a younger one in and no other, refreshed or not", async () => {
    await rootBy({ auth_time: world.time.seconds });
    const before = world.time.seconds;
    expect((await cut()).status).toBe(200);
    world.time.seconds += 61;
    expect((await open(documentOf({ auth_time: before }))).status).toBe(400);
    expect(event().status_code).toBe("person_token_before_cut");
    await rootBy({ auth_time: world.time.seconds });
  });

  it("lets no document in that names no login, though nothing was known of such, until an operator lifts", async () => {
    expect((await cut()).status).toBe(404);
    expect((await world.order({ revoke: { principal }, cutOnly: true, unseen: true, reason: "phished" })).status).toBe(
      200,
    );
    world.time.seconds += 3_600;
    const { status, body } = await open(documentOf({}));
    expect([status, body.max_age, event().status_code]).toEqual([400, 0, "person_token_before_cut"]);
    await world.order({ lift: { principal }, reason: "the IdP's sessions were ended" });
    await rootBy({});
    // and a new cut counts anew
    world.store.sessions.clear();
    await cut();
    world.time.seconds += 3_600;
    expect((await open(documentOf({}))).status).toBe(400);
  });

  it("of more logins without an auth_time than one write takes is refused and says how many", async () => {
    for (let n = 0; n < 21; n++) await rootBy({ sid: `s${n}` });
    const { status, body } = await cut();
    expect([status, body.error_description.includes("21 logins without an auth_time")]).toEqual([400, true]);
  });

  it("of an agent that works on its own asks for no login", async () => {
    await world.send("token", researcher, { grant_type: "client_credentials", ...forTickets });
    const order = { revoke: { principal: agentId("researcher") }, cutOnly: true, reason: "a wrong task" };
    expect((await world.order(order)).status).toBe(200);
  });
});

it("threat 32: the record of an opening and of the revocation name the login, and none of its claims", async () => {
  const root = await rootBy({ auth_time: 1_785_000_000, sid: "provider-session" });
  const opened = event().unmapped.lanyard;
  await revoke(root);
  const ended = event().unmapped.lanyard;
  expect(opened.logins).toEqual(claimsOf(root).login);
  expect(ended.logins).toEqual(expect.arrayContaining(opened.logins));
  expect(JSON.stringify(world.store.records)).not.toContain("provider-session");
});
