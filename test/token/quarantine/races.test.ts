import { describe, expect, it } from "vitest";
import { accessTokenType } from "../../../core/model/wire.ts";
import { standingOf } from "../../kit/memory/epochs.ts";
import { agentId, customers } from "../../kit/registry.ts";
import type { Answer } from "../../kit/world/tokens.ts";
import { asSession, play, readCustomers, readsOn, readTickets, reasonIn, writeTickets } from "./ground.ts";

type Played = Awaited<ReturnType<typeof play>>;

/** Quarantines an agent after the first liveness read of what follows, before the second. */
function between({ world, quarantine }: Played, name: string): void {
  let reads = 0;
  world.store.beforeLiveness = async () => {
    if (++reads !== 2) return;
    world.store.beforeLiveness = undefined;
    await quarantine(name);
  };
}

const profile = {
  planner: readsOn,
  researcher: readsOn,
  "ticket-api": { scopes: [{ resource: customers, scopes: ["customers:read"] }] },
};

const ways: readonly (readonly [string, string, (p: Played) => Promise<() => Promise<Answer>>])[] = [
  ["the agent that opens a session", "planner", async (p) => () => p.open({ ...writeTickets, ...asSession })],
  [
    "the agent that asks for a token of its session",
    "planner",
    async (p) => {
      const session = await p.sessionOf(writeTickets);
      return () => p.using(session, writeTickets);
    },
  ],
  [
    "the agent that renews",
    "planner",
    async (p) => {
      const session = await p.sessionOf(readTickets);
      p.world.time.seconds += 60;
      return () => p.using(session, { ...asSession, lifetime_seconds: "840" });
    },
  ],
  [
    "the agent that redeems",
    "researcher",
    async (p) => {
      const offer = (await p.offering(await p.sessionOf())).body.access_token;
      return () => p.redeeming(p.researcher, offer);
    },
  ],
  [
    "the agent whose offer is redeemed",
    "planner",
    async (p) => {
      const offer = (await p.offering(await p.sessionOf())).body.access_token;
      return () => p.redeeming(p.researcher, offer);
    },
  ],
  [
    "the agent whose token a server exchanges",
    "planner",
    async (p) => {
      const access = (await p.open(readTickets)).body.access_token;
      return () => p.world.exchange(p.ticketApi, access, accessTokenType, readCustomers);
    },
  ],
  ["the server that the token is for", "ticket-api", async (p) => () => p.open(readTickets)],
];

describe("threats 6 and 54: nothing is released when a quarantine falls between the first read and the second of", () => {
  it.each(ways)("%s", async (_, name, prepare) => {
    const played = await play(profile);
    const ask = await prepare(played);
    between(played, name);
    const { status, body } = await ask();
    expect([status, reasonIn(played.world)]).toEqual([400, "died_in_flight"]);
    expect(JSON.stringify(body)).not.toMatch(/eyJ|lya_|lyo_/);
    expect(standingOf(played.world.store.epochs.get(`agent:${agentId(name)}`)).quarantined).toBe(true);
  });
});

it("threat 54: of 300 requests against one quarantine, beyond the profile nothing is alive afterwards", async () => {
  const played = await play(profile);
  const { world, ticketApi, open, isActive } = played;
  const released: string[] = [];
  let begun = 0;
  let ordered: Promise<unknown> | undefined;
  const one = async () => {
    while (begun < 300) {
      begun += 1;
      const { status, body } = await open(writeTickets);
      if (status === 200) released.push(body.access_token);
      if (released.length >= 60) ordered ??= played.quarantine("planner");
    }
  };
  await Promise.all(Array.from({ length: 30 }, one));
  expect(await ordered).toMatchObject({ status: 200 });
  expect(released.length).toBeGreaterThanOrEqual(60);
  expect(released.length).toBeLessThan(300);
  for (const token of released) expect(await isActive(ticketApi, token)).toBe(false);
  expect(standingOf(world.store.epochs.get(`agent:${agentId("planner")}`)).quarantined).toBe(true);
});
