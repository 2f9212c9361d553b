import { describe, expect, it } from "vitest";
import { personId } from "../../../core/model/person-id.ts";
import { accessTokenType, offerTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import { agentId, customers, idp } from "../../kit/registry.ts";
import type { Answer } from "../../kit/world/tokens.ts";
import {
  active,
  asSession,
  claimsOf,
  documentOf,
  event,
  expectDenylisted,
  forTickets,
  open,
  planner,
  researcher,
  revoke,
  revoked,
  rootBy,
  setUp,
  sidOf,
  ticketApi,
  triage,
  world,
} from "./ground.ts";

setUp();

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
    expectDenylisted(await open(documentOf(login)));
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
    const before = batches();
    const child = (await redeem()).body.access_token;
    expect(batches() - before).toBe(2);
    expect(claimsOf(child).login).toEqual(names);
    for (const [send, reads] of [
      [() => world.send("introspect", ticketApi, { token: held }), 1],
      [() => world.send("introspect", ticketApi, { token: child }), 1],
      [() => world.exchange(planner, session, sessionTokenType, forTickets), 2],
      // the handle knows the giving session, and not the one that it opened by now
      [redeem, 3],
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
    expectDenylisted(await open(documentOf(claims)));
    expect(await lift(root)).toMatchObject({ status: 200, body: { lifted: { session: sidOf(root) }, over: true } });
    expect(event().unmapped.lanyard).toMatchObject({ operation: "lift", logins: expect.any(Array) });
    await rootBy(claims);
    expect(world.store.tombstones.has(sidOf(root))).toBe(true);
  });

  it("leaves another denylisted login of the same person and agent denylisted", async () => {
    const other = { auth_time: 1_785_000_777 };
    const [one] = [await revoked(login), await revoked(other)];
    await lift(one);
    await rootBy(login);
    expectDenylisted(await open(documentOf(other)), "auth_time");
    expectDenylisted(await open(documentOf({})), "unnamed");
  });

  it("may be repeated, and what was lifted may be revoked again", async () => {
    const root = await revoked(login);
    expect([(await lift(root)).status, (await lift(root)).status]).toEqual([200, 200]);
    await revoke(root);
    expectDenylisted(await open(documentOf(login)));
  });

  it("is refused where no login was denylisted", async () => {
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
    expect([await active(root), world.store.tombstones.size, world.store.epochs.size]).toEqual([true, 0, 0]);
    // what blocks is what is left
    expect((await world.order({ revoke: { principal }, reason: "phished" })).status).toBe(200);
    expect(await active(root)).toBe(false);
  });

  it("of a session is taken where logins are named: another one goes on", async () => {
    const root = await rootBy({ sid: "s" });
    expect((await revoke(root, { cutOnly: true })).status).toBe(200);
    expectDenylisted(await open(documentOf({ sid: "s" })));
    await rootBy({ sid: "t" });
  });

  it("of a person whose documents name a sid alone denylists those that are known: a new one goes on", async () => {
    const [a, b] = [await rootBy({ sid: "s" }), await rootBy({ sid: "t" }, triage, "triage-app")];
    expect((await cut()).status).toBe(200);
    expect([await active(a), await active(b)]).toEqual([false, false]);
    world.time.seconds += 61;
    expectDenylisted(await open(documentOf({ sid: "s" })), "sid");
    expectDenylisted(await open(documentOf({ sid: "t" }, "triage-app"), triage), "sid");
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
