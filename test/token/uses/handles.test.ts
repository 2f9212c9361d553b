import { describe, expect, it } from "vitest";
import { accessTokenType, idTokenType, offerTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import { tickets } from "../../kit/registry.ts";
import {
  aggregated,
  ask,
  custApi,
  fetchToken,
  forTickets,
  open,
  planner,
  reason,
  researcher,
  session,
  setUp,
  usable,
  world,
} from "./ground.ts";

setUp();

describe("threat 13: strangers behind an honest resource server", () => {
  const invented = (n: number) => `lya_${"A".repeat(22)}.${String(n).padStart(43, "B")}`;

  it("write no record each by handles they invent: what was never a token of ours is aggregated", async () => {
    const before = world.store.records.length;
    for (let n = 0; n < 20; n++) expect(await ask(invented(n))).toEqual({ active: false });
    expect(await ask("not.a.token")).toEqual({ active: false });
    expect(world.store.records.length).toBe(before);
    expect(world.aggregated.map(({ denial }) => denial?.code)).toEqual(Array(21).fill("subject_token_invalid"));
  });
});

describe("an access token for a resource that asks about every request", () => {
  it("is a handle: nothing in it can be read or verified, and only its hash is stored", async () => {
    const { access_token: handle, token_type, issued_token_type, session: told } = await open();
    expect(handle).toMatch(/^lya_[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}$/);
    expect([token_type, issued_token_type]).toEqual(["DPoP", accessTokenType]);
    expect(told).toMatchObject({ client_id: planner.id, depth: 0, cnf: { jkt: planner.key.jkt } });
    expect(world.signers.session.signatures).toBe(0);
    const rows = JSON.stringify([[...world.store.handles], [...world.store.sessions], world.store.records]);
    expect(rows).not.toContain(handle);
    expect(rows).not.toContain(handle.slice(27));
  });
  it("is answered to the server it is for as a signed one would be, and not in a status list", async () => {
    const { access_token: handle } = await open();
    const answer = await ask(handle);
    expect(answer).toMatchObject({
      active: true,
      token_type: "DPoP",
      aud: tickets,
      scope: "tickets:read",
      client_id: planner.id,
      cnf: { jkt: planner.key.jkt },
      act: { sub: planner.id },
    });
    expect(answer.status).toBeUndefined();
  });
  it("may be used without end where nobody counts, and writes nothing", async () => {
    const { access_token: handle } = await open();
    const before = world.store.records.length;
    expect(await usable(handle, 20)).toBe(20);
    expect(world.store.records.length).toBe(before);
  });
  it("ends with its time, its session, its agent's standing, like a signed one", async () => {
    const one = (await open()).access_token;
    await world.send("revoke", planner, { token: one });
    expect(await ask(one)).toEqual({ active: false });
    const two = (await open()).access_token;
    await world.order({ revoke: { agent: planner.id }, reason: "incident" });
    expect(await ask(two)).toEqual({ active: false });
    await world.order({ lift: { agent: planner.id }, reason: "over" });
    const three = (await open()).access_token;
    world.time.seconds += 300;
    expect(await ask(three)).toEqual({ active: false });
    expect(aggregated()).toBe("subject_token_expired");
  });
  it("says exactly inactive to a server it is not for, and for a handle with one character changed", async () => {
    const { access_token: handle } = await open();
    expect(await ask(handle, custApi)).toEqual({ active: false });
    const other = handle.slice(0, -1) + (handle.endsWith("A") ? "B" : "A");
    expect(aggregated()).toBe("subject_token_not_yours");
    expect(await ask(other)).toEqual({ active: false });
    expect(world.aggregated.at(-1)?.denial?.code).toBe("subject_token_invalid");
  });
  it("stands for its session to its own agent and key, and to nobody else", async () => {
    const { access_token: handle } = await open();
    const again = await world.exchange(planner, handle, accessTokenType, forTickets);
    expect(again.status).toBe(200);
    const restarted = await world.newAgent("planner");
    expect((await world.exchange(restarted, handle, accessTokenType, forTickets)).status).toBe(400);
    expect(aggregated()).toBe("dpop_key_mismatch");
    expect((await world.exchange(researcher, handle, accessTokenType, forTickets)).status).toBe(400);
    expect(aggregated()).toBe("subject_token_not_yours");
  });
  it("opens nothing as a session token or an offer", async () => {
    const { access_token: handle } = await open();
    for (const type of [sessionTokenType, offerTokenType, idTokenType])
      expect((await world.exchange(planner, handle, type, forTickets)).status).toBe(400);
  });
});

it("threat 6: a handle whose session was revoked between its write and its answer is not released", async () => {
  const own = await session();
  let reads = 0;
  world.store.beforeLiveness = async () => {
    if (++reads !== 2) return;
    world.store.beforeLiveness = undefined;
    await world.order({ revoke: { agent: planner.id }, reason: "test" });
  };
  const { status, body } = await fetchToken(planner, own);
  expect([status, reason()]).toEqual([400, "died_in_flight"]);
  expect(JSON.stringify(body)).not.toContain("lya_");
});
