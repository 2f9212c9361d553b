import { fc, test as property } from "@fast-check/vitest";
import { beforeEach, describe, expect, test } from "vitest";
import type { BudgetBounds } from "../../../core/model/budget.ts";
import { limits } from "../../../core/model/limits.ts";
import { accessTokenType, idTokenType, offerTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import { agentId, customers, inBase, tickets } from "../../kit/registry.ts";
import { claimsOf } from "../../kit/wire/key.ts";
import type { TestAgent } from "../../kit/world/agents.ts";
import { type Tokens, tokens } from "../../kit/world/tokens.ts";
import { createWorld, type World } from "../../kit/world/world.ts";

let world: World<Tokens>;
let agents: Record<"planner" | "researcher" | "triage" | "ticket-api", TestAgent>;

const begin = async () => {
  const { maxDepth: _, ...triage } = inBase("agent", "triage");
  world = await createWorld([{ ...inBase("resource", "tickets"), introspecting: true }, triage], tokens);
  const names = ["planner", "researcher", "triage", "ticket-api"] as const;
  agents = Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await world.newAgent(name)] as const)),
  ) as typeof agents;
};
beforeEach(begin);

type Budget = object | undefined;
const asked = (budget: Budget) => (budget === undefined ? {} : { budget: JSON.stringify(budget) });
const forTickets = { resource: tickets, scope: "tickets:read" };
const inSession = { requested_token_type: sessionTokenType };

const open = async (budget?: Budget) =>
  (
    await world.exchange(agents.planner, world.idToken("planner-app"), idTokenType, {
      ...forTickets,
      ...inSession,
      ...asked(budget),
    })
  ).body.access_token as string;
const offer = (from: keyof typeof agents, token: string, budget?: Budget, more: object = {}, to = "researcher") =>
  world.exchange(agents[from], token, sessionTokenType, {
    ...forTickets,
    ...{ audience: agentId(to), requested_token_type: offerTokenType },
    ...asked(budget),
    ...more,
  });
const redeem = (by: keyof typeof agents, handle: string, budget?: Budget, more: object = inSession) =>
  world.exchange(agents[by], handle, offerTokenType, { ...more, ...asked(budget) });
/** Hands on with a budget, and gives the child's session token. */
const handOn = async (from: keyof typeof agents, to: keyof typeof agents, token: string, budget?: Budget) => {
  const offered = await offer(from, token, budget, {}, to);
  return (await redeem(to, offered.body.access_token)).body.access_token as string;
};
/** One call by an access token of this session. */
const call = async (by: keyof typeof agents, token: string, cost?: string) => {
  const { body } = await world.exchange(agents[by], token, sessionTokenType, forTickets);
  return (
    await world.send("introspect", agents["ticket-api"], {
      token: body.access_token,
      ...(cost === undefined ? {} : { cost }),
    })
  ).body;
};
const sidOf = (token: string) => String(claimsOf(token).sid);
const budgetsOf = (token: string) =>
  [...world.store.sessions.values()].find(({ sid }) => sid === sidOf(token))?.budgets ?? [];
const why = () => JSON.parse(world.store.records.at(-1)?.body ?? "{}").unmapped.lanyard.denial;

