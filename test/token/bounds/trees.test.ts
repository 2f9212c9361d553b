import { beforeEach, describe, expect, it } from "vitest";
import { idTokenType, offerTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import { agentId, inBase, tickets } from "../../kit/registry.ts";
import type { TestAgent } from "../../kit/world/agents.ts";
import { type Tokens, tokens } from "../../kit/world/tokens.ts";
import { createWorld, type World } from "../../kit/world/world.ts";

const forTickets = { resource: tickets, scope: "tickets:read" };
const planner = inBase("agent", "planner");
let world: World<Tokens>;
let giver: TestAgent;
let taker: TestAgent;
let root: string;

const offer = () =>
  world.exchange(giver, root, sessionTokenType, {
    ...forTickets,
    audience: agentId("researcher"),
    requested_token_type: offerTokenType,
  });
const redeem = (handle: string) => world.exchange(taker, handle, offerTokenType, {});
const child = async () => redeem((await offer()).body.access_token);
const code = () => JSON.parse(world.store.records.at(-1)?.body ?? "{}").status_code;

beforeEach(async () => {
  world = await createWorld([{ ...planner, maxChildren: 3, maxLifetimeSeconds: 2_400 }], tokens);
  [giver, taker] = [await world.newAgent("planner"), await world.newAgent("researcher")];
  root = (
    await world.exchange(giver, world.idToken("planner-app"), idTokenType, {
      ...forTickets,
      requested_token_type: sessionTokenType,
      lifetime_seconds: "1800",
    })
  ).body.access_token;
});

describe("threat 34: one tree grows by what its root's registration says in a quarter of an hour", () => {
  it("in children: the next offer is refused with a code of its own and stores nothing; what was offered is redeemed", async () => {
    const held: string[] = [];
    for (let i = 0; i < 3; i++) held.push((await offer()).body.access_token);
    const refused = await offer();
    expect([refused.status, refused.body.error, code()]).toEqual([403, "access_denied", "tree_full"]);
    expect(world.store.offers.size).toBe(3);
    for (const handle of held) expect((await redeem(handle)).status).toBe(200);
    expect((await offer()).status).toBe(403);
  });

  it("in offers, which nobody needs to redeem, and which are not given back by being withdrawn", async () => {
    const held: string[] = [];
    for (let i = 0; i < 3; i++) held.push((await offer()).body.access_token);
    for (const token of held) expect((await world.send("revoke", giver, { token })).status).toBe(200);
    expect([(await offer()).status, code()]).toEqual([403, "tree_full"]);
  });

  it("in bytes of sessions and offers together, never less than what stands there", async () => {
    const bytes: number[] = [];
    const grow = world.store.growTree.bind(world.store);
    world.store.growTree = async (tree, by, most) => {
      const within = await grow(tree, by, { ...most, bytes: 10_000 });
      if (within) bytes.push(by.bytes);
      return within;
    };
    let last = await offer();
    for (; last.status === 200; last = await offer()) expect((await redeem(last.body.access_token)).status).toBe(200);
    expect(code()).toBe("tree_full");
    const rows = [...world.store.offers.values(), ...[...world.store.sessions.values()].filter((one) => one.depth > 0)];
    expect(rows.length).toBe(2 * bytes.length);
    const stored = rows.map((one) => JSON.stringify(one).length);
    expect(bytes.reduce((a, b) => a + b, 0)).toBeGreaterThanOrEqual(stored.reduce((a, b) => a + b, 0));
  });

  it("in bytes that a child adds to what its offer took: they are counted when it is made, and refused before it is stored", async () => {
    const queue = Array.from({ length: 60 }, (_, i) => `queue-${i}-${"x".repeat(40)}`);
    const details = { authorization_details: JSON.stringify([{ type: "ticket-queue", queue }]) };
    const grow = world.store.growTree.bind(world.store);
    const asked: unknown[] = [];
    let most = 1_000;
    world.store.growTree = async (tree, by, bound) => {
      asked.push(by);
      return grow(tree, by, { ...bound, bytes: most });
    };
    most = 10_000;
    const held = (await offer()).body.access_token;
    most = 4_000;
    const refused = await world.exchange(taker, held, offerTokenType, details);
    expect([refused.status, code()]).toEqual([403, "tree_full"]);
    most = 10_000;
    expect((await world.exchange(taker, held, offerTokenType, details)).status).toBe(200);
    expect(asked.slice(1)).toEqual(Array(2).fill({ children: 0, bytes: expect.any(Number) }));
    const counted = asked.map((by) => (by as { bytes: number }).bytes);
    const stored = [
      ...world.store.offers.values(),
      ...[...world.store.sessions.values()].filter((one) => one.depth > 0),
    ];
    expect((counted[0] ?? 0) + (counted[2] ?? 0)).toBeGreaterThanOrEqual(
      stored.reduce((sum, one) => sum + JSON.stringify(one).length, 0),
    );
  });

  it("of any number at one instant no more than that", async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, offer));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
  });

  it("whatever its takers do: refused, strange and repeated redemptions take no room from it", async () => {
    const held = (await offer()).body.access_token;
    for (let i = 0; i < 6; i++)
      expect((await world.exchange(taker, held, offerTokenType, { scope: "no:such" })).status).toBe(400);
    for (let i = 0; i < 6; i++) expect((await world.exchange(giver, held, offerTokenType, {})).status).toBe(400);
    const twins = await Promise.all(Array.from({ length: 20 }, () => redeem(held)));
    expect(new Set(twins.map(({ status }) => status))).toEqual(new Set([200]));
    for (let i = 0; i < 2; i++) expect((await child()).status).toBe(200);
    expect((await offer()).status).toBe(403);
  });

  it("and by as much again in the next one; other trees are untouched", async () => {
    for (let i = 0; i < 3; i++) expect((await child()).status).toBe(200);
    const full = root;
    expect((await offer()).status).toBe(403);
    const again = await world.exchange(giver, world.idToken("planner-app"), idTokenType, {
      ...forTickets,
      requested_token_type: sessionTokenType,
    });
    root = again.body.access_token;
    expect((await child()).status).toBe(200);
    root = full;
    world.time.seconds = (Math.floor(world.time.seconds / 900) + 1) * 900 - 1;
    expect((await offer()).status).toBe(403);
    world.time.seconds += 1;
    for (let i = 0; i < 3; i++) expect((await child()).status).toBe(200);
    expect((await offer()).status).toBe(403);
  });

  it("asking again for the child of an offer costs nothing", async () => {
    const held = (await offer()).body.access_token;
    for (let i = 0; i < 6; i++) expect((await redeem(held)).status).toBe(200);
    expect((await child()).status).toBe(200);
  });
});
