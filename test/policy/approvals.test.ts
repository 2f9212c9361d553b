import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import type { ApprovalRule } from "../../core/model/decision.ts";
import { type PolicyQuestion, turnOf } from "../../core/model/decision.ts";
import type { PolicyRegistration } from "../../core/model/registry.ts";
import { createSnapshot } from "../../core/model/snapshot.ts";
import { commonRule } from "../../core/policy/approvals.ts";
import { createCedarEngine } from "../../core/policy/cedar.ts";
import { checkPolicies } from "../../core/policy/check.ts";
import { agentId, baseRows, tickets, trustDomain } from "../kit/registry.ts";

const engine = createCedarEngine(cedar);
const policy = (name: string, text: string, more: Partial<PolicyRegistration> = {}): PolicyRegistration => ({
  ...{ kind: "policy", name, cedar: text },
  ...more,
});
const rows = baseRows.filter((r) => r.kind !== "policy");
const snapshotOf = (...policies: readonly PolicyRegistration[]) =>
  createSnapshot(1, trustDomain, [...rows, ...policies]);

const lend = policy("lend", 'permit (principal, action == Action::"lend", resource);');
const open = policy("open", 'permit (principal, action == Action::"open", resource);');
const useText = 'permit (principal, action == Action::"use", resource);';
const use = policy("use", useText);
const asking = (name: string, annotations: string, text = useText) => policy(name, `${annotations} ${text}`);

const question = (more: Partial<PolicyQuestion> = {}): PolicyQuestion => ({
  action: "open",
  agent: agentId("planner"),
  principal: { id: "p_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", kind: "person", groups: ["people/support"] },
  grant: { resource: tickets, scopes: ["tickets:read"], details: [] },
  depth: 0,
  assurance: "fresh",
  evidence: { type: "aws-sts-web-identity", facts: {} },
  nowSeconds: 1_785_542_400,
  asserted: {},
  ...more,
});
const decide = (...policies: readonly PolicyRegistration[]) => engine.decide(snapshotOf(...policies), question());

describe("a permit with an approval", () => {
  test("makes its answer the third arm: not allowed, with what people must approve", () => {
    expect(decide(lend, open, asking("ask", '@approval("people/support")'))).toEqual({
      allowed: false,
      policies: ["ask", "lend", "open"],
      missing: { who: "task", tool: "tickets:read" },
      why: "the use of tickets:read is permitted with the approval of people/support",
      needs: [[{ group: "people/support", needed: 1 }]],
    });
  });

  test("asks for as many people as it says", () => {
    const two = decide(lend, open, asking("ask", '@approval("people/support") @approvers("2")'));
    expect(two.needs).toEqual([[{ group: "people/support", needed: 2 }]]);
    expect(two).toMatchObject({ why: expect.stringContaining("2 of people/support") });
  });

  test("asks nobody where a permit without one permits too", () => {
    expect(decide(lend, open, use, asking("ask", '@approval("people/support")'))).toMatchObject({ allowed: true });
  });

  test("asks nobody where anything is refused: a forbid, or a part that no policy permits", () => {
    const ask = asking("ask", '@approval("people/support")');
    const forbid = policy("no", 'forbid (principal, action == Action::"use", resource);');
    for (const refused of [decide(lend, open, ask, forbid), decide(open, ask), decide(lend, ask)]) {
      expect(turnOf(refused)).toBe("refused");
      expect(refused.needs).toBeUndefined();
    }
  });

  test("asks for all parts of one question together", () => {
    const parts = decide(
      lend,
      asking("ask", '@approval("people/support")'),
      asking("agent", '@approval("people/leads") @approvers("3")', open.cedar),
    );
    expect(parts.needs).toEqual([[{ group: "people/leads", needed: 3 }], [{ group: "people/support", needed: 1 }]]);
  });

  test("is another way beside another one: either group is enough, and of one group the fewest people", () => {
    const either = decide(
      ...[lend, open, asking("a", '@approval("people/support") @approvers("2")')],
      ...[asking("b", '@approval("people/leads")'), asking("c", '@approval("people/support")')],
    );
    expect(either.needs).toEqual([
      [
        { group: "people/support", needed: 1 },
        { group: "people/leads", needed: 1 },
      ],
    ]);
  });

  test("is only logged where its policy is, and where its agent is", () => {
    const logged = policy("ask", `@approval("people/support") ${useText}`, { mode: "log" });
    expect(decide(lend, open, logged)).toMatchObject({ allowed: false, logged: { needs: expect.any(Array) } });
    expect(decide(lend, open, logged).needs).toBeUndefined();
    const lenient = rows.map((row) =>
      row.kind === "agent" && row.name === "planner" ? { ...row, policyMode: "log" as const } : row,
    );
    const registry = createSnapshot(1, trustDomain, [
      ...lenient,
      lend,
      open,
      asking("ask", '@approval("people/support")'),
    ]);
    expect(engine.decide(registry, question())).toMatchObject({ allowed: true, logged: { allowed: false } });
  });

  test.each([
    '@approval("")',
    "@approval",
    '@approvers("2")',
    '@approval("people/support") @approvers("0")',
    '@approval("people/support") @approvers("6")',
    '@approval("people/support") @approvers("two")',
    '@approval("people/support") @approvers("2 ")',
    '@approval("people/support") @approvers',
  ])("refuses everything where %s makes no rule, and is refused when it is applied", (annotations) => {
    const broken = asking("ask", annotations);
    expect(decide(lend, open, use, broken)).toMatchObject({ allowed: false, missing: { who: "question" } });
    expect(check(broken)).not.toEqual([]);
  });

  test.each([
    ["a group that nobody declares", `@approval("people/nobody") ${useText}`, "no trusted issuer declares"],
    ["a forbid", '@approval("people/support") forbid (principal, action, resource);', "belongs to a permit"],
  ])("is refused when it is applied, with %s", (_, text, why) => {
    expect(check(policy("ask", text))).toEqual([expect.stringContaining(why)]);
  });

  test("is applied with a declared group", () => {
    expect(check(asking("ask", '@approval("people/support") @approvers("5")'))).toEqual([]);
  });
});

const check = (one: PolicyRegistration) =>
  checkPolicies(cedar, [one], {
    ...{ agents: new Set<string>(), resources: new Set<string>(), tools: new Set<string>() },
    groups: new Set(["people/support"]),
  }).map(({ message }) => message);

const group = fc.constantFrom("a/1", "b/2", "c/3", "d/4");
const need = fc.uniqueArray(fc.record({ group, needed: fc.integer({ min: 1, max: 5 }) }), {
  minLength: 1,
  selector: (rule) => rule.group,
});

describe("the rule for several needs", () => {
  property.prop([fc.array(need, { minLength: 1, maxLength: 4 })])(
    "satisfies each of them by one of its rules, in whatever order they come, or there is no such group",
    (needs) => {
      const rule = commonRule(needs);
      expect(commonRule([...needs].reverse())).toEqual(rule);
      const covers = (one: ApprovalRule) =>
        needs.every((rules) => rules.some((r) => r.group === one.group && r.needed <= one.needed));
      if (rule) expect(covers(rule)).toBe(true);
      else for (const { group: name } of needs.flat()) expect(covers({ group: name, needed: 5 })).toBe(false);
    },
  );
});
