import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { ApprovalWait, WaitingApproval } from "../../client/agent/approval.ts";
import type { ApprovalDecision } from "../../core/model/approval.ts";
import { cibaGrant } from "../../core/model/wire.ts";
import { tickets } from "../kit/registry.ts";
import { approverRows, bob, outright, withApproval } from "../token/approvals/ground.ts";
import { createDeployment, type Deployment } from "./deployment.ts";

const grants = [{ resource: tickets, scopes: ["tickets:write"] }];
const needs = [[{ group: "people/deployers", needed: 1 }]];

let cloud: Deployment;
beforeEach(async () => {
  cloud = await createDeployment(...approverRows, {
    kind: "policy",
    name: "with-approval",
    cedar: "permit (principal, action, resource);",
  });
  cloud.policy.engine = {
    decide: (_, { action }) => (action === "open" ? withApproval(needs) : outright),
  };
  settled = false;
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});
afterEach(() => {
  vi.useRealTimers();
});

const open = (approval?: ApprovalWait) => {
  const onBehalfOf = { idToken: cloud.idToken("planner-app") };
  return cloud.agent("planner").open({ onBehalfOf, grants, ...(approval ? { approval } : {}) });
};
/** What comes of it, as a value. */
const outcomeOf = (opening: ReturnType<typeof open>) =>
  opening
    .finally(() => {
      settled = true;
    })
    .then(
      (value) => ({ ok: true as const, value }),
      (error: unknown) => ({ ok: false as const, error }),
    );
/** Lets so many seconds pass, for the service and for whoever waits, and what they set off come to its answer. */
const pass = async (seconds: number) => {
  cloud.time.seconds += seconds;
  await vi.advanceTimersByTimeAsync(seconds * 1000);
  // proofs are signed by other threads, which no faked timer waits for: until it waits again, or there is an end
  const latestMillis = Date.now() + 60_000;
  while (vi.getTimerCount() === 0 && !settled && Date.now() < latestMillis)
    await new Promise((resolve) => setImmediate(resolve));
};
let settled = false;
const say = (id: string, verdict: ApprovalDecision["verdict"] = "approved") => {
  const { requestHash, expiresAtSeconds } = cloud.store.approvals.waits.get(id) ?? fail();
  cloud.store.approvals.decisions.push({
    ...{
      approval: id,
      approver: bob,
      requestHash,
      expiresAtSeconds,
      verdict,
      proof: "iam",
      uniqueId: "AROA1",
      sourceIdentity: "bob",
    },
    atSeconds: cloud.time.seconds,
  });
};
const fail = () => {
  throw new Error("nothing waits by this id");
};
const polls = () => cloud.sent.filter(({ form }) => form.get("grant_type") === cibaGrant);

/** Begins to wait, and gives what waits. */
async function waiting(signal?: AbortSignal, decided?: Promise<void>) {
  let heard: (waits: WaitingApproval) => void = () => {};
  const pending = new Promise<WaitingApproval>((resolve) => {
    heard = resolve;
  });
  settled = false;
  const onPending = (waits: WaitingApproval) => {
    heard(waits);
    return decided;
  };
  const session = outcomeOf(open({ onPending, ...(signal ? { signal } : {}) }));
  const waits = await pending;
  await pass(0);
  return { ...waits, session };
}

