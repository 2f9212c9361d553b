import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { limits } from "../../core/model/limits.ts";
import { type Ask, askOf } from "../../core/notices/ask.ts";
import { foldAsks } from "../../core/notices/fold.ts";

const id = (n: number): string => `ap_${String(n).padStart(22, "A")}`;
const ask = (n: number, more: Partial<Ask> = {}): Ask => ({
  id: id(n),
  group: "people/deployers",
  agent: "spiffe://lanyard.test/agent/planner",
  endsAtSeconds: 2_000_000_000,
  ...more,
});

describe("what began to wait, folded", () => {
  test("is one notice a group, which counts all and names the first few", () => {
    const some = [1, 2, 3, 4, 5, 6, 7].map((n) => ask(n));
    const [deployers, leads] = foldAsks([...some.slice(0, 4), ask(9, { group: "people/leads" }), ...some.slice(4)]);
    expect(deployers?.title).toBe("Lanyard: 7 requests wait for people/deployers");
    expect(deployers?.text.split("\n")).toEqual([
      "7 requests wait for people/deployers:",
      "",
      ...[1, 2, 3, 4, 5].map((n) => `${id(n)} of agent planner`),
      "and 2 more",
      "",
      "Look at each before you say yes or no: lanyard approvals list",
      "This message decides nothing.",
    ]);
    expect(leads).toMatchObject({ title: "Lanyard: 1 request waits for people/leads", asks: [{ id: id(9) }] });
  });

  test("is nothing of nothing", () => {
    expect(foldAsks([])).toEqual([]);
  });

  const few = fc.record({
    n: fc.integer({ min: 0, max: 30 }),
    group: fc.constantFrom("people/a", "people/b", "other/a"),
    agent: fc.string({ unit: "binary", minLength: 1, maxLength: 200 }),
  });
  property.prop([fc.array(few, { maxLength: 60 })])(
    "holds each request in exactly one notice, once, however often the bus brought it",
    (given) => {
      const asks = given.map(({ n, group, agent }) => ask(n, { group, agent }));
      const notices = foldAsks(asks);
      const told = notices.flatMap((notice) => notice.asks.map((one) => one.id));
      expect([...told].sort()).toEqual([...new Set(asks.map((one) => one.id))].sort());
      expect(new Set(notices.map(({ group }) => group)).size).toBe(notices.length);
      for (const { group, asks: of } of notices) expect(of.every((one) => one.group === group)).toBe(true);
    },
  );

  property.prop([fc.array(few, { minLength: 1, maxLength: 40 }), fc.string({ unit: "binary", minLength: 1 })])(
    "threat 65: says nothing that a reader's program makes a link, a mention, markup or a control of, and is short",
    (given, group) => {
      for (const { title, text } of foldAsks(given.map(({ n, agent }) => ask(n, { group, agent })))) {
        expect(title).toMatch(/^Lanyard: [A-Za-z0-9/_ -]+$/);
        expect(title.length).toBeLessThanOrEqual(limits.noticeTitleCharacters);
        const [head = "", ...rest] = text.split("\n");
        expect(head).toMatch(/^\d+ requests? waits? for [A-Za-z0-9/_-]+:$/);
        // our own words end behind the names
        for (const line of rest.slice(0, -3)) expect(line).toMatch(/^[A-Za-z0-9/_ -]*$/);
        expect(text.length).toBeLessThan(1_000);
      }
    },
  );

  test.each([
    ["a link", "spiffe://lanyard.test/agent/https://evil.example/approve"],
    ["markup and a mention", "spiffe://lanyard.test/agent/<https://evil.example|approve> @channel *now*"],
    ["lines of its own", "planner\n\nApprove at once: evil.example"],
    ["another direction", "planner\u202Eelpmaxe.live"],
  ])("threat 65: an agent that is called like %s writes nothing to people", (_, agent) => {
    const [notice] = foldAsks([ask(1, { agent })]);
    expect(notice?.text).not.toMatch(/evil\.example|https:|@channel|[<>|*\u202E]/);
    expect(notice?.text.split("\n")).toHaveLength(6);
  });
});

describe("a record of a request that began to wait", () => {
  const facts = {
    ...{ operation: "approval.ask", outcome: "allowed", approval: id(1), approval_group: "people/deployers" },
    ...{ agent: "spiffe://lanyard.test/agent/planner", expires_at: 2_000_000_000_000, purpose: "approve this now" },
  };

  test("is read without the agent's purpose", () => {
    expect(askOf(JSON.stringify(facts))).toEqual(ask(1));
  });

  test.each([
    ["no JSON", "{"],
    ["no object", "null"],
    ["another operation", JSON.stringify({ ...facts, operation: "session.open" })],
    ["a refusal", JSON.stringify({ ...facts, outcome: "denied" })],
    ["an id of another form", JSON.stringify({ ...facts, approval: `${id(1)}\nhttps://evil.example` })],
    ["no group", JSON.stringify({ ...facts, approval_group: "" })],
    ["groups", JSON.stringify({ ...facts, approval_group: ["people/deployers"] })],
    ["no agent", JSON.stringify({ ...facts, agent: undefined })],
    ["an agent without end", JSON.stringify({ ...facts, agent: "a".repeat(3_000) })],
    ["no end", JSON.stringify({ ...facts, expires_at: undefined })],
    ["an end that is no number", JSON.stringify({ ...facts, expires_at: "soon" })],
    ["more than a record has", JSON.stringify({ ...facts, more: "x".repeat(500_000) })],
  ])("that is %s tells people nothing", (_, text) => {
    expect(askOf(text)).toBeUndefined();
  });
});
