import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { awsStsWebIdentity } from "../../client/evidence/aws-sts-web-identity.ts";
import { createAgent } from "../../client/index.ts";
import { createResourceServer } from "../../client/verify.ts";
import { decodeUnverified } from "../../core/jose/jwt.ts";
import { statusAt } from "../../core/verify/status/bits.ts";
import { decodeStatusList } from "../../core/verify/status/list.ts";
import { customers, tickets } from "../../local/demo/story/desk.ts";
import { awaitRecords, type StoredRecord } from "../../local/demo/story/records.ts";
import { raiseWorld, type World } from "../../local/demo/story/world.ts";
import { copiedExample } from "../kit/example.ts";
import { outcomeOf } from "../kit/outcome.ts";

/** The example's registry, with a ticket API that asks about every request and a planner whose work may take long. */
function writeRegistry(): string {
  const { folder, change } = copiedExample();
  change("resources.yaml", "servedBy: ticket-api\n", "servedBy: ticket-api\nintrospecting: true\n");
  change("agents/planner.yaml", "maxDepth: 3\n", "maxDepth: 3\nmaxLifetimeSeconds: 10800\n");
  return folder;
}

let world: World;
let registry: string;
beforeAll(async () => {
  registry = writeRegistry();
  world = await raiseWorld({ memory: true, registry, onProgress: () => undefined });
});
afterAll(async () => {
  await world?.close();
  rmSync(registry, { recursive: true, force: true });
});

const agentOf = (name: string, fetch?: typeof globalThis.fetch) => {
  const { endpoints } = world;
  const { id, credentials } = endpoints.agents[name] ?? { id: "", credentials: undefined };
  if (!credentials) throw new Error(`no agent ${name}`);
  const evidence = awsStsWebIdentity({ ...endpoints.aws, credentials: { ...credentials } });
  return createAgent({ issuer: endpoints.issuer, agent: id, evidence, ...(fetch ? { fetch } : {}) });
};
const forTickets = [{ resource: tickets, scopes: ["tickets:read"] }];
const forBoth = [...forTickets, { resource: customers, scopes: ["customers:read"] }];
const signIn = async () => ({ onBehalfOf: { idToken: (await world.provider.signInAs("planner")).id_token } });
/** Records of what was allowed to a session, once there are so many of them and of what was refused. */
const allowed = async (sid: string, wanted: string, counts: { readonly allowed: number; readonly denied: number }) => {
  const of = (all: readonly StoredRecord[], outcome: "allowed" | "denied") =>
    all.filter(({ facts }) => facts.sid === sid && facts.operation === wanted && facts.outcome === outcome);
  const there = (all: readonly StoredRecord[]) =>
    of(all, "allowed").length >= counts.allowed && of(all, "denied").length >= counts.denied;
  return of(await awaitRecords(world, there, 20_000), "allowed");
};

describe("over HTTP, each function under its own rights", () => {
  it("threat 24: of ten questions at one instant about three uses, three are answered and recorded", async () => {
    const session = await agentOf("planner").open({ ...(await signIn()), grants: forTickets, maxUses: 3 });
    const { token } = await session.accessToken(tickets);
    expect(token).toMatch(/^lya_/);
    const api = agentOf("ticket-api");
    await api.identity();
    const answers = await Promise.all(Array.from({ length: 10 }, () => api.introspect(token)));
    expect(answers.filter(({ active }) => active)).toHaveLength(3);
    const used = await allowed(session.sid, "token.use", { allowed: 3, denied: 7 });
    expect(used).toHaveLength(3);
    for (const { facts } of used) expect(facts.agent).toBe(api.agent);
  });

  it("a one-request session does its one request at a guarded resource, and no other", async () => {
    const seen: Headers[] = [];
    const planner = agentOf("planner", async (input, init) => {
      if (!String(input).startsWith(tickets)) return globalThis.fetch(input, init);
      seen.push(new Headers(init?.headers));
      return new Response("ok");
    });
    const session = await planner.open({ ...(await signIn()), grants: forTickets, maxUses: 1 });
    const guard = createResourceServer({
      issuer: world.endpoints.issuer,
      resource: tickets,
      mode: "introspect",
      agent: agentOf("ticket-api"),
    });
    const outcomes: string[] = [];
    for (let i = 0; i < 2; i++) {
      await session.fetch(`${tickets}/tickets/T-1`, { resource: tickets });
      const outcome = await outcomeOf(
        guard.authenticate({ method: "GET", url: "/tickets/T-1", headers: seen[i] ?? {} }),
      );
      outcomes.push(outcome.ok ? "let in" : outcome.error.refusal.code);
    }
    expect(outcomes).toEqual(["let in", "session_over"]);
  });

  it("long work: renewed into another hour; ending it sets the bits of the old tokens and of the new", async () => {
    const session = await agentOf("planner").open({ ...(await signIn()), grants: forBoth, lifetimeSeconds: 900 });
    const before = (await session.accessToken(customers)).token;
    // late in an hour this ends two hours on, whose list the publisher signs in its next run, a minute away at most
    const renew = () =>
      session.renew({ lifetimeSeconds: 900 + 3600 }).then(
        ({ expiresAtSeconds }) => expiresAtSeconds,
        (refused) => (refused.status === 503 ? 0 : Promise.reject(refused)),
      );
    await expect.poll(renew, { interval: 1_000 }).toBeGreaterThan(Date.now() / 1000 + 4400);
    await expect(session.renew({ lifetimeSeconds: 10_801 })).rejects.toMatchObject({ status: 400 });
    const after = (await session.accessToken(customers, { scopes: ["customers:read"] })).token;
    expect(placeOf(after)?.uri).not.toBe(placeOf(before)?.uri);
    // the list of an hour nobody's work ended in until now is signed by the publisher's next run, a minute away at most
    const bits = () => Promise.all([before, after].map(bitOf));
    await expect.poll(bits, { interval: 500 }).toEqual([0, 0]);
    await session.end();
    await expect.poll(bits, { interval: 250 }).toEqual([1, 1]);
    expect(await allowed(session.sid, "session.renew", { allowed: 1, denied: 1 })).toHaveLength(1);
  });
});

const placeOf = (token: string) =>
  (decodeUnverified(token)?.payload.status as { status_list?: { uri: string; idx: number } } | undefined)?.status_list;

/** What a verifier that knows the standard alone sees; undefined while nobody signed that list. */
async function bitOf(token: string): Promise<number | undefined> {
  const place = placeOf(token);
  const answer = place && (await fetch(place.uri, { headers: { connection: "close" } }));
  if (!place || answer?.status !== 200) return undefined;
  const list = decodeUnverified(await answer.text())?.payload.status_list as { bits: number; lst: string } | undefined;
  const bits = decodeStatusList(list?.lst, list?.bits);
  const value = bits.ok ? statusAt(bits.value, place.idx) : bits;
  return value.ok ? value.value : undefined;
}
