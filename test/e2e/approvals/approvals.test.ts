import { setTimeout as sleep } from "node:timers/promises";
import { ScanCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { LanyardError } from "../../../client/index.ts";
import { awaitRecords, type StoredRecord } from "../../../local/demo/story/records.ts";
import type { TestAgent } from "../../kit/world/agents.ts";
import { id as newId, record, replayEntry, session } from "../../lambdas/samples.ts";
import { bootRelease, write } from "./booted.ts";
import { approvesByToken } from "./by-token.ts";
import { openRelease } from "./ground.ts";
import { tellsPeople } from "./notices.ts";

let desk: Awaited<ReturnType<typeof openRelease>>;
let planner: TestAgent;
beforeAll(async () => {
  desk = await openRelease();
  planner = await desk.world.newAgent("planner");
});
afterAll(() => desk?.close());
// what waited before is over, and keeps no place
beforeEach(() => {
  desk.world.time.seconds += 901;
});

/** Asks, and gives what waits; each time for another life, since it is another request then. */
let life = 60;
const waiting = async (): Promise<string> => {
  const { status, body } = await desk.ask(planner, { lifetime_seconds: String(life++) });
  expect([status, body.error]).toEqual([400, "authorization_pending"]);
  return body.auth_req_id;
};
const later = () => {
  desk.world.time.seconds += 5;
};

describe("approvals, over the product's tables", () => {
  it("reading needs nobody, writing waits for people", async () => {
    expect((await desk.ask(planner, { scope: "tickets:read" })).status).toBe(200);
    await waiting();
  });

  it("one person approves exactly that, by IAM: it is used once and gone", async () => {
    const id = await waiting();
    expect((await desk.redeem(planner, id)).body.error).toBe("authorization_pending");
    expect(await desk.say("ada", id)).toMatchObject({ status: 200 });
    later();
    const { status, body } = await desk.redeem(planner, id);
    expect([status, body.scope]).toEqual([200, "tickets:write"]);
    later();
    expect((await desk.redeem(planner, id)).body.error).toBe("invalid_grant");
  });

  it("one person approves by a token of the client for approvals", async () => {
    const id = await waiting();
    expect(await desk.sayBy(desk.personToken("bob"), id)).toMatchObject({ status: 200 });
    expect((await desk.redeem(planner, id)).status).toBe(200);
  });

  it("threat 58: an agent's identity, its own session and the person's token that it works with approve nothing", async () => {
    const id = await waiting();
    const own = (await desk.ask(planner, { scope: "tickets:read" })).body.access_token;
    const shown = [planner.identity(), own, desk.world.idToken("planner-app")];
    for (const one of shown) expect((await desk.sayBy(`Bearer ${one}`, id)).status).toBeGreaterThanOrEqual(400);
    expect((await desk.redeem(planner, id)).body.error).toBe("authorization_pending");
  });

  it("threat 59: who owns the agent approves nothing for it", async () => {
    const id = await waiting();
    expect((await desk.say("olga", id)).status).toBe(403);
  });

  it("threat 55: another agent and another key of the same agent redeem nothing", async () => {
    const id = await waiting();
    await desk.say("ada", id);
    for (const other of [await desk.world.newAgent("triage"), await desk.world.newAgent("planner")])
      expect((await desk.redeem(other, id)).body.error).toBe("invalid_grant");
    expect((await desk.redeem(planner, id)).status).toBe(200);
  });

  it("threat 55: one who refuses after another approved has refused it for all", async () => {
    const id = await waiting();
    await desk.say("ada", id);
    expect((await desk.say("bob", id, "refuse")).status).toBe(200);
    expect((await desk.redeem(planner, id)).body.error).toBe("access_denied");
  });

  it("threat 56: a refused request is refused unasked for an hour", async () => {
    const asked = { lifetime_seconds: "59" };
    const { body } = await desk.ask(planner, asked);
    await desk.say("ada", body.auth_req_id, "refuse");
    expect((await desk.ask(planner, asked)).body.error).toBe("access_denied");
  });

  it("threat 57: a policy that changed while people decided makes it stale", async () => {
    const id = await waiting();
    await desk.say("ada", id);
    const { versions } = desk.world;
    const now = versions.get(1);
    if (!now) throw new Error("no version 1");
    const changed = now.policies.map((one) =>
      one.name === "all" ? { ...one, cedar: `${one.cedar} // reviewed` } : one,
    );
    versions.set(1, { ...now, policies: changed });
    expect((await desk.redeem(planner, id)).body.error).toBe("approval_stale");
    versions.set(1, now);
  });

  it("threat 55: of ten thousand uses at one instant one is stored", async () => {
    const id = await waiting();
    await desk.say("ada", id);
    const pending = await desk.approvals.pending(id);
    const { decisions } = await desk.approvals.standing({ id });
    if (!pending) throw new Error("nothing waits");
    const { requestHash, expiresAtSeconds } = pending;
    const approval = { id, requestHash, expiresAtSeconds, approvers: decisions.map(({ approver }) => approver) };
    const root = newId();
    const use = () =>
      desk.store.commit({
        session: session({ root, purpose: "one of ten thousand" }),
        ...{ approval, replayEntries: [replayEntry()], record: record() },
      });
    const outcomes = await Promise.all(Array.from({ length: 10_000 }, use));
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(1);
    const { Items = [] } = await desk.cloud.client.send(new ScanCommand({ TableName: "Sessions" }));
    expect(Items.filter((row) => row.root === root)).toHaveLength(1);
  });
});

describe("approvals, over HTTP, each function under its own rights", () => {
  let booted: Awaited<ReturnType<typeof bootRelease>>;
  beforeAll(async () => {
    booted = await bootRelease();
  });
  afterAll(() => booted?.close());

  const over = async (asked: Promise<unknown>) =>
    asked.then(
      () => expect.unreachable(),
      (error: unknown) => error,
    );
  /** Asks for Ada to write, without waiting. */
  const asks = async ({ agent }: ReturnType<typeof booted.planner>, lifetimeSeconds: number) => {
    const onBehalfOf = { idToken: await booted.signIn() };
    const error = (await over(agent.open({ onBehalfOf, grants: write, lifetimeSeconds }))) as LanyardError;
    expect([error.code, error.error]).toEqual(["approval_pending", "authorization_pending"]);
    return error.approval?.id ?? "";
  };

  it("an agent asks and waits, one person approves by IAM what was shown, it is used once and gone", async () => {
    const planner = booted.planner();
    const id = await asks(planner, 120);
    const grace = await booted.assume("grace", "grace");
    const listed = await booted.call(grace, "/approvals");
    expect(listed).toMatchObject({ status: 200, body: { groups: ["people/release"], items: [{ id }] } });
    const seen = await booted.call(grace, `/approvals/${id}`);
    expect(seen.body).toMatchObject({ grants: write, state: "open", you: { may: true } });
    const said = { verdict: "approve", shown: seen.body.digest };
    expect(await booted.call(grace, `/approvals/${id}`, { ...said, shown: "A".repeat(43) })).toMatchObject({
      body: { error: "approval_changed" },
    });
    expect(await booted.call(grace, `/approvals/${id}`, said)).toMatchObject({ status: 200, body: { approvals: 1 } });
    const session = await planner.redeem(id);
    expect((await session.accessToken(write[0]?.resource ?? "")).scopes).toEqual(["tickets:write"]);
    // asked sooner than the answer's interval, it would be slow_down that refuses
    await sleep(5_500); // clock: the token endpoint's
    expect(await over(planner.redeem(id))).toMatchObject({ error: "invalid_grant" });
    const ours = (all: readonly StoredRecord[]) =>
      all.filter(({ facts }) => JSON.stringify(facts).includes(id) && facts.outcome === "allowed");
    const kept = ours(await awaitRecords(booted.world, (all) => ours(all).length >= 3, 20_000));
    expect(kept.map(({ facts }) => facts.operation).sort()).toEqual(
      expect.arrayContaining(["approval.approve", "approval.ask"]),
    );
  });

  it("threat 58: a session of that role whose name is its own word decides nothing, nor the agent, nor an operator", async () => {
    const planner = booted.planner();
    const id = await asks(planner, 130);
    const { shown } = {
      shown: (await booted.call(await booted.assume("grace", "grace"), `/approvals/${id}`)).body.digest,
    };
    const agent = booted.world.endpoints.agents.planner?.credentials;
    if (!agent) throw new Error("no planner");
    const others = [
      await booted.assume("grace"),
      await booted.assume("grace", "mallory"),
      booted.world.cloud.operator,
      agent,
    ];
    for (const one of others)
      expect(await booted.call(one, `/approvals/${id}`, { verdict: "approve", shown })).toMatchObject({ status: 403 });
    expect(await over(planner.redeem(id))).toMatchObject({ code: "approval_pending" });
  });

  approvesByToken(() => booted, asks);
  tellsPeople(
    () => booted,
    (lifetimeSeconds) => asks(booted.planner(), lifetimeSeconds),
  );
});
