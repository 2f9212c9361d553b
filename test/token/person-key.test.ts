import { describe, expect, test } from "vitest";
import { withheld } from "../../core/audit/personal.ts";
import { erased, revealColumns } from "../../core/audit/reveal.ts";
import { idTokenType, offerTokenType, sessionTokenType } from "../../core/model/wire.ts";
import { tickets } from "../kit/registry.ts";
import { forTickets, open, own, planner, researcher, setUp, world } from "./attacks/ground.ts";

setUp();

const purpose = "answer Frau Lovelace";
const last = () => JSON.parse(world.store.records.at(-1)?.body ?? "{}");
const facts = () => last().unmapped.lanyard;
const shown = async (event = last()) =>
  revealColumns(event.unmapped.lanyard, event.metadata.uid, async (person) => world.store.people.get(person)?.key);
const openFor = (sub: string) =>
  world.exchange(planner, world.idToken("planner-app", { sub }), idTokenType, { ...forTickets, purpose });

describe("the key of a person", () => {
  test("is made with the first session, in the transaction of its record, and by no further trip", async () => {
    expect((await openFor("ada")).status).toBe(200);
    const calls = [...world.store.calls];
    expect(world.store.people.size).toBe(1);
    expect(facts().purpose).toMatch(/^enc:v1:/);
    expect((await shown()).purpose).toBe(purpose);
    world.store.calls.length = 0;
    expect((await openFor("ada")).status).toBe(200);
    expect(world.store.calls).toEqual(calls);
    expect(world.store.people.size).toBe(1);
    expect((await shown()).purpose).toBe(purpose);
  });

  test("two persons never share one, and neither opens the other's", async () => {
    await openFor("ada");
    const hers = last();
    await openFor("bob");
    const [first, second] = [...world.store.people.values()];
    expect(first?.key).not.toBe(second?.key);
    const swapped = await revealColumns(hers.unmapped.lanyard, hers.metadata.uid, async () => second?.key);
    expect(swapped.purpose).toBe(erased);
  });

  test("of two first sessions at one moment there is one, and both records are read by it", async () => {
    const both = await Promise.all([openFor("ada"), openFor("ada")]);
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
    expect(world.store.people.size).toBe(1);
    const events = world.store.records.slice(-2).map(({ body }) => JSON.parse(body));
    for (const event of events) expect((await shown(event)).purpose).toBe(purpose);
  });

  test("a hundred at one moment neither: who loses the race goes round once", async () => {
    const all = await Promise.all(Array.from({ length: 40 }, () => openFor("ada")));
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set([200]));
    expect(world.store.people.size).toBe(1);
    for (const { body } of world.store.records) expect((await shown(JSON.parse(body))).purpose).toBe(purpose);
  });

  test("counts for renewals, offers, children and access tokens of the same tree", async () => {
    const session = await open({ purpose });
    const offer = await world.exchange(planner, session, sessionTokenType, {
      ...forTickets,
      audience: researcher.id,
      purpose,
      requested_token_type: offerTokenType,
    });
    expect([(await shown()).operation, (await shown()).purpose]).toEqual(["session.offer", purpose]);
    const child = await world.exchange(researcher, offer.body.access_token, offerTokenType, { ...forTickets, purpose });
    expect(child.status).toBe(200);
    expect([(await shown()).operation, (await shown()).purpose]).toEqual(["session.redeem", purpose]);
    await world.exchange(planner, session, sessionTokenType, { ...forTickets, purpose });
    expect([(await shown()).operation, (await shown()).purpose]).toEqual(["token.access", purpose]);
    expect(world.store.people.size).toBe(1);
  });

  test("of an agent on its own account there is none, and its words stay readable", async () => {
    for (const [agent, status] of [
      [researcher, 200],
      [planner, 400],
    ] as const) {
      expect((await world.send("token", agent, { ...own, purpose: "nightly report" })).status).toBe(status);
      expect(facts().purpose).toBe("nightly report");
    }
    expect(world.store.people.size).toBe(0);
  });

  test("is at hand for a refusal after liveness; before it the text is withheld", async () => {
    await openFor("ada");
    const refusal = () =>
      world.exchange(planner, world.idToken("planner-app"), idTokenType, {
        resource: tickets,
        scope: "tickets:fly",
        purpose,
      });
    expect((await refusal()).status).toBe(400);
    expect((await shown()).purpose).toBe(purpose);
    world.store.unreadable = true;
    expect((await refusal()).status).toBe(503);
    expect(facts().purpose).toBe(withheld);
  });

  test("is not read where the record says nothing of the person", async () => {
    const quiet = () => world.exchange(planner, world.idToken("planner-app"), idTokenType, forTickets);
    expect((await quiet()).status).toBe(200);
    expect([world.store.people.size, facts().purpose]).toEqual([0, undefined]);
  });

  test("that a refusal would be the first to need is not made: nothing would store it", async () => {
    const refused = await world.exchange(planner, world.idToken("planner-app"), idTokenType, {
      resource: tickets,
      scope: "tickets:fly",
      purpose,
    });
    expect([refused.status, facts().purpose, world.store.people.size]).toEqual([400, withheld, 0]);
  });
});

