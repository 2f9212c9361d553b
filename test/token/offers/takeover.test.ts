import { beforeEach, describe, expect, it } from "vitest";
import type { Registration } from "../../../core/model/registry.ts";
import { accessTokenType, idTokenType, offerTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import { agentId, baseRows, tickets } from "../../kit/registry.ts";
import { claimsOf } from "../../kit/wire/key.ts";
import type { TestAgent } from "../../kit/world/agents.ts";
import { type Tokens, tokens } from "../../kit/world/tokens.ts";
import { createWorld, type World } from "../../kit/world/world.ts";

const forTickets = { resource: tickets, scope: "tickets:read" };
const introspecting: readonly Registration[] = baseRows.flatMap((row) =>
  row.kind === "resource" && row.uri === tickets ? [{ ...row, introspecting: true as const }] : [],
);
const queued = (names: readonly string[]): readonly Registration[] =>
  baseRows.flatMap((row) =>
    row.kind === "agent" && names.includes(row.name) ? [{ ...row, redeem: "any-key" as const }] : [],
  );

let world: World<Tokens>;
let planner: TestAgent;
let first: TestAgent;
let second: TestAgent;
let server: TestAgent;
let root: string;
let handle: string;

async function begin(rows: readonly Registration[]): Promise<void> {
  world = await createWorld(rows, tokens);
  [planner, first, second, server] = (await Promise.all(
    ["planner", "researcher", "researcher", "ticket-api"].map((name) => world.newAgent(name)),
  )) as [TestAgent, TestAgent, TestAgent, TestAgent];
  const opened = await world.exchange(planner, world.idToken("planner-app"), idTokenType, {
    ...forTickets,
    requested_token_type: sessionTokenType,
  });
  root = opened.body.access_token;
  handle = await offer();
}

const offer = async (more: object = {}) =>
  (
    await world.exchange(planner, root, sessionTokenType, {
      ...forTickets,
      audience: agentId("researcher"),
      requested_token_type: offerTokenType,
      ...more,
    })
  ).body.access_token as string;
const redeem = (by: TestAgent, more: object = {}, of = handle) =>
  world.exchange(by, of, offerTokenType, { requested_token_type: sessionTokenType, ...more });
const access = (by: TestAgent, session: string) =>
  world.exchange(by, session, sessionTokenType, { ...forTickets, requested_token_type: accessTokenType });
const introspect = async (token: string) => (await world.send("introspect", server, { token })).body;
const records = () => world.store.records.map(({ body }) => JSON.parse(body).unmapped.lanyard);
const refusal = () => records().at(-1).denial?.code ?? world.aggregated.at(-1)?.denial?.code;
const lastCause = () => JSON.stringify(records().at(-1).denial_missing ?? records().at(-1));

beforeEach(() => begin(queued(["researcher"])));

describe("an agent registered with redeem: any-key", () => {
  it("threat 17: has an offer redeemed again by another of its keys, which gets the same session, and no second one", async () => {
    const [one, two] = [await redeem(first), await redeem(second)];
    expect([one.status, two.status]).toEqual([200, 200]);
    const [was, is] = [claimsOf(one.body.access_token), claimsOf(two.body.access_token)];
    expect([is.sid, is.root, is.exp]).toEqual([was.sid, was.root, was.exp]);
    expect([was.cnf, is.cnf]).toEqual([{ jkt: first.key.jkt }, { jkt: second.key.jkt }]);
    expect(world.store.sessions.size).toBe(2);
    expect(records().at(-1)).toMatchObject({ operation: "session.redeem", key_replaced: true, jkt: second.key.jkt });
    expect(records().filter(({ key_replaced: replaced }) => replaced)).toHaveLength(1);
    expect((await access(second, two.body.access_token)).status).toBe(200);
  });

  it("threat 17: leaves nothing to the former key: its session gets no token, no offer, no renewal and no credentials", async () => {
    const held = (await redeem(first)).body.access_token;
    const aside = (await access(first, held)).body.access_token;
    await redeem(second);
    const asked = [
      () => access(first, held),
      () => world.exchange(first, aside, accessTokenType, { ...forTickets, requested_token_type: accessTokenType }),
      () =>
        world.exchange(first, held, sessionTokenType, {
          ...forTickets,
          audience: agentId("triage"),
          requested_token_type: offerTokenType,
        }),
      () =>
        world.exchange(first, held, sessionTokenType, {
          requested_token_type: sessionTokenType,
          lifetime_seconds: "900",
        }),
      () =>
        world.send("credentials", first, {
          subject_token: held,
          subject_token_type: sessionTokenType,
          ...forTickets,
        }),
    ];
    for (const ask of asked) {
      const { status } = await ask();
      expect([status, refusal(), lastCause()]).toEqual([400, "parent_dead", expect.stringContaining("taken over")]);
    }
  });

  it("threat 17: makes what the former key shows a server worth nothing: not active, and no base of further work", async () => {
    const held = (await redeem(first)).body.access_token;
    const shown = (await access(first, held)).body.access_token;
    expect((await introspect(shown)).active).toBe(true);
    const taken = (await redeem(second)).body.access_token;
    expect(await introspect(shown)).toEqual({ active: false });
    expect((await introspect((await access(second, taken)).body.access_token)).active).toBe(true);
    const hop = await world.exchange(server, shown, accessTokenType, {
      resource: "https://customers.example",
      scope: "customers:read",
      requested_token_type: accessTokenType,
    });
    expect(hop.status).toBe(400);
    expect(refusal()).toBe("parent_dead");
  });

  it("threat 17: makes a handle of the former key inactive as well", async () => {
    await begin([...queued(["researcher"]), ...introspecting]);
    const held = (await redeem(first)).body.access_token;
    const shown = (await access(first, held)).body.access_token;
    expect((await introspect(shown)).active).toBe(true);
    await redeem(second);
    expect(await introspect(shown)).toEqual({ active: false });
  });

  it("threat 17: opens it to no other agent, whatever that one's registration says", async () => {
    await begin(queued(["researcher", "triage"]));
    await redeem(first);
    const stranger = await world.newAgent("triage");
    expect((await redeem(stranger)).status).toBe(400);
    expect(refusal()).toBe("offer_for_another_agent");
    expect([...world.store.offers.values()][0]?.redeemed?.jkt).toBe(first.key.jkt);
  });

  it("threat 17: refuses and tells of another key where the registration does not say it, also of another agent's that does", async () => {
    await begin(queued(["planner", "triage"]));
    await redeem(first);
    expect((await redeem(second)).status).toBe(400);
    expect(refusal()).toBe("offer_redeemed_by_another_key");
  });

  it("threat 17: gives up the session to no other code and to no weaker proof than it was granted to", async () => {
    const built = (by: TestAgent, more: object) => redeem(by, { client_assertion: by.identity(more) });
    const gen = (build: string) => ({ [`agent:${first.id}`]: 0, [`build:${build}`]: 0, deployment: 0 });
    await built(first, { build: "sha256:a", gen: gen("sha256:a") });
    for (const [more, why] of [
      [{ build: "sha256:b", gen: gen("sha256:b") }, "other code"],
      [{}, "other code"],
      [{ build: "sha256:a", gen: gen("sha256:a"), assurance: "audience" }, "weakly"],
    ] as const) {
      expect((await built(second, more)).status).toBe(400);
      expect([refusal(), lastCause()]).toEqual(["takeover_refused", expect.stringContaining(why)]);
    }
    expect((await built(second, { build: "sha256:a", gen: gen("sha256:a") })).status).toBe(200);
  });

  it("threat 17: opens nothing that is over: an ended session, a withdrawn giver, an offer past its end", async () => {
    const held = (await redeem(first)).body.access_token;
    await world.send("revoke", first, { token: held });
    expect((await redeem(second)).status).toBe(400);
    expect(refusal()).toBe("parent_dead");
    handle = await offer();
    await redeem(first);
    world.time.seconds += 601;
    expect((await redeem(second)).status).toBe(400);
    expect(refusal()).toBe("offer_expired");
  });

  it("threat 24: does not begin a count of uses anew", async () => {
    await begin([...queued(["researcher"]), ...introspecting]);
    handle = await offer({ max_uses: "2" });
    const one = (await redeem(first)).body.access_token;
    const shown = (await access(first, one)).body.access_token;
    expect((await introspect(shown)).active).toBe(true);
    const two = (await redeem(second)).body.access_token;
    const again = (await access(second, two)).body.access_token;
    expect((await introspect(again)).active).toBe(true);
    expect(await introspect(again)).toEqual({ active: false });
  });

  it("threat 17: goes to one key at a time, however many ask at one instant, and the last one's alone is good", async () => {
    await redeem(first);
    const others = await Promise.all(Array.from({ length: 6 }, () => world.newAgent("researcher")));
    const answers = await Promise.all(others.map((one) => redeem(one)));
    expect(answers.every(({ status }) => status === 200 || status === 400 || status === 503)).toBe(true);
    const [row] = [...world.store.sessions.values()].filter(({ depth }) => depth === 1);
    expect([...world.store.offers.values()][0]?.redeemed?.jkt).toBe(row?.jkt);
    expect(world.store.sessions.size).toBe(2);
    const living = [];
    for (const [at, { status, body }] of answers.entries())
      if (status === 200 && (await access(others[at] as TestAgent, body.access_token)).status === 200)
        living.push(others[at]?.key.jkt);
    expect(living.every((jkt) => jkt === row?.jkt)).toBe(true);
    expect(records().some(({ denial }) => denial?.code === "offer_redeemed_by_another_key")).toBe(false);
  });

  it("threat 17: releases nothing to a key whose session is taken over while its token is made, and ends nothing", async () => {
    const held = (await redeem(first)).body.access_token;
    world.store.beforeLiveness = async () => {
      // the second look of the first key's request
      if (world.store.calls.at(-2) !== "commit") return;
      world.store.beforeLiveness = undefined;
      await redeem(second);
    };
    expect((await access(first, held)).status).toBe(400);
    expect(records().some(({ denial }) => denial?.code === "died_in_flight")).toBe(true);
    const taken = (await redeem(second)).body.access_token;
    expect((await access(second, taken)).status).toBe(200);
  });

  it("threat 17: does not end a new session that is taken over before its first token is released", async () => {
    world.store.beforeLiveness = async () => {
      if (world.store.calls.at(-2) !== "commit") return;
      world.store.beforeLiveness = undefined;
      taken = (await redeem(second)).body.access_token;
    };
    let taken = "";
    expect((await redeem(first)).status).toBe(400);
    expect(records().some(({ denial }) => denial?.code === "died_in_flight")).toBe(true);
    expect((await access(second, taken)).status).toBe(200);
  });

  it("lets the former key redeem once more, and end its session: that is never refused to its agent", async () => {
    const held = (await redeem(first)).body.access_token;
    const taken = (await redeem(second)).body.access_token;
    const back = (await redeem(first)).body.access_token;
    expect((await access(first, back)).status).toBe(200);
    expect((await access(second, taken)).status).toBe(400);
    expect((await world.send("revoke", second, { token: taken })).status).toBe(200);
    expect((await access(first, back)).status).toBe(400);
    expect(held).not.toBe(back);
  });
});
