import { beforeEach, describe, expect, it } from "vitest";
import { newOfferHandle, offerAddress } from "../../../core/caller/offer-handle.ts";
import { locatorDay, sealLocator } from "../../../core/caller/offer-locator.ts";
import type { Session } from "../../../core/model/session.ts";
import { idTokenType, offerTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import type { LivenessQuery } from "../../../core/session/store.ts";
import { randomIds } from "../../kit/keys.ts";
import { agentId, tickets } from "../../kit/registry.ts";
import { claimsOf } from "../../kit/wire/key.ts";
import type { TestAgent } from "../../kit/world/agents.ts";
import { type Tokens, tokens } from "../../kit/world/tokens.ts";
import { createWorld, type World } from "../../kit/world/world.ts";

const forTickets = { resource: tickets, scope: "tickets:read" };
let world: World<Tokens>;
let planner: TestAgent;
let researcher: TestAgent;
let stranger: TestAgent;
let root: string;
/** What liveness was asked for, in order. */
let queries: LivenessQuery[];

const offer = async () =>
  (
    await world.exchange(planner, root, sessionTokenType, {
      ...forTickets,
      audience: agentId("researcher"),
      requested_token_type: offerTokenType,
    })
  ).body.access_token as string;
/** Root, secret and locator, as they stand. */
const partsOf = (handle: string) => [handle.slice(0, 27), handle.slice(27, 70), handle.slice(70)] as const;
const redeem = (handle: string, by = researcher) => world.exchange(by, handle, offerTokenType, {});
const code = () => JSON.parse(world.store.records.at(-1)?.body ?? "{}").status_code;
/** The store's calls of one request, and what was asked of liveness. */
async function callsOf<T>(send: () => Promise<T>): Promise<{ answer: T; calls: string[]; queries: LivenessQuery[] }> {
  const from = world.store.calls.length;
  queries = [];
  const answer = await send();
  return { answer, calls: world.store.calls.slice(from), queries };
}
const rowOf = (handle: string) => {
  const address = offerAddress(handle);
  const row = [...world.store.offers].find(([, one]) => one.handleHash === address?.handleHash);
  if (!row) throw new Error("there is no such offer");
  return row;
};

beforeEach(async () => {
  world = await createWorld([], tokens);
  [planner, researcher, stranger] = [
    await world.newAgent("planner"),
    await world.newAgent("researcher"),
    await world.newAgent("triage"),
  ];
  const opened = await world.exchange(planner, world.idToken("planner-app"), idTokenType, {
    ...forTickets,
    requested_token_type: sessionTokenType,
  });
  root = opened.body.access_token;
  const honest = world.store.readLiveness.bind(world.store);
  queries = [];
  world.store.readLiveness = async (query) => {
    queries.push(query);
    return honest(query);
  };
});

describe("redeeming an offer", () => {
  it("reads once, writes once and looks once more, as every other way to a session", async () => {
    const handle = await offer();
    const { answer, calls } = await callsOf(() => redeem(handle));
    expect(answer.status).toBe(200);
    expect(calls).toEqual(["locatorSecret", "readLiveness", "leaseStatus", "commit", "readLiveness"]);
  });

  it("threat 17: by two hundred at one instant opens one session, which a lost answer is asked for again", async () => {
    const handle = await offer();
    const answers = await Promise.all(Array.from({ length: 200 }, () => redeem(handle)));
    // the bucket of this world lets everybody through
    expect(answers.map(({ status }) => status)).toEqual(Array(200).fill(200));
    expect(new Set(answers.map(({ body }) => claimsOf(body.access_token).sid)).size).toBe(1);
    const { answer, queries: asked } = await callsOf(() => redeem(handle));
    expect(claimsOf(answer.body.access_token).sid).toBe(claimsOf(answers[0]?.body.access_token).sid);
    // its handle could not know the session that it opened
    expect(asked[1]?.session?.sid).toBe(claimsOf(answer.body.access_token).sid);
  });

  it("threat 17: fails for every agent but the one it names, which hears of no difference to a handle that never was", async () => {
    const handle = await offer();
    const never = newOfferHandle(claimsOf(root).sid as string, randomIds, () => handle.slice(70)).handle;
    const known = await redeem(handle, stranger);
    expect(code()).toBe("offer_for_another_agent");
    const unknown = await redeem(never, stranger);
    expect(code()).toBe("offer_unknown");
    expect([known.status, known.body]).toEqual([unknown.status, unknown.body]);
    expect((await redeem(handle)).status).toBe(200);
  });

  it("threat 17: fails for a handle of which anything was changed or left out, and the offer waits for the true one", async () => {
    const handle = await offer();
    const [head, secret, sealed] = partsOf(handle);
    const other = partsOf(await offer());
    for (const wrong of [
      `${head}${secret}`,
      `${head}${secret}${sealed.slice(0, -1)}`,
      `${head}${secret}${sealed.slice(0, -1)}${sealed.endsWith("A") ? "B" : "A"}`,
      `${head}${secret}${other[2]}`,
      `${head}${other[1]}${sealed}`,
      `${head}${secret}.${sealed}`,
      `${handle}.${sealed}`,
    ]) {
      const { status, body } = await redeem(wrong);
      expect([status, body.error, code()]).toEqual([400, "invalid_request", "offer_unknown"]);
    }
    expect((await redeem(handle)).status).toBe(200);
  });

  it("threat 34: by a forged handle has us read what the caller is known by, and its own offer that is not there", async () => {
    const [head, secret, sealed] = partsOf(await offer());
    const forged = `${head}${secret}${sealed.split("").reverse().join("")}`;
    const { calls, queries: asked } = await callsOf(() => redeem(forged));
    expect(calls.filter((call) => call.startsWith("read"))).toEqual(["readOffer", "readLiveness"]);
    expect(calls).not.toContain("commit");
    expect(asked[0]?.session).toBeUndefined();
    expect(asked[0]?.tombstones).toEqual([]);
    expect(asked[0]?.subjects.filter((name) => name.includes("planner"))).toEqual([]);
  });

  it.each(["tombstone", "agent", "principal"] as const)(
    "fails once the giver is over by its %s, and stores nothing",
    async (kind) => {
      const handle = await offer();
      const [, { from }] = rowOf(handle);
      if (kind === "tombstone") await world.send("revoke", planner, { token: root });
      else world.store.raise(kind === "agent" ? `agent:${planner.id}` : `principal:${from.principal.id}`, false, 0);
      const { answer, calls } = await callsOf(() => redeem(handle));
      expect([answer.status, code(), calls.includes("commit")]).toEqual([400, "parent_dead", false]);
    },
  );

  it("rests on the offer's row: what its handle leaves out is read all the same", async () => {
    const [key, row] = rowOf(await offer());
    const daySecret = await world.store.locatorSecret(locatorDay(world.deps.clock));
    // as an instance of another version might have sealed it
    const { principal, ...rest } = row.from;
    const less: Session = { ...rest, principal: { ...principal, id: "p_nobody" }, actors: [], anc: [], epochs: {} };
    const { handle, address } = newOfferHandle(row.root, randomIds, (secret) =>
      sealLocator(less, { root: row.root, secret }, daySecret),
    );
    world.store.offers.set(key.replace(row.handleHash, address.handleHash), { ...row, ...address });
    world.store.raise(`agent:${planner.id}`, false, 0);
    const { answer, queries: asked } = await callsOf(() => redeem(handle));
    expect([answer.status, code()]).toEqual([400, "parent_dead"]);
    expect(asked[1]?.subjects).toContain(`agent:${planner.id}`);
  });

  it("goes on without the secret of the day it was made: the offer is then read first", async () => {
    const handle = await offer();
    world.store.locatorSecrets.clear();
    const { answer, calls } = await callsOf(() => redeem(handle));
    expect([answer.status, calls.filter((call) => call === "readOffer").length]).toEqual([200, 1]);
  });

  it("across midnight is as it is at noon", async () => {
    world.time.seconds = Math.ceil(world.time.seconds / 86_400) * 86_400 + 86_400 - 10;
    const opened = await world.exchange(planner, world.idToken("planner-app"), idTokenType, {
      ...forTickets,
      requested_token_type: sessionTokenType,
    });
    root = opened.body.access_token;
    const handle = await offer();
    world.time.seconds += 20;
    const { answer, calls } = await callsOf(() => redeem(handle));
    expect([answer.status, calls.includes("readOffer")]).toEqual([200, false]);
  });

  it("threat 44: by a batch that stayed unread is told to come again, not that there is no offer", async () => {
    const handle = await offer();
    world.store.unreadable = true;
    expect([(await redeem(handle)).status, code()]).toEqual([503, "liveness_unavailable"]);
    world.store.unreadable = false;
    expect((await redeem(handle)).status).toBe(200);
  });

  it("threat 22: decides by the registry that the batch names, though another was at hand", async () => {
    const handle = await offer();
    world.publish(2);
    expect((await redeem(handle)).status).toBe(200);
    expect(JSON.parse(world.store.records.at(-1)?.body ?? "{}").unmapped.lanyard.registry_version).toBe(2);
  });
});
