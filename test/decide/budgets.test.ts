import { describe, expect, test } from "vitest";
import type { Budget } from "../../core/model/budget.ts";
import type { Registration } from "../../core/model/registry.ts";
import { idTokenType, offerTokenType, sessionTokenType } from "../../core/model/wire.ts";
import { agentId, inBase } from "../kit/registry.ts";
import { claimsOf } from "../kit/wire/key.ts";
import { ask, begin, no, pathOf, planner, question, session, stranger, tickets, why, world, yes } from "./ground.ts";

const calls = (most: Budget["calls"], name = "tickets"): Budget => ({ name, resources: [tickets], calls: most ?? {} });
const bounded = (...budgets: readonly Budget[]) => ({ ...inBase("agent", "planner"), budgets });
const lending = (...budgets: readonly Budget[]) => ({ ...inBase("lending", "support-lends"), budgets });

/** What table Budgets holds, by row and thing. */
const spent = () => Object.fromEntries(world.store.budgets.spent);
const plannerRow = (window: string) => `tickets#agent/${agentId("planner")}#${window} calls`;

describe("threat 60: calls of a tool", () => {
  test("are taken, one each, from the day and then the hour of the agent's budget, in rows named by UTC", async () => {
    await begin(bounded(calls({ hour: 2, day: 5 })));
    const { sid } = await session();
    expect((await ask(question(sid))).text).toBe(yes);
    expect(spent()).toEqual({ [plannerRow("2026-08-01")]: 1, [plannerRow("2026-08-01T00")]: 1 });
    expect(world.store.budgets.calls).toEqual(["take", "take"]);
  });

  test("are refused past the limit, and the refusal says what is left and when it renews; then they go on", async () => {
    await begin(bounded(calls({ hour: 1 })));
    const { sid } = await session();
    await ask(question(sid));
    const { answer, status } = await ask(question(sid));
    expect(status).toBe(200);
    const renews_at = world.time.seconds + 3_600;
    expect(answer).toEqual({
      decision: false,
      context: {
        error: "budget_spent",
        error_description: "budget tickets of the agent has 0 calls left; it renews at 2026-08-01T01:00:00Z",
        ...{ budget: "tickets", of: "agent", what: "calls", left: 0, renews_at },
      },
    });
    expect(why()).toBe("budget_spent");
    world.time.seconds += 3_600;
    const again = await session();
    expect((await ask(question(again.sid))).text).toBe(yes);
  });

  test("give back what outer budgets took when an inner one refuses, so that the day keeps its calls", async () => {
    await begin(bounded(calls({ hour: 1, day: 5 })));
    const { sid } = await session();
    await ask(question(sid));
    await ask(question(sid));
    expect(spent()).toEqual({ [plannerRow("2026-08-01")]: 1, [plannerRow("2026-08-01T00")]: 1 });
  });

  test("give back what budgets took when the session has no use left, or the proof was used before", async () => {
    await begin(bounded(calls({ day: 5 })), { ...inBase("resource", "tickets"), ...tools, introspecting: true });
    const { sid } = await session({ max_uses: "1" });
    await ask(question(sid));
    expect([(await ask(question(sid))).text, why()]).toEqual([no, "uses_spent"]);
    expect(spent()).toEqual({ [plannerRow("2026-08-01")]: 1 });
  });

  test("at one instant are answered yes exactly as often as the budget has calls", async () => {
    await begin(bounded(calls({ hour: 7 })));
    const { sid } = await session();
    const texts = (await Promise.all(Array.from({ length: 30 }, () => ask(question(sid))))).map(({ text }) => text);
    expect(texts.filter((text) => text === yes)).toHaveLength(7);
    expect(spent()[plannerRow("2026-08-01T00")]).toBe(7);
  });

  test("are lost, and never made, where the function dies between two budgets", async () => {
    await begin(bounded(calls({ hour: 3, day: 3 })));
    const { sid } = await session();
    world.store.budgets.beforeTake = (nth) => {
      if (nth === 2) throw new Error("the function dies here");
    };
    await expect(ask(question(sid))).rejects.toThrow(/dies/);
    const texts: string[] = [];
    for (let n = 0; n < 4; n++) texts.push((await ask(question(sid))).answer.decision);
    expect(texts).toEqual([true, true, false, false]);
  });

  test("of what stands below an agent are taken from its budget too: a subagent's calls are its own", async () => {
    await begin(bounded(calls({ hour: 2 })));
    const above = await session();
    const offered = await world.exchange(planner, above.token, sessionTokenType, {
      ...{ audience: agentId("researcher"), resource: tickets, scope: "tickets:read" },
      requested_token_type: offerTokenType,
    });
    const researcher = await world.newAgent("researcher");
    const below = await world.exchange(researcher, offered.body.access_token, offerTokenType, {
      requested_token_type: sessionTokenType,
    });
    const { sid } = claimsOf(below.body.access_token) as { sid: string };
    expect([(await ask(question(sid))).text, (await ask(question(above.sid))).text]).toEqual([yes, yes]);
    expect((await ask(question(sid))).answer).toMatchObject({ decision: false, context: { of: "agent", left: 0 } });
  });

  test("of a person are counted together over all agents, and apart from another person's", async () => {
    await begin(lending(calls({ hour: 2 })));
    const triage = await world.newAgent("triage");
    const mine = await session();
    const asked = { resource: tickets, scope: "tickets:read", requested_token_type: sessionTokenType };
    const through = await world.exchange(triage, world.idToken("triage-app"), idTokenType, asked);
    const other = await world.exchange(planner, world.idToken("planner-app", { sub: "grace" }), idTokenType, asked);
    const [second, third] = [through, other].map(({ body }) => claimsOf(body.access_token) as { sid: string });
    expect([(await ask(question(mine.sid))).text, (await ask(question(second?.sid ?? ""))).text]).toEqual([yes, yes]);
    expect((await ask(question(mine.sid))).answer).toMatchObject({ decision: false, context: { of: "person" } });
    expect((await ask(question(third?.sid ?? ""))).text).toBe(yes);
  });

  test("are taken from the person's budget before the agent's: outermost first", async () => {
    await begin(lending(calls({ hour: 9 })), bounded(calls({ hour: 9 })));
    const { sid, sub } = await session();
    await ask(question(sid));
    const at = "2026-08-01T00";
    expect(Object.keys(spent())).toEqual([`tickets#person/support-lends/${sub}#${at} calls`, plannerRow(at)]);
  });

  test("are not taken by what is refused anyway, by several questions in one call, by searches or by a server's list", async () => {
    await begin(bounded(calls({ hour: 2 })));
    const { sid } = await session();
    await ask(question(sid, { resource: { type: "tool", id: "close_ticket", properties: { server: tickets } } }));
    await ask({ evaluations: [question(sid), question(sid)] }, pathOf.many);
    await ask(question(sid), "/access/v1/search/resource");
    await ask(question(sid, { action: { name: "tools/list" }, resource: { type: "mcp_server", id: tickets } }));
    expect(world.store.budgets.calls).toEqual([]);
  });

  test("say nothing of a budget to whoever may not ask about the session: a no has the same bytes", async () => {
    await begin(bounded(calls({ hour: 1 })));
    const { sid } = await session();
    await ask(question(sid));
    expect((await ask(question(sid), pathOf.one, { by: stranger })).text).toBe(no);
  });

  test("are refused where a chain has more rows of budgets than one call may take from", async () => {
    const many = Array.from({ length: 8 }, (_, n) => calls({ hour: 9, day: 9 }, `b${n}`));
    await begin(bounded(...many), lending(...many, ...many.map((one) => ({ ...one, name: `${one.name}x` }))));
    const { sid } = await session();
    expect([(await ask(question(sid))).text, why()]).toEqual([no, "budgets_many"]);
    expect(spent()).toEqual({});
  });
});

