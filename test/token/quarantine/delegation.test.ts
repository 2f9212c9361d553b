import { describe, expect, it } from "vitest";
import { idTokenType, offerTokenType } from "../../../core/model/wire.ts";
import { isQuarantined } from "../../../core/session/quarantine.ts";
import { agentId, customers, inBase, tickets } from "../../kit/registry.ts";
import { asSession, expectRefused, play, readCustomers, readsOn, readTickets } from "./ground.ts";

const both = {
  scopes: [
    { resource: tickets, scopes: ["tickets:read"] },
    { resource: customers, scopes: ["customers:read"] },
  ],
};

describe("threat 54: a quarantined agent delegates by no way", () => {
  it("not by an offer", async () => {
    const { world, sessionOf, offering, quarantine } = await play({ planner: readsOn });
    await quarantine("planner");
    expectRefused(world, await offering(await sessionOf()), "quarantined");
  });

  it("not by an offer that it made before", async () => {
    const { world, researcher, sessionOf, offering, redeeming, quarantine } = await play({ planner: readsOn });
    const offer = (await offering(await sessionOf())).body.access_token;
    await quarantine("planner");
    expectRefused(world, await redeeming(researcher, offer), "parent_dead");
  });

  it("not by the server that it calls, which exchanges its token for a next one", async () => {
    const { world, ticketApi, open, hopping, quarantine } = await play({ planner: both });
    const before = (await open(readTickets)).body.access_token;
    expect((await hopping(ticketApi, before)).status).toBe(200);
    await quarantine("planner");
    const inside = (await open(readTickets)).body.access_token;
    expectRefused(world, await hopping(ticketApi, inside), "quarantined");
  });

  it("not through what others made of it before: children, their children, and their tokens", async () => {
    const { world, researcher, sessionOf, offering, redeeming, quarantine, isActive, ticketApi } = await play({
      planner: both,
    });
    const offer = (await offering(await sessionOf())).body.access_token;
    const child = (await redeeming(researcher, offer, asSession)).body.access_token;
    const access = (await world.exchange(researcher, child, asSession.requested_token_type, readTickets)).body
      .access_token;
    expect(await isActive(ticketApi, access)).toBe(true);
    await quarantine("planner");
    expect(await isActive(ticketApi, access)).toBe(false);
    expectRefused(
      world,
      await world.exchange(researcher, child, asSession.requested_token_type, readTickets),
      "parent_dead",
    );
  });

  it("but takes what others offer it, as far as its profile goes", async () => {
    const { world, researcher, sessionOf, offering, redeeming, quarantine } = await play({
      researcher: { scopes: [{ resource: tickets, scopes: ["tickets:read"] }] },
    });
    await quarantine("researcher");
    const offered = { resource: [tickets, customers], scope: "tickets:read customers:read" };
    const session = await sessionOf(offered);
    const offer = (await offering(session, researcher, offered)).body.access_token;
    expectRefused(world, await redeeming(researcher, offer, asSession), "scope_exceeds");
    const part = await redeeming(researcher, offer, { ...readTickets, ...asSession });
    expect(part.status).toBe(200);
    const child = part.body.access_token;
    const further = await world.exchange(researcher, child, asSession.requested_token_type, {
      ...readTickets,
      ...{ audience: agentId("triage"), requested_token_type: offerTokenType },
    });
    expectRefused(world, further, "quarantined");
  });
});

describe("threats 42 and 54: a quarantined server", () => {
  const tellsLittle = { scopes: [{ resource: customers, scopes: ["customers:read"] }] };

  it("gets no one's tokens: nothing is issued for what it serves", async () => {
    const { world, open, quarantine } = await play({ "ticket-api": tellsLittle });
    await quarantine("ticket-api");
    expectRefused(world, await open(readTickets), "server_dead");
    expect((await open(readCustomers)).status).toBe(200);
  });

  it("learns of no token, and goes on with none", async () => {
    const { world, ticketApi, open, hopping, quarantine } = await play({ "ticket-api": tellsLittle });
    const access = (await open(readTickets)).body.access_token;
    await quarantine("ticket-api");
    expectRefused(world, await world.send("introspect", ticketApi, { token: access }), "quarantined");
    expectRefused(world, await hopping(ticketApi, access), "quarantined");
  });

  it("serves on where its profile says so: what it hops to is its profile's", async () => {
    const serving = { ...tellsLittle, serves: true as const };
    const { world, ticketApi, open, hopping, quarantine, isActive } = await play({ "ticket-api": serving });
    await quarantine("ticket-api");
    const access = (await open(readTickets)).body.access_token;
    expect(await isActive(ticketApi, access)).toBe(true);
    expect((await hopping(ticketApi, access)).status).toBe(200);
    const none = { ...inBase("agent", "ticket-api"), quarantine: { serves: true as const, scopes: readsOn.scopes } };
    world.publish(2, none);
    expectRefused(world, await hopping(ticketApi, access), "scope_exceeds");
  });
});

describe("threat 54: siblings of a quarantined agent", () => {
  it("keep every session: of 60 trees of two agents exactly the 30 of the quarantined one are over", async () => {
    const { world, triage, ticketApi, open, quarantine, isActive } = await play({ planner: readsOn });
    const token = async (n: number) => {
      const params = { ...readTickets };
      const one =
        n % 2 === 0
          ? await open(params)
          : await world.exchange(triage, world.idToken("triage-app"), idTokenType, params);
      return one.body.access_token as string;
    };
    const issued = await Promise.all(Array.from({ length: 60 }, (_, n) => token(n)));
    const alive = () => Promise.all(issued.map((one) => isActive(ticketApi, one)));
    expect((await alive()).filter(Boolean)).toHaveLength(60);
    const epochs = JSON.stringify([...world.store.epochs].filter(([name]) => !name.includes("planner")));
    await quarantine("planner");
    expect(await alive()).toEqual(issued.map((_, n) => n % 2 === 1));
    // nothing that another agent depends on was touched: no epoch but the planner's, no tombstone
    expect(JSON.stringify([...world.store.epochs].filter(([name]) => !name.includes("planner")))).toBe(epochs);
    expect(world.store.tombstones.size).toBe(0);
    const rows = await world.store.readLiveness({ tombstones: [], subjects: [`agent:${triage.id}`] });
    expect(isQuarantined(rows, triage.id)).toBe(false);
  });
});
