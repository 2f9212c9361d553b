import { beforeEach, describe, expect, test } from "vitest";
import { sessionTokenType } from "../../../core/model/wire.ts";
import { inBase, tickets } from "../../kit/registry.ts";
import { claimsOf } from "../../kit/wire/key.ts";
import { type ApprovalWorld, approvalWorld, bob, writing } from "./ground.ts";

let way: ApprovalWorld;
beforeEach(async () => {
  way = await approvalWorld([{ ...inBase("resource", "tickets"), introspecting: true }]);
});
const asking = (budget: object, more: object = {}) => ({
  ...{ ...writing, requested_token_type: sessionTokenType },
  budget: JSON.stringify(budget),
  ...more,
});
const day = { calls: { day: 2 }, money: { currency: "EUR", day: 500 } };

describe("threat 57: a budget of a request that people approve", () => {
  test("is part of what they approve: shown, in the hash, and the session is opened with exactly it", async () => {
    const id = await way.waiting(asking(day));
    expect(way.pendingOf(id).budget).toEqual(day);
    way.say(id, bob);
    const { body } = await way.redeem(id);
    const session = [...way.world.store.sessions.values()].find(({ sid }) => sid === claimsOf(body.access_token).sid);
    expect(session?.budgets).toEqual([{ sid: session?.sid, ...day }]);
  });

  test("makes another request of the same one: with more, or with none, people are asked anew", async () => {
    const hashes = [];
    for (const budget of [day, { ...day, calls: { day: 3 } }, { calls: { day: 2 } }])
      hashes.push(way.pendingOf(await way.waiting(asking(budget))).requestHash);
    hashes.push(way.pendingOf(await way.waiting({ ...writing, requested_token_type: sessionTokenType })).requestHash);
    expect(new Set(hashes).size).toBe(4);
  });

  test("is one request in whatever order it is written, and attaches to what waits", async () => {
    const id = await way.waiting(asking(day));
    const again = await way.waiting(asking({ money: { day: 500, currency: "EUR" }, calls: { day: 2 } }));
    expect(again).toBe(id);
  });

  test("cannot be given or taken away by who redeems", async () => {
    const id = await way.waiting(asking(day));
    way.say(id, bob);
    const { status, body } = await way.redeem(id, way.planner, { budget: '{"calls":{"day":99}}' });
    expect([status, body.error]).toEqual([400, "invalid_request"]);
  });

  test("is not asked about where nobody would count it", async () => {
    way = await approvalWorld();
    const { body } = await way.ask(asking(day));
    expect([body.error, body.error_description]).toEqual(["invalid_target", expect.stringContaining(tickets)]);
  });
});