describe("threat 60: where no budget applies", () => {
  test("table Budgets is asked for nothing, and the call costs the same reads and the same one write", async () => {
    const callsOf = async (...rows: readonly Registration[]) => {
      await begin(...rows);
      const { sid } = await session();
      world.store.calls.length = 0;
      expect((await ask(question(sid))).text).toBe(yes);
      return [...world.store.calls];
    };
    const without = await callsOf();
    expect(world.store.budgets.calls).toEqual([]);
    expect(without).toEqual(["findSession", "readLiveness", "use"]);
    // another agent's, and the agent's own at another resource, are none of this call's
    const others = { ...inBase("agent", "researcher"), budgets: [calls({ hour: 1 })] };
    const elsewhere = bounded({ ...calls({ hour: 1 }), resources: ["https://other.example"] });
    expect(await callsOf(others, elsewhere)).toEqual(without);
    expect(world.store.budgets.calls).toEqual([]);
  });
});

describe("threat 60: a divided limit", () => {
  test("is spent in as many rows, whose parts make up the whole: never more, and perhaps refused early", async () => {
    await begin(bounded({ ...calls({ hour: 10 }), shards: 3 }));
    const { sid } = await session();
    let answered = 0;
    for (let n = 0; n < 60; n++) if ((await ask(question(sid))).answer.decision) answered++;
    expect(answered).toBe(10);
    expect(Object.values(spent()).toSorted()).toEqual([3, 3, 4]);
  });
});

const tools = { tools: [{ name: "read_ticket", scopes: ["tickets:read"] }], frontedBy: ["tool-gateway"] };
