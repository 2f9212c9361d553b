import { beforeEach, describe, expect, it } from "vitest";
import { limits } from "../../../core/model/limits.ts";
import type { AgentRegistration } from "../../../core/model/registry.ts";
import { idTokenType, offerTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import { agentId, baseRows, tickets } from "../../kit/registry.ts";
import { createWorld, type TestAgent, type World } from "../../kit/world.ts";

const forTickets = { resource: tickets, scope: "tickets:read" };
const planner = baseRows.find((row): row is AgentRegistration => row.kind === "agent" && row.name === "planner");
let world: World;
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
  if (!planner) throw new Error("no planner");
  world = await createWorld({ ...planner, maxChildren: 3, maxLifetimeSeconds: 2_400 });
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
  it("in children: the next is refused with a code of its own, stores nothing, and keeps its offer", async () => {
    for (let i = 0; i < 3; i++) expect((await child()).status).toBe(200);
    const held = (await offer()).body.access_token;
    const before = world.store.sessions.size;
    const refused = await redeem(held);
    expect([refused.status, refused.body.error, code()]).toEqual([403, "access_denied", "tree_full"]);
    expect(world.store.sessions.size).toBe(before);
    expect([...world.store.offers.values()].filter(({ redeemed }) => redeemed).length).toBe(3);
  });

  it("in offers, which nobody needs to redeem", async () => {
    for (let i = 0; i < 3 * limits.treeOffersPerChild; i++) expect((await offer()).status).toBe(200);
    expect([(await offer()).status, code()]).toEqual([403, "tree_full"]);
  });

  it("in bytes of sessions and offers together", async () => {
    const bytes: number[] = [];
    const grow = world.store.growTree.bind(world.store);
    world.store.growTree = async (tree, by, most) => {
      bytes.push(by.bytes);
      return grow(tree, by, { ...most, bytes: 10_000 });
    };
    let made = 0;
    while ((await offer()).status === 200) made += 1;
    expect(code()).toBe("tree_full");
    const stored = [...world.store.offers.values()].map((one) => JSON.stringify(one).length);
    expect(stored.length).toBe(made);
    // never too little: what was counted is at least what stands there
    expect(bytes.slice(0, made).reduce((a, b) => a + b, 0)).toBeGreaterThanOrEqual(stored.reduce((a, b) => a + b, 0));
  });

  it("of any number at one instant no more than that", async () => {
    const handles: string[] = [];
    for (let i = 0; i < 10; i++) handles.push((await offer()).body.access_token);
    const answers = await Promise.all(handles.map(redeem));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(3);
  });

  it("and by as much again in the next one; other trees are untouched", async () => {
    for (let i = 0; i < 3; i++) expect((await child()).status).toBe(200);
    const full = root;
    expect((await child()).status).toBe(403);
    const again = await world.exchange(giver, world.idToken("planner-app"), idTokenType, {
      ...forTickets,
      requested_token_type: sessionTokenType,
    });
    root = again.body.access_token;
    expect((await child()).status).toBe(200);
    root = full;
    world.time.seconds = (Math.floor(world.time.seconds / 900) + 1) * 900 - 1;
    expect((await child()).status).toBe(403);
    world.time.seconds += 1;
    for (let i = 0; i < 3; i++) expect((await child()).status).toBe(200);
    expect((await child()).status).toBe(403);
  });

  it("asking again for the child of an offer costs nothing", async () => {
    const held = (await offer()).body.access_token;
    for (let i = 0; i < 6; i++) expect((await redeem(held)).status).toBe(200);
    expect((await child()).status).toBe(200);
  });
});
