import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import type { PolicyQuestion } from "../../core/model/decision.ts";
import { createSnapshot } from "../../core/model/snapshot.ts";
import { createCedarEngine } from "../../core/policy/cedar.ts";
import { checkPolicies } from "../../core/policy/check.ts";
import { agentId, baseRows, tickets, trustDomain } from "../kit/registry.ts";

const known = {
  agents: new Set(["planner"]),
  resources: new Set([tickets]),
  tools: new Set(["tickets:read"]),
  groups: new Set<string>(),
};
const policy = (text: string) => ({ kind: "policy" as const, name: "p", cedar: text });
const found = (text: string) =>
  checkPolicies(cedar, [policy(text)], known)
    .map((problem) => problem.message)
    .join("\n");
const forbid = (condition: string) => `forbid (principal, action, resource) ${condition};`;
const said = "context.asserted has purpose";
const named = 'context.evidence.hasTag("sessionName")';
const sessionIs = (name: string) => `${named} && context.evidence.getTag("sessionName") == "${name}"`;

describe("threat 36: a forbid that the caller's own word could lift is refused", () => {
  test.each([
    ["an unless", `unless { ${said} && context.asserted.purpose == "billing" }`],
    ["an unless beside a when", `when { context.depth > 0 } unless { ${said} }`],
    ["a negation", `when { !(${said}) }`],
    ["a negation deep inside", `when { context.depth > 0 || (context.depth < 9 && !(${said})) }`],
    ["an inequality", `when { ${said} && context.asserted.purpose != "billing" }`],
    ["the test of an if", `when { if ${said} then false else true }`],
    ["a branch of an if", `when { if context.depth > 0 then ${said} else true }`],
    ["a comparison of truths", `when { (${said}) == false }`],
    ["truths in a set", `when { [false].contains(${said}) }`],
    ["a truth in a record", `when { {a: ${said}} == {a: false} }`],
    [
      "a life it may ask for",
      `unless { context.asserted has lifetimeSeconds && context.asserted.lifetimeSeconds < 60 }`,
    ],
    ["what it does not work with", 'when { context.asserted has tools && !context.asserted.tools.contains("x") }'],
    ["that it works with nothing", "when { context.asserted has tools && context.asserted.tools.isEmpty() }"],
    ["the context as a whole", "unless { context == context }"],
    ["the session's name", `unless { ${sessionIs("nightly")} }`],
    ["the session's name, negated", `when { ${named} && !(context.evidence.getTag("sessionName") == "nightly") }`],
    ["the Region it asks", 'unless { context.evidence.hasTag("region") }'],
    ["the Region STS was asked in", 'unless { context.evidence.hasTag("sourceRegion") }'],
    ["a tag whose name is computed", 'unless { context.evidence.hasTag(if context.depth > 9 then "a" else "b") }'],
  ])("by %s", (_, condition) => {
    expect(found(forbid(condition))).toContain("could lift it");
  });

  test.each([
    ["what is said", `when { ${said} && context.asserted.purpose like "*bulk*" }`],
    ["one of several", `when { ${said} && ["a", "b"].contains(context.asserted.purpose) }`],
    [
      "a life that is too long",
      "when { context.asserted has lifetimeSeconds && context.asserted.lifetimeSeconds + 1 > 60 }",
    ],
    ["a session's name", `when { ${sessionIs("test")} }`],
    ["what it says beside what is proved", `when { !(context.assurance >= 2) && (${said} || context.depth > 3) }`],
    ["a version it says it works with", 'when { context.asserted has tools && context.asserted.tools.contains("x") }'],
    ["nothing of its own word, in an unless", "unless { context.assurance >= 2 }"],
  ])("takes one by %s", (_, condition) => {
    expect(found(forbid(condition))).toBe("");
  });
});

describe("threat 36: a permit reads nothing that the caller picks", () => {
  test.each(["sessionName", "region", "sourceRegion"])("%s", (fact) => {
    const when = `context.evidence.hasTag("${fact}") && context.evidence.getTag("${fact}") == "x"`;
    expect(found(`permit (principal, action, resource) when { ${when} };`)).toContain("own word");
  });
});

const question = (asserted: PolicyQuestion["asserted"]): PolicyQuestion => ({
  action: "open",
  agent: agentId("planner"),
  principal: { id: "p_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", kind: "person" },
  grant: { resource: tickets, scopes: ["tickets:read"], details: [] },
  depth: 1,
  assurance: "fresh",
  evidence: { type: "aws-sts-caller-identity", facts: {} },
  nowSeconds: 1_785_542_400,
  asserted,
});
const atoms = fc.constantFrom(
  said,
  `${said} && context.asserted.purpose == "a"`,
  `${said} && context.asserted.purpose != "a"`,
  "context.asserted has lifetimeSeconds && context.asserted.lifetimeSeconds > 60",
  "context.depth == 1",
  "context.depth == 2",
);
const { condition } = fc.letrec<{ condition: string }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    atoms,
    fc
      .tuple(tie("condition"), fc.constantFrom("&&", "||"), tie("condition"))
      .map(([a, op, b]) => `(${a}) ${op} (${b})`),
    tie("condition").map((a) => `!(${a})`),
    fc
      .tuple(tie("condition"), tie("condition"), tie("condition"))
      .map(([a, b, c]) => `if (${a}) then (${b}) else (${c})`),
    tie("condition").map((a) => `(${a}) == false`),
  ),
}));
const engine = createCedarEngine(cedar);

property.prop([fc.constantFrom("when", "unless"), condition, fc.constantFrom("a", "b"), fc.constantFrom(1, 99)])(
  "threat 36: a forbid that check takes refuses whoever speaks at least where it refuses whoever is silent",
  (kind, text, purpose, lifetimeSeconds) => {
    const rule = forbid(`${kind} { ${text} }`);
    if (found(rule).includes("could lift it")) return;
    const all = { ...policy("permit (principal, action, resource);"), name: "all" };
    const rows = [...baseRows.filter((row) => row.kind !== "policy"), all, policy(rule)];
    const registry = createSnapshot(1, trustDomain, rows);
    const allowed = (asserted: PolicyQuestion["asserted"]) => engine.decide(registry, question(asserted)).allowed;
    if (!allowed({})) expect(allowed({ purpose, lifetimeSeconds })).toBe(false);
  },
);
