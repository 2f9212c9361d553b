import { beforeEach, describe, expect, test } from "vitest";
import type { SessionBudget } from "../../client/index.ts";
import type { ResourceServerInput } from "../../client/verify.ts";
import { LanyardError } from "../../client/verify.ts";
import type { Budget } from "../../core/model/budget.ts";
import { outcomeOf } from "../kit/outcome.ts";
import { agentId, inBase, tickets } from "../kit/registry.ts";
import { createDeployment, type Deployment, urls } from "./deployment.ts";

const euros = (amountMinor: number) => ({ amountMinor, currency: "EUR" });
const spend: Budget = { name: "spend", resources: [tickets], money: { currency: "EUR", day: 1_000 } };

let cloud: Deployment;
const begin = async (...budgets: readonly Budget[]) => {
  cloud = await createDeployment(
    { ...inBase("resource", "tickets"), introspecting: true },
    { ...inBase("agent", "planner"), ...(budgets.length > 0 ? { budgets } : {}) },
  );
};
beforeEach(() => begin(spend));

const api = () => cloud.agent("ticket-api");
/** The ticket API's guard, and a request of the planner's for each call. */
const guarded = async (more: Partial<ResourceServerInput> = {}) => {
  const server = cloud.server(tickets, { mode: "introspect", agent: api(), ...more });
  const session = await cloud.agent("planner", { servedAt: { [tickets]: tickets } }).open({
    onBehalfOf: { idToken: cloud.idToken("planner-app") },
    grants: [{ resource: tickets, scopes: ["tickets:read"] }],
  });
  return async (path = "/things", operation?: Parameters<typeof server.authenticate>[1]) => {
    const url = `${tickets}${path}`;
    cloud.intercept.answer = (sent) => (sent.url === url ? new Response("ok") : undefined);
    await session.fetch(url, { resource: tickets });
    cloud.intercept.answer = undefined;
    const headers = Object.fromEntries(cloud.sent.at(-1)?.headers ?? []);
    return outcomeOf(server.authenticate({ method: "GET", url: path, headers }, operation));
  };
};
const sum = (of: "spent" | "reserved") =>
  cloud.store.budgets[of].get(`spend#agent/${agentId("planner")}#2026-08-01 EUR`);

