import { describe, expect, it } from "vitest";
import { accessTokenType, offerTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import { customers, idp } from "../../kit/registry.ts";
import { issuer } from "../../kit/world/ground.ts";
import {
  active,
  asSession,
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

describe("threat 32: a login denylisted with its revoked root opens nothing more for its agent", () => {
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
    expectDenylisted(await open(documentOf(then)), by);
    // it does not wear off while the provider still refreshes it
    world.time.seconds += 400 * 86_400;
    expectDenylisted(await open(documentOf(then)), by);
  });

  it("in the very document it was opened with, whatever that names", async () => {
    for (const claims of [login, { sid: "s" }, {}]) {
      const document = documentOf(claims);
      const { body } = await open(document);
      await revoke(body.access_token);
      expectDenylisted(await open(document), "document");
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
    expectDenylisted(await openBy({ sid: login.sid }), "sid");
    expectDenylisted(await openBy(at), "auth_time");
    expectDenylisted(await openBy({}), "unnamed");
    const other = await openBy({ sid: "second device" });
    expect(other.status).toBe(200);
    await revoke(other.body.access_token);
    expectDenylisted(await open(documentOf({ sid: "second device" })), "sid");
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
    expectDenylisted(await open(documentOf({ sid })), "unnamed");
  });
});

describe("threat 32: what is denylisted are exact keys", () => {
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
    // and one that names none, where only the planner's is denylisted
    expect(await active(await rootBy({}, triage, "triage-app"))).toBe(true);
  });

  it("a denylisted sid yields to an auth_time younger than the denylisting, never to an older one", async () => {
    const reused = (auth_time: number) => ({ sid: "s", auth_time });
    await revoked(login);
    const denylistedAt = world.time.seconds - 1;
    for (const older of [login.auth_time + 1, denylistedAt - 1, denylistedAt])
      expectDenylisted(await open(documentOf(reused(older))), "sid");
    const again = await rootBy(reused(denylistedAt + 1));
    expect(await active(again)).toBe(true);
    // and denylisted anew it dies as the first did
    await revoke(again);
    expect(await active(again)).toBe(false);
    expectDenylisted(await open(documentOf(reused(denylistedAt + 1))), "auth_time");
  });

  it("ending one's own session denylists nothing", async () => {
    const [own, sibling] = [await rootBy(login), await rootBy(login)];
    expect((await world.send("revoke", planner, { token: own })).status).toBe(200);
    expect(await active(sibling)).toBe(true);
    await rootBy(login);
  });

  it("revoking a child, or an agent's own session, denylists nothing", async () => {
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
    expect(world.store.denylisted.size).toBe(0);
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
    expect(world.store.calls.slice(from)).toEqual(["readSession", "keyOf", "keep", "revoke"]);
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