describe("erasing a person", () => {
  const person = () => [...world.store.people.keys()][0] ?? "";
  const erase = (principal = person(), more: object = {}) =>
    world.order({ erase: { principal }, reason: "request 4711", ...more });

  test("leaves nothing of what was said readable, ends the sessions, and a later login begins anew", async () => {
    await openFor("ada");
    const before = last();
    const session = await open({ purpose });
    const id = person();
    const answer = await erase();
    expect([answer.status, answer.body.erased]).toEqual([200, { principal: id }]);
    expect(answer.body.recoverableUntilSeconds).toBe(world.time.seconds + 35 * 86_400);
    expect([facts().operation, facts().target, facts().reason]).toEqual([
      "person.erase",
      `principal:${id}`,
      "request 4711",
    ]);
    expect((await shown(before)).purpose).toBe(erased);
    expect((await world.exchange(planner, session, sessionTokenType, forTickets)).status).toBe(400);
    expect(world.store.people.size).toBe(0);
    world.time.seconds += 120;
    await openFor("ada");
    expect((await shown()).purpose).toBe(purpose);
    expect((await shown(before)).purpose).toBe(erased);
  });

  test("leaves an operator's reason readable of whom nothing was said before, until then", async () => {
    const stranger = `p_${"a".repeat(32)}`;
    await world.order({ revoke: { principal: stranger }, unseen: true, reason: "is said to come" });
    const before = last();
    expect([facts().reason, (await shown()).reason]).toEqual([expect.stringMatching(/^enc:v1:/), "is said to come"]);
    expect((await erase(stranger)).status).toBe(200);
    expect((await shown(before)).reason).toBe(erased);
  });

  test("touches nobody else", async () => {
    await openFor("ada");
    const id = person();
    await openFor("bob");
    const his = last();
    await erase(id);
    expect((await shown(his)).purpose).toBe(purpose);
  });

  test("works a second time, and long after the last session of the person", async () => {
    await openFor("ada");
    const id = person();
    world.store.sessions.clear();
    expect((await erase(id)).status).toBe(200);
    expect((await erase(id)).status).toBe(200);
  });

  test("is refused for who was never here, for agents, sessions, and a reason that tells a story", async () => {
    await openFor("ada");
    expect((await erase("p_22222222222222222222222222222222")).body.error_description).toBeDefined();
    expect((await erase("p_22222222222222222222222222222222")).status).toBe(404);
    expect((await erase(planner.id)).status).toBe(400);
    expect((await world.order({ erase: { session: "A".repeat(22) }, reason: "x" })).status).toBe(400);
    expect((await erase(person(), { reason: "x".repeat(101) })).status).toBe(400);
    expect((await erase(person(), { revoke: { principal: person() } })).status).toBe(400);
    expect((await erase(person(), { cutOnly: true })).status).toBe(400);
    expect(world.store.people.size).toBe(1);
  });

  test("threat 6: a person is revoked although the key cannot be read; then the reason is withheld, never clear", async () => {
    await openFor("ada");
    const id = person();
    await world.order({ revoke: { principal: id }, reason: "shouted at Frau Lovelace", cutOnly: true });
    expect([facts().operation, (await shown()).reason]).toEqual(["revoke", "shouted at Frau Lovelace"]);
    expect(last().comment).toMatch(/^enc:v1:/);
    const { keyOf } = world.store;
    world.store.keyOf = () => Promise.reject(new Error("denied"));
    expect((await world.order({ revoke: { principal: id }, reason: "again" })).status).toBe(200);
    expect([facts().reason, last().comment]).toEqual([withheld, withheld]);
    world.store.keyOf = keyOf;
    world.store.keep = () => Promise.reject(new Error("throttled"));
    const stranger = `p_${"a".repeat(32)}`;
    const order = { revoke: { principal: stranger }, unseen: true, reason: "is said to come" };
    expect((await world.order(order)).status).toBe(200);
    expect(facts().reason).toBe(withheld);
  });
});
