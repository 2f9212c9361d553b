import { describe, expect, test } from "vitest";
import { changed, messages, setUp, tickets, valid } from "./ground.ts";

setUp();

const budget = (more: object = {}) => ({ name: "calls", calls: { hour: 100 }, ...more });
/** The registry with tickets introspecting, and budgets of the planner or of a lending rule. */
const told = (name: string, ...budgets: object[]) => {
  const rows = changed(name, { budgets }) as Record<string, unknown>[];
  return messages(rows.map((row) => (row.uri === tickets ? { ...row, introspecting: true } : row)));
};
const rule = () => String(valid.find(({ kind }) => kind === "lending")?.name);

describe("threat 60: budgets of an agent", () => {
  test("are taken for calls and money, at resources whose calls are counted", () => {
    const money = { currency: "EUR", hour: 5_000, day: 20_000 };
    expect(told("planner", budget({ resources: [tickets], money, shards: 4 }))).toEqual([]);
  });

  test("are refused where a resource the agent may hold is verified offline: nobody would count its calls", () => {
    expect(told("planner", budget())).toEqual([
      expect.stringMatching(/^budgets\.0: calls of https:.* are not counted/),
    ]);
    const here = told("planner", budget({ resources: [tickets, "https://customers.support-desk.example"] }));
    expect(here).toEqual([expect.stringMatching(/^budgets\.0: calls of https:\/\/customers\..* are not counted/)]);
  });

  test.each([
    ["that bounds nothing", { calls: undefined }, /bounds nothing/],
    ["that bounds no window", { calls: {} }, /bounds nothing/],
    ["of an unregistered resource", { resources: ["https://nowhere.example"] }, /no resource has the uri/],
    ["of no call", { calls: { hour: 0 } }, /calls\.hour/],
    ["in half a unit", { money: { currency: "EUR", day: 1.5 } }, /money\.day/],
    ["in a currency that is none", { money: { currency: "euro", day: 1 } }, /currency/],
    ["divided into more rows than it has units", { shards: 4, calls: { hour: 3 } }, /shards: divides calls\.hour/],
  ])("are refused for one %s", (_, more, why) => {
    const made = JSON.parse(JSON.stringify(budget({ resources: [tickets], ...more })));
    if ("calls" in more && more.calls === undefined) delete made.calls;
    expect(told("planner", made)).toEqual([expect.stringMatching(why)]);
  });

  test("are refused twice under one name", () => {
    const one = budget({ resources: [tickets] });
    expect(told("planner", one, one)).toEqual([expect.stringMatching(/^budgets\.1: calls is listed twice/)]);
  });
});

test("threat 60: budgets of the persons a rule lets delegate are checked as an agent's", () => {
  expect(told(rule(), budget({ resources: [tickets] }))).toEqual([]);
  expect(told(rule(), budget({ resources: ["https://nowhere.example"] }))).toEqual([
    expect.stringMatching(/no resource has the uri/),
  ]);
});

describe("threat 60: the budget of a policy", () => {
  const told = (cedar: string) => messages([...valid, { kind: "policy", name: "bounded", cedar }]);
  const permit = "permit (principal, action, resource);";

  test.each([
    '@budget("calls 100/hour")',
    '@budget("calls 100/hour, calls 1000/day,EUR 5000/day")',
    '// by hand\n@id("x")\n  @budget ( "EUR 1/hour" )',
  ])("is taken as %s", (annotation) => {
    expect(told(`${annotation}\n${permit}`)).toEqual([]);
  });

  test.each([
    ["what is no limit", '@budget("100 calls")', /write "100 calls" as/],
    ["nothing", '@budget("")', /write "" as/],
    ["no text", "@budget", /@budget/],
    ["two currencies", '@budget("EUR 1/day, USD 1/day")', /two currencies/],
    ["one window twice", '@budget("calls 1/day, calls 2/day")', /twice/],
    ["an escape, which two readers could read in two ways", '@budget("calls\\u{20}1/day")', /plain characters/],
  ])("is refused with %s", (_, annotation, why) => {
    expect(told(`${annotation}\n${permit}`)).toEqual([expect.stringMatching(why)]);
  });

  test("is refused on a forbid, and is none where it stands in a comment or in a text", () => {
    const forbid = "forbid (principal, action, resource) when { context.depth > 99 };";
    expect(told(`@budget("calls 1/day")\n${forbid}`)).toEqual([expect.stringMatching(/a forbid/)]);
    expect(told(`// @budget("calls 0")\n@note("@budget(1)")\n${permit}`)).toEqual([]);
  });
});