describe("threat 66: a budget in an offer", () => {
  test("bounds the child and everything below it, beside the session's own, which counts them too", async () => {
    const root = await open({ calls: { day: 3 } });
    const child = await handOn("planner", "researcher", root, { calls: { day: 2 } });
    const below = await handOn("researcher", "triage", child);
    expect([(await call("triage", below)).active, (await call("researcher", child)).active]).toEqual([true, true]);
    expect(await call("triage", below)).toMatchObject({ active: false, of: "session", left: 0 });
    expect((await call("planner", root)).active).toBe(true);
    expect(await call("planner", root)).toMatchObject({ active: false, of: "session", left: 0 });
    expect(Object.fromEntries(world.store.budgets.spent)).toEqual({
      [`session#session/${sidOf(root)}#2026-08-01 calls`]: 3,
      [`session#session/${sidOf(child)}#2026-08-01 calls`]: 2,
    });
  });

  test("is taken after those of the sessions above it: outermost first", async () => {
    const root = await open({ calls: { day: 3 } });
    const child = await handOn("planner", "researcher", root, { calls: { day: 2 } });
    await call("researcher", child);
    expect([...world.store.budgets.spent.keys()].map((key) => key.split("#")[1])).toEqual([
      `session/${sidOf(root)}`,
      `session/${sidOf(child)}`,
    ]);
  });

  test("handed out ten times is spent no more often than the session's own has calls", async () => {
    const root = await open({ calls: { day: 4 } });
    const children = [];
    for (let n = 0; n < 10; n++) children.push(await handOn("planner", "researcher", root, { calls: { day: 4 } }));
    const answers = await Promise.all(children.map((child) => call("researcher", child)));
    expect(answers.filter(({ active }) => active)).toHaveLength(4);
  });

  test.each<[string, object, object, object]>([
    ["more calls", { calls: { day: 5 } }, { calls: { day: 6 } }, { what: "calls", window: "day", allowed: 5 }],
    [
      "more money, in one of its windows",
      { money: { currency: "EUR", day: 500, hour: 100 } },
      { money: { currency: "EUR", day: 400, hour: 101 } },
      { what: "EUR", window: "hour", allowed: 100 },
    ],
  ])("is refused with %s than the session has", async (_, own, wider, denial) => {
    const root = await open(own);
    const { status, body } = await offer("planner", root, wider);
    expect([status, body.error]).toEqual([400, "invalid_request"]);
    expect(why()).toMatchObject({ code: "budget_exceeds", ...denial });
    // a session two steps above bounds as well, though the one between names nothing
    const child = await handOn("planner", "researcher", root);
    expect((await offer("researcher", child, wider, {}, "triage")).status).toBe(400);
  });

  test("is refused in another currency than the session's money: no call could be priced in both", async () => {
    const root = await open({ money: { currency: "EUR", day: 500 } });
    const { status, body } = await offer("planner", root, { money: { currency: "USD", day: 1 } });
    expect([status, body.error_description]).toEqual([400, expect.stringContaining("EUR")]);
  });

  test("is refused in any other form, and where nobody counts", async () => {
    const root = await open();
    for (const bad of [{}, { calls: { hour: 0 } }, { calls: { week: 1 } }, { money: { day: 1 } }])
      expect((await offer("planner", root, bad)).status).toBe(400);
    const both = await world.exchange(agents.planner, world.idToken("planner-app"), idTokenType, {
      ...{ resource: customers, scope: "customers:read" },
      ...inSession,
    });
    const elsewhere = { resource: customers, scope: "customers:read" };
    expect((await offer("planner", both.body.access_token, { calls: { day: 1 } }, elsewhere)).status).toBe(400);
    expect(why()).toMatchObject({ code: "budget_not_counted", resource: customers });
  });

  test("of money is reserved and settled in every budget above, the child's among them", async () => {
    const root = await open({ money: { currency: "EUR", day: 500 } });
    const child = await handOn("planner", "researcher", root, { money: { currency: "EUR", day: 200 } });
    const { report } = await call("researcher", child, "150 EUR");
    expect(await call("researcher", child, "60 EUR")).toMatchObject({ active: false, left: 50 });
    await world.send("introspect", agents["ticket-api"], { report, cost: "20 EUR" });
    expect([...world.store.budgets.spent.values()]).toEqual([20, 20]);
  });
});

