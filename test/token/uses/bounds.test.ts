import { describe, expect, it } from "vitest";
import type { ResourceRegistration } from "../../../core/model/resource-registration.ts";
import { accessTokenType, idTokenType, offerTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import { customers, tickets } from "../../kit/registry.ts";
import { dpopProof } from "../../kit/wire/key.ts";
import { type Params, tokenUrl } from "../../kit/world/tokens.ts";
import {
  aggregated,
  ask,
  asking,
  begin,
  custApi,
  event,
  fetchToken,
  forTickets,
  open,
  planner,
  reason,
  researcher,
  session,
  setUp,
  tickApi,
  usable,
  world,
} from "./ground.ts";

setUp();

const redeem = async (from: string, more: Params = {}, wanted: Params = {}) => {
  const offer = await world.exchange(planner, from, sessionTokenType, {
    ...forTickets,
    audience: researcher.id,
    requested_token_type: offerTokenType,
    ...more,
  });
  expect(offer.status).toBe(200);
  return world.exchange(researcher, offer.body.access_token, offerTokenType, wanted);
};

describe("threat 24: max_uses", () => {
  it("lets one request through, and no second", async () => {
    const { access_token: handle } = await open({ max_uses: "1" });
    expect((await ask(handle)).active).toBe(true);
    expect(await ask(handle)).toEqual({ active: false });
    expect(aggregated()).toBe("uses_spent");
  });
  it("lets exactly as many through as there are uses, of a hundred that ask at one instant", async () => {
    const { access_token: handle } = await open({ max_uses: "7" });
    const answers = await Promise.all(Array.from({ length: 100 }, () => ask(handle)));
    expect(answers.filter(({ active }) => active)).toHaveLength(7);
    for (const answer of answers.filter(({ active }) => !active)) expect(answer).toEqual({ active: false });
  });
  it("records each use with who asked, whose token it was and for what, in the transaction that takes it", async () => {
    const { access_token: handle } = await open({ max_uses: "1" });
    const answer = await ask(handle);
    const { lanyard } = event().unmapped;
    expect([event().status, lanyard.operation, lanyard.agent]).toEqual(["Success", "token.use", tickApi.id]);
    expect(lanyard).toMatchObject({ jti: answer.jti, sid: answer.sid, grants: [{ resource: tickets }] });
  });
  it("takes nothing for an answer that is no: another server, another key, a dead session, a blocked agent", async () => {
    const { access_token: handle } = await open({ max_uses: "1" });
    expect((await ask(handle, custApi)).active).toBe(false);
    expect((await ask(handle, tickApi, { dpop_jkt: researcher.key.jkt })).active).toBe(false);
    expect(aggregated()).toBe("dpop_key_mismatch");
    await world.order({ revoke: { agent: tickApi.id }, reason: "drill" });
    expect((await world.send("introspect", tickApi, { token: handle })).status).toBe(403);
    await world.order({ lift: { agent: tickApi.id }, reason: "over" });
    expect((await ask(handle, tickApi, { dpop_jkt: planner.key.jkt })).active).toBe(true);
  });
  it("is not spent by the same question sent again by whoever overheard it", async () => {
    const { access_token: handle } = await open({ max_uses: "2" });
    const proof = dpopProof(tickApi.key, { url: tokenUrl, atSeconds: world.time.seconds });
    const first = await world.send("introspect", tickApi, { token: handle }, { proof });
    expect(first.body.active).toBe(true);
    const replay = await world.send("introspect", tickApi, { token: handle }, { proof });
    expect([replay.status, replay.body.error]).toEqual([400, "invalid_dpop_proof"]);
    expect(await usable(handle, 3)).toBe(1);
  });
  it("answers nothing when the use cannot be written", async () => {
    const { access_token: handle } = await open({ max_uses: "1" });
    world.store.broken = true;
    await expect(ask(handle)).rejects.toThrow();
    world.store.broken = false;
    expect(await usable(handle, 2)).toBe(1);
  });
  it("is refused for a resource whose tokens can be verified offline", async () => {
    await begin(tickets);
    const both = { resource: [tickets, customers], scope: "tickets:read customers:read" };
    const asked = { ...both, requested_token_type: sessionTokenType, max_uses: "1" };
    const { status, body } = await world.exchange(planner, world.idToken("planner-app"), idTokenType, asked);
    expect([status, body.error, reason()]).toEqual([400, "invalid_target", "uses_not_counted"]);
  });
  it("ends where the resource stops asking: no signed token is got for a counted session", async () => {
    const own = await session({ max_uses: "1" });
    world.publish(2, { ...asking(tickets), introspecting: undefined } as unknown as ResourceRegistration);
    expect((await fetchToken(planner, own)).status).toBe(400);
    expect(reason()).toBe("uses_not_counted");
  });
  it.each(["0", "-1", "1.5", "01", "1001", "9999999", "1e2", "one"])("is refused as %s", async (max_uses) => {
    const { error } = await open({ max_uses });
    expect(error).toBe("invalid_request");
  });
});

describe("threat 24: a bound on uses has no way around it", () => {
  it("counts all tokens of a session together, however many are fetched", async () => {
    const own = await session({ max_uses: "2" });
    const handles = await Promise.all(
      Array.from({ length: 5 }, async () => (await fetchToken(planner, own)).body.access_token as string),
    );
    expect(new Set(handles).size).toBe(5);
    let yes = 0;
    for (const handle of handles) yes += await usable(handle, 2);
    expect(yes).toBe(2);
  });
  it("lets a token have fewer uses than its session, never more", async () => {
    const own = await session({ max_uses: "3" });
    expect((await fetchToken(planner, own, { max_uses: "4" })).body.error).toBe("invalid_request");
    expect(reason()).toBe("uses_exceed");
    const once = (await fetchToken(planner, own, { max_uses: "1" })).body.access_token;
    expect(await usable(once, 3)).toBe(1);
    expect(await usable((await fetchToken(planner, own)).body.access_token, 5)).toBe(2);
  });
  it("is not refilled by handing on: what children use is taken from every session above them", async () => {
    const own = await session({ max_uses: "3" });
    const children = await Promise.all([redeem(own), redeem(own), redeem(own)]);
    let yes = 0;
    for (const { body } of children) yes += await usable(body.access_token, 2);
    expect(yes).toBe(3);
    expect(await usable((await fetchToken(planner, own)).body.access_token, 1)).toBe(0);
  });
  it("gives a child what the offer names, the child less than that, and neither more", async () => {
    const own = await session({ max_uses: "3" });
    const offered = await redeem(own, { max_uses: "2" });
    expect(await usable(offered.body.access_token, 5)).toBe(2);
    const wider = await redeem(own, { max_uses: "1" }, { max_uses: "2" });
    expect([wider.status, reason()]).toEqual([400, "uses_exceed"]);
    const narrower = await redeem(own, { max_uses: "3" }, { max_uses: "1" });
    expect(await usable(narrower.body.access_token, 5)).toBe(1);
    expect(await usable((await fetchToken(planner, own)).body.access_token, 5)).toBe(0);
  });
  it("is bounded by an offer though the offering session is not", async () => {
    const own = await session();
    expect(await usable((await redeem(own, { max_uses: "1" })).body.access_token, 3)).toBe(1);
    expect(await usable((await fetchToken(planner, own)).body.access_token, 3)).toBe(3);
  });
  it("is not refilled by redeeming the same offer again", async () => {
    const own = await session();
    const offer = await world.exchange(planner, own, sessionTokenType, {
      ...forTickets,
      audience: researcher.id,
      requested_token_type: offerTokenType,
      max_uses: "1",
    });
    const [one, two] = await Promise.all(
      [1, 2].map(() => world.exchange(researcher, offer.body.access_token, offerTokenType, {})),
    );
    expect([one?.status, two?.status]).toEqual([200, 200]);
    expect((await usable(one?.body.access_token, 2)) + (await usable(two?.body.access_token, 2))).toBe(1);
  });
  it("goes along the next hop: presenting the handle costs nothing, using what it opened does", async () => {
    const { access_token: handle } = await open({ max_uses: "2" });
    expect((await ask(handle)).active).toBe(true);
    const hop = { resource: customers, scope: "customers:read" };
    const next = await world.exchange(tickApi, handle, accessTokenType, hop);
    const again = await world.exchange(tickApi, handle, accessTokenType, hop);
    expect([next.status, again.status]).toEqual([200, 200]);
    expect((await ask(next.body.access_token, custApi)).active).toBe(true);
    expect((await ask(again.body.access_token, custApi)).active).toBe(false);
  });
  it("of one token goes along everything it is exchanged for: a next hop, another token, an offer", async () => {
    const own = await session();
    const once = async () => (await fetchToken(planner, own, { max_uses: "1" })).body.access_token as string;
    const hop = { resource: customers, scope: "customers:read" };
    const shown = await once();
    const [one, two] = await Promise.all([1, 2].map(() => world.exchange(tickApi, shown, accessTokenType, hop)));
    expect(
      (await usable(one?.body.access_token, 2, custApi)) + (await usable(two?.body.access_token, 2, custApi)),
    ).toBe(1);
    const held = await once();
    const again = await world.exchange(planner, held, accessTokenType, forTickets);
    expect((await usable(again.body.access_token, 2)) + (await usable(held, 2))).toBe(1);
    const offering = await once();
    const offer = await world.exchange(planner, offering, accessTokenType, {
      ...forTickets,
      audience: researcher.id,
      requested_token_type: offerTokenType,
    });
    const child = await world.exchange(researcher, offer.body.access_token, offerTokenType, {});
    expect((await usable(child.body.access_token, 2)) + (await usable(offering, 2))).toBe(1);
    const wider = await world.exchange(planner, await once(), accessTokenType, { ...forTickets, max_uses: "2" });
    expect([wider.status, reason()]).toEqual([400, "uses_exceed"]);
  });
  it("of one token cannot be shaken off by renewing its session with it", async () => {
    const { access_token: whole } = await open();
    const once = (await world.exchange(planner, whole, accessTokenType, { ...forTickets, max_uses: "1" })).body;
    const renewal = { requested_token_type: sessionTokenType, lifetime_seconds: "900" };
    const { status } = await world.exchange(planner, once.access_token, accessTokenType, renewal);
    expect([status, reason()]).toEqual([400, "renewal_refused"]);
    expect((await world.exchange(planner, whole, accessTokenType, renewal)).status).toBe(200);
  });
  it("cannot be left at the next hop for a resource that verifies offline", async () => {
    await begin(tickets);
    const { access_token: handle } = await open({ max_uses: "1" });
    const next = await world.exchange(tickApi, handle, accessTokenType, {
      resource: customers,
      scope: "customers:read",
    });
    expect([next.status, reason()]).toEqual([400, "uses_not_counted"]);
    const unbounded = await open();
    const free = await world.exchange(tickApi, unbounded.access_token, accessTokenType, {
      resource: customers,
      scope: "customers:read",
    });
    expect([free.status, free.body.access_token.slice(0, 3)]).toEqual([200, "eyJ"]);
  });
  it("is not refilled by a renewal, nor widened in one", async () => {
    const own = await session({ max_uses: "1", lifetime_seconds: "300" });
    expect(await usable((await fetchToken(planner, own)).body.access_token, 1)).toBe(1);
    const renewal = { requested_token_type: sessionTokenType, lifetime_seconds: "600" };
    const wider = await world.exchange(planner, own, sessionTokenType, { ...renewal, max_uses: "5" });
    expect([wider.status, wider.body.error]).toEqual([400, "invalid_request"]);
    const renewed = await world.exchange(planner, own, sessionTokenType, renewal);
    expect(renewed.status).toBe(200);
    expect(await usable((await fetchToken(planner, renewed.body.access_token)).body.access_token, 1)).toBe(0);
  });
});