describe("threat 66: what a request can cost", () => {
  test("is reserved before it is let in, and what it did not cost goes back when the server settles it", async () => {
    const call = await guarded({ costAtMost: ({ url }) => euros(url.startsWith("/things") ? 600 : 0) });
    const { value } = (await call()) as { value: Awaited<ReturnType<ReturnType<typeof cloud.server>["authenticate"]>> };
    expect([sum("spent"), sum("reserved")]).toEqual([600, 600]);
    expect(value.reserved?.atMost).toEqual(euros(600));
    expect(await value.reserved?.settle(euros(250))).toEqual({ cost: euros(250) });
    expect(await value.reserved?.settle(euros(250))).toEqual({ cost: euros(250) });
    expect([sum("spent"), sum("reserved")]).toEqual([250, 0]);
    await expect(value.reserved?.settle(euros(100))).rejects.toMatchObject({ status: 400 });
    expect(sum("spent")).toBe(250);
  });

  test("is refused with 429 and when to come back where a budget has no room, and the caller is told no sum of it", async () => {
    const call = await guarded({ costAtMost: () => euros(600) });
    expect((await call()).ok).toBe(true);
    const refused = await call();
    if (refused.ok) throw new Error("let in");
    expect(refused.error.refusal).toEqual({
      ...{ code: "budget_spent", budget: "spend", of: "agent", what: "EUR", left: 400 },
      renewsAtSeconds: cloud.time.seconds + 86_400,
    });
    expect(refused.error.reply).toMatchObject({
      status: 429,
      headers: { "Retry-After": "Sun, 02 Aug 2026 00:00:00 GMT" },
    });
    expect(refused.error.reply.body).not.toMatch(/400|spend"|agent/);
  });

  test("is asked for where a budget bounds money and the server names none, or one in another currency", async () => {
    for (const costAtMost of [undefined, () => ({ amountMinor: 1, currency: "USD" })]) {
      const call = await guarded(costAtMost ? { costAtMost } : {});
      const refused = await call();
      expect(!refused.ok && [refused.error.code, refused.error.reply.status]).toEqual(["cost_required", 503]);
    }
    expect(sum("spent")).toBeUndefined();
  });

  test("of one operation comes before what the guard's own function says", async () => {
    const call = await guarded({ costAtMost: () => euros(900) });
    expect((await call("/things", { costAtMost: euros(10) })).ok).toBe(true);
    expect(sum("spent")).toBe(10);
  });

  test("goes back where the request is refused after all", async () => {
    const call = await guarded({ costAtMost: () => euros(600), acceptBearer: true });
    const introspect = cloud.byOrigin.get(new URL(urls.introspect).origin);
    cloud.byOrigin.set(new URL(urls.introspect).origin, async (sent) => {
      const reply = await introspect?.(sent);
      if (!reply) throw new Error("no introspection");
      // a detail that this server was told nothing of
      const body = { ...JSON.parse(reply.body), authorization_details: [{ type: "unknown" }] };
      return sent.body.includes("report=") ? reply : { ...reply, body: JSON.stringify(body) };
    });
    const refused = await call();
    expect(!refused.ok && refused.error.code).toBe("details_forbid");
    expect([sum("spent"), sum("reserved")]).toEqual([0, 0]);
  });

  test("reserves nothing, and names no reservation, where no budget bounds money", async () => {
    await begin({ name: "spend", resources: [tickets], calls: { day: 9 } });
    const call = await guarded({ costAtMost: () => euros(600) });
    const let_in = await call();
    expect(let_in.ok && let_in.value.reserved).toBeUndefined();
  });

  test.each([
    ["a fraction", 1.5, "EUR"],
    ["a negative sum", -1, "EUR"],
    ["more than any budget holds", 1e13, "EUR"],
    ["no number", Number.NaN, "EUR"],
    ["a currency in small letters", 1, "eur"],
    ["a currency that ends the parameter", 1, "EUR&x=1"],
  ])("is a TypeError for %s, before anything is asked", async (_, amountMinor, currency) => {
    const server = cloud.server(tickets, { mode: "introspect", agent: api() });
    const request = { method: "GET", url: "/", headers: {} };
    await expect(server.authenticate(request, { costAtMost: { amountMinor, currency } })).rejects.toThrow(TypeError);
    await expect(api().settle("A".repeat(22), { amountMinor, currency })).rejects.toThrow(TypeError);
    expect(cloud.sentTo(urls.introspect)).toEqual([]);
  });

  test("cannot be named where tokens are verified offline: nobody would count it", () => {
    expect(() => cloud.server(tickets, { costAtMost: () => euros(1) })).toThrow(/introspect/);
  });
});

describe("threat 66: a settlement", () => {
  const reserved = async () => {
    const call = await guarded({ costAtMost: () => euros(600) });
    const admitted = await call();
    if (!admitted.ok || !admitted.value.reserved) throw new Error("nothing was reserved");
    return admitted.value.reserved;
  };
  const isSettling = (form: URLSearchParams) => form.has("report");

  test("whose answer was lost is asked for again, once, and counts once", async () => {
    const { settle } = await reserved();
    let lost = 0;
    cloud.intercept.answer = async ({ url, headers, body, form }) => {
      if (!isSettling(form) || lost++ > 0) return undefined;
      await cloud.byOrigin.get(new URL(url).origin)?.({
        ...{ method: "POST", url, path: "/", contentType: headers.get("content-type") ?? undefined, body },
        ...{ dpop: [headers.get("dpop") ?? ""], requestId: "r" },
      });
      throw new TypeError("fetch failed");
    };
    expect(await settle(euros(100))).toEqual({ cost: euros(100) });
    expect([lost, sum("spent")]).toEqual([2, 100]);
  });

  test("that fails says that what was reserved stays spent, and can be said again", async () => {
    const { settle } = await reserved();
    cloud.intercept.answer = ({ form }) => {
      if (isSettling(form)) throw new TypeError("fetch failed");
      return undefined;
    };
    const failure = await settle(euros(100)).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(LanyardError);
    expect(failure).toMatchObject({ code: "unreachable", retryable: true });
    expect(String(failure)).toContain("stays spent until the same is settled again");
    expect([sum("spent"), sum("reserved")]).toEqual([600, 600]);
    cloud.intercept.answer = undefined;
    await settle(euros(100));
    expect(sum("spent")).toBe(100);
  });

  test("beyond what was reserved says by how much, and empties the budget", async () => {
    const { settle } = await reserved();
    expect(await settle(euros(650))).toEqual({ cost: euros(650), exceeds: euros(50) });
    const call = await guarded({ costAtMost: () => euros(0) });
    expect((await call()).ok).toBe(false);
  });

  test("by another server than the resource's own is of nothing that there is", async () => {
    const { report } = await reserved();
    await expect(cloud.agent("customer-api").settle(report, euros(1))).rejects.toMatchObject({
      code: "request_refused",
    });
    expect(sum("spent")).toBe(600);
  });

  test.each([{ report: "B".repeat(22), cost: "1 EUR" }, { cost: "1 EUR" }, { active: true }])(
    "is not believed of an answer that is about another one: %j",
    async (answer) => {
      const { settle } = await reserved();
      cloud.intercept.answer = ({ form }) => (isSettling(form) ? Response.json(answer) : undefined);
      await expect(settle(euros(1))).rejects.toMatchObject({ code: "answer_malformed" });
    },
  );
});

describe("threat 66: a budget that an agent gives its session, and hands on", () => {
  const grants = [{ resource: tickets, scopes: ["tickets:read"] }];
  const open = async (budget: SessionBudget) =>
    cloud.agent("planner").open({
      ...{ onBehalfOf: { idToken: cloud.idToken("planner-app") }, grants, budget, renewable: true },
    });

  test("counts what the other agent spends, and is refused where it is wider than the session's own", async () => {
    const session = await open({ calls: { day: 2 }, money: { currency: "EUR", dayMinor: 900 } });
    const offer = { to: agentId("researcher"), grants };
    await expect(session.offer({ ...offer, budget: { calls: { day: 3 } } })).rejects.toMatchObject({
      ...{ code: "request_refused", description: expect.stringContaining("at most 2 calls") },
    });
    const { handle } = await session.offer({ ...offer, budget: { money: { currency: "EUR", dayMinor: 500 } } });
    const child = await cloud.agent("researcher").redeem(handle, { expect: "anything" });
    const { token } = await child.accessToken(tickets);
    expect(await api().introspect(token, { costAtMost: euros(501) })).toMatchObject({ active: false, left: 500 });
    expect((await api().introspect(token, { costAtMost: euros(400) })).active).toBe(true);
    expect(await api().introspect(token, { costAtMost: euros(101) })).toMatchObject({ active: false, left: 100 });
  });

  test("that is none is refused by the token endpoint, and nothing is opened", async () => {
    for (const budget of [{}, { calls: { day: 0.5 } }, { money: { currency: "euro", dayMinor: 1 } }])
      await expect(open(budget)).rejects.toMatchObject({ code: "request_refused" });
    expect(cloud.store.sessions.size).toBe(0);
  });
});