describe("threat 66: who redeems an offer with a budget", () => {
  const offered = async (budget: object) => String((await offer("planner", await open(), budget)).body.access_token);

  test("asks for a narrower one, window by window, and for no wider one", async () => {
    const handle = await offered({ calls: { day: 5, hour: 3 } });
    expect((await redeem("researcher", handle, { calls: { hour: 4 } })).status).toBe(400);
    expect(why()).toMatchObject({ code: "budget_exceeds", requested: 4, allowed: 3 });
    const { body } = await redeem("researcher", handle, { calls: { hour: 2 } });
    expect(budgetsOf(body.access_token)).toEqual([{ sid: sidOf(body.access_token), calls: { hour: 2, day: 5 } }]);
  });

  test("gets the very same session again, and the very same budget, when the answer was lost", async () => {
    const handle = await offered({ calls: { day: 1 } });
    const [first, second] = [await redeem("researcher", handle), await redeem("researcher", handle)];
    expect(sidOf(second.body.access_token)).toBe(sidOf(first.body.access_token));
    expect((await call("researcher", first.body.access_token)).active).toBe(true);
    expect((await call("researcher", second.body.access_token)).active).toBe(false);
    expect((await redeem("researcher", handle, { calls: { day: 1 } })).status).toBe(200);
    expect((await redeem("researcher", handle, { calls: { day: 9 } })).status).toBe(400);
  });

  test("cannot leave it out by asking for an access token instead of a session", async () => {
    const handle = await offered({ calls: { day: 1 } });
    const { body } = await redeem("researcher", handle, undefined, {});
    const ask = () => world.send("introspect", agents["ticket-api"], { token: body.access_token });
    expect([(await ask()).body.active, (await ask()).body.active]).toEqual([true, false]);
  });
});

describe("threat 66: a budget of a hop", () => {
  test("is one more, no wider than the session's that was shown", async () => {
    world = await createWorld(
      [
        { ...inBase("resource", "tickets"), introspecting: true },
        { ...inBase("resource", "customers"), introspecting: true },
      ],
      tokens,
    );
    const [planner, api] = await Promise.all([world.newAgent("planner"), world.newAgent("ticket-api")]);
    const { body } = await world.exchange(planner, world.idToken("planner-app"), idTokenType, {
      ...forTickets,
      ...asked({ calls: { day: 4 } }),
    });
    const hop = (budget: object) =>
      world.exchange(api, body.access_token, accessTokenType, {
        ...{ resource: customers, scope: "customers:read" },
        ...inSession,
        ...asked(budget),
      });
    expect([(await hop({ calls: { day: 5 } })).status, why().code]).toEqual([400, "budget_exceeds"]);
    const made = await hop({ calls: { day: 2 } });
    expect(budgetsOf(made.body.access_token).map(({ calls }) => calls)).toEqual([{ day: 4 }, { day: 2 }]);
  });
});

describe("threat 66: a chain of budgets", () => {
  const windows = fc.record(
    { hour: fc.integer({ min: 1, max: 9 }), day: fc.integer({ min: 1, max: 9 }) },
    { requiredKeys: [] },
  );
  const bounds = fc
    .record({ calls: windows, money: windows }, { requiredKeys: [] })
    .map(({ calls, money }): BudgetBounds | undefined => {
      const some = (one: object | undefined) => one !== undefined && Object.keys(one).length > 0;
      const made = {
        ...(some(calls) ? { calls } : {}),
        ...(some(money) ? { money: { currency: "EUR", ...money } } : {}),
      };
      return Object.keys(made).length > 0 ? (made as BudgetBounds) : undefined;
    });
  property.prop([bounds, bounds, bounds], { numRuns: 25 })(
    "never widens on its way down, whatever is asked for at each step",
    async (own, offering, redeeming) => {
      await begin();
      const root = await open(own);
      const { body, status } = await offer("planner", root, offering);
      const made = status === 200 ? await redeem("researcher", body.access_token, redeeming) : undefined;
      const most = (one: BudgetBounds | undefined, what: "calls" | "money", window: "hour" | "day") =>
        one?.[what]?.[window] ?? limits.budgetMost;
      const isWider = (one: BudgetBounds | undefined, above: BudgetBounds | undefined) =>
        (["calls", "money"] as const).some((what) =>
          (["hour", "day"] as const).some(
            (window) => one?.[what]?.[window] !== undefined && most(one, what, window) > most(above, what, window),
          ),
        );
      expect(status === 400).toBe(isWider(offering, own));
      if (!made) return;
      expect(made.status === 400).toBe(isWider(redeeming, own) || isWider(redeeming, offering));
      if (made.status !== 200) return;
      const child = budgetsOf(made.body.access_token).find(({ sid }) => sid === sidOf(made.body.access_token));
      expect(isWider(child, own) || isWider(child, offering) || isWider(child, redeeming)).toBe(false);
    },
  );
});