describe("a session that people must approve", () => {
  test("fails with what waits, unless the agent says that it waits", async () => {
    const { error } = (await outcomeOf(open())) as { error: { code: string; approval: unknown } };
    expect([error.code, error.approval]).toEqual([
      "approval_pending",
      { id: expect.stringMatching(/^ap_/), intervalSeconds: 5, expiresInSeconds: 900 },
    ]);
  });

  test("opens once it is approved: asked about each five seconds, and without the person's token", async () => {
    const { id, expiresInSeconds, session } = await waiting();
    expect(expiresInSeconds).toBe(900);
    await pass(5);
    await pass(5);
    expect(polls()).toHaveLength(2);
    say(id);
    await pass(5);
    const opened = await session;
    if (!opened.ok) throw opened.error;
    expect((await opened.value.accessToken(tickets)).scopes).toEqual(["tickets:write"]);
    expect(polls()).toHaveLength(3);
    for (const { form } of polls()) {
      expect(form.get("auth_req_id")).toBe(id);
      expect(form.has("subject_token")).toBe(false);
    }
  });

  test("is asked about less often after slow_down, and again after a call that failed", async () => {
    const { id, session } = await waiting();
    let answers = 0;
    cloud.intercept.answer = ({ form }) => {
      if (form.get("grant_type") !== cibaGrant) return undefined;
      answers += 1;
      if (answers === 2) throw new TypeError("fetch failed");
      const body = { error: "slow_down", auth_req_id: id, interval: 5, expires_in: 800 };
      return answers === 1 ? new Response(JSON.stringify(body), { status: 400 }) : undefined;
    };
    await pass(5);
    await pass(5);
    expect(answers).toBe(1);
    await pass(5);
    expect(answers).toBe(2);
    say(id);
    await pass(10);
    expect((await session).ok).toBe(true);
  });

  test("is refused when one person refuses, and over when nobody decides", async () => {
    const refused = await waiting();
    say(refused.id, "refused");
    await pass(5);
    expect(await refused.session).toMatchObject({ ok: false, error: { code: "access_refused" } });
    cloud.time.seconds += 3_600;
    const late = await waiting();
    cloud.time.seconds += 895;
    await pass(5);
    expect(await late.session).toMatchObject({ ok: false, error: { code: "approval_expired" } });
  });

  test("is waited for no longer than the agent likes, and attached to by the same request", async () => {
    const stop = new AbortController();
    const { id, session } = await waiting(stop.signal);
    await pass(5);
    stop.abort(new Error("enough"));
    expect(await session).toMatchObject({ ok: false, error: { message: "enough" } });
    await pass(60);
    expect(polls()).toHaveLength(1);
    expect(cloud.store.approvals.waits.size).toBe(1);
    expect(cloud.store.approvals.waits.has(id)).toBe(true);
  });
});

describe("a wait whose agent hears that somebody decided", () => {
  /** A promise, and how it is kept or rejected. */
  const promised = () => Promise.withResolvers<void>();

  test("asks at once when it hears so, and not before: the interval is between two polls", async () => {
    const { promise, resolve } = promised();
    const { id, session } = await waiting(undefined, promise);
    await pass(2);
    expect(polls()).toHaveLength(0);
    say(id);
    resolve();
    await pass(0);
    expect(await session).toMatchObject({ ok: true });
    expect(polls()).toHaveLength(1);
  });

  test("told too early, it asks once at once and then in the interval, which the service holds it to", async () => {
    const { id, session } = await waiting(undefined, Promise.resolve());
    await pass(0);
    expect(polls()).toHaveLength(1);
    await pass(4);
    expect(polls()).toHaveLength(1);
    say(id);
    await pass(1);
    expect(await session).toMatchObject({ ok: true });
    expect(polls()).toHaveLength(2);
  });

  test("hears of nothing, and asks in the interval nevertheless", async () => {
    const { id, session } = await waiting(undefined, promised().promise);
    await pass(5);
    say(id);
    await pass(5);
    expect(await session).toMatchObject({ ok: true });
    expect(polls()).toHaveLength(2);
  });

  test("a decision that is heard of between two polls brings none of its own: slow_down is never asked for", async () => {
    const { promise, resolve } = promised();
    const { id, session } = await waiting(undefined, promise);
    await pass(5);
    await pass(2);
    say(id);
    resolve();
    await pass(0);
    expect(polls()).toHaveLength(1);
    await pass(3);
    expect(await session).toMatchObject({ ok: true });
    expect(polls()).toHaveLength(2);
  });

  test("one that is heard of after the end opens nothing, and nobody asks any more", async () => {
    const { promise, resolve } = promised();
    const { id, session } = await waiting(undefined, promise);
    cloud.time.seconds += 895;
    await pass(5);
    expect(await session).toMatchObject({ ok: false, error: { code: "approval_expired" } });
    const before = polls().length;
    say(id);
    resolve();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(polls()).toHaveLength(before);
  });

  test.each([
    ["while it waits", 0],
    ["after polls", 5],
  ])("ends with the reason of a promise that is rejected %s, and what waits stays", async (_, seconds) => {
    const { promise, reject } = promised();
    const { id, session } = await waiting(undefined, promise);
    await pass(seconds);
    const before = polls().length;
    reject(new Error("the desk is closed"));
    expect(await session).toMatchObject({ ok: false, error: { message: "the desk is closed" } });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(polls()).toHaveLength(before);
    expect(cloud.store.approvals.waits.has(id)).toBe(true);
  });

  test("an end by the signal goes before a decision that is heard of at the same moment", async () => {
    const stop = new AbortController();
    const { promise, resolve } = promised();
    const { id, session } = await waiting(stop.signal, promise);
    say(id);
    stop.abort(new Error("enough"));
    resolve();
    expect(await session).toMatchObject({ ok: false, error: { message: "enough" } });
    expect(polls()).toHaveLength(0);
  });
});
