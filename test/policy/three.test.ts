import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { askedColumn, questionOf } from "../../core/audit/columns.ts";
import { assuranceLevels } from "../../core/model/assurance.ts";
import type { PolicyQuestion } from "../../core/model/decision.ts";
import type { PolicyRegistration, Registration } from "../../core/model/registry.ts";
import { createSnapshot } from "../../core/model/snapshot.ts";
import { createCedarEngine } from "../../core/policy/cedar.ts";
import { checkPolicies } from "../../core/policy/check.ts";
import { agent, agentId, baseRows, idp, otherIdp, tickets, trustDomain } from "../kit/registry.ts";

const engine = createCedarEngine(cedar);
const policy = (name: string, text: string, mode?: "log"): PolicyRegistration => ({
  kind: "policy",
  name,
  cedar: text,
  ...(mode ? { mode } : {}),
});
const lend = policy("lend", 'permit (principal, action == Action::"lend", resource);');
const act = policy("act", 'permit (principal, action == Action::"open", resource);');
const use = policy("use", 'permit (principal, action == Action::"use", resource);');

const people = (names: readonly string[]): Registration => ({
  kind: "trusted-issuer",
  name: "people",
  purpose: "person",
  issuer: idp,
  algorithms: ["ES256"],
  groups: { claim: "groups", names },
});
const partners: Registration = {
  kind: "trusted-issuer",
  name: "partners",
  purpose: "person",
  issuer: otherIdp,
  algorithms: ["ES256"],
  groups: { claim: "roles", names: ["support"] },
};
const snapshotOf = (...rows: readonly Registration[]) => {
  const given = (row: Registration) => rows.some((other) => other.kind === row.kind && other.name === row.name);
  return createSnapshot(1, trustDomain, [...baseRows.filter((r) => r.kind !== "policy" && !given(r)), ...rows]);
};
const question = (more: Partial<PolicyQuestion> = {}): PolicyQuestion => ({
  action: "open",
  agent: agentId("planner"),
  principal: { id: "p_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", kind: "person", groups: ["people/support"] },
  grant: { resource: tickets, scopes: ["tickets:read", "tickets:write"], details: [] },
  depth: 0,
  assurance: "fresh",
  evidence: { type: "aws-sts-web-identity", facts: { region: "eu-west-1" } },
  nowSeconds: 1_785_542_400,
  asserted: {},
  ...more,
});

describe("principal, agent and task must each be permitted", () => {
  test.each([
    ["the principal", { who: "principal" }, [act, use]],
    ["the agent", { who: "agent" }, [lend, use]],
    ["the task", { who: "task", tool: "tickets:read" }, [lend, act]],
    [
      "one tool of the task",
      { who: "task", tool: "tickets:write" },
      [lend, act, policy("r", 'permit (principal, action, resource == Tool::"tickets:read");')],
    ],
  ])("a missing permit for %s refuses all of it and says so", (_, missing, policies) => {
    expect(engine.decide(snapshotOf(...policies), question())).toMatchObject({ allowed: false, missing, policies: [] });
  });

  test("a forbid of one tool wins over its permits and is named with it", () => {
    const forbid = policy("no-writing", 'forbid (principal, action, resource == Tool::"tickets:write");');
    expect(engine.decide(snapshotOf(lend, act, use, forbid), question())).toEqual({
      allowed: false,
      policies: ["no-writing"],
      missing: { who: "task", tool: "tickets:write" },
      why: "the use of tickets:write is forbidden by no-writing",
    });
  });

  test("a permit of every tool in a resource is one policy", () => {
    const inside = policy("inside", `permit (principal, action, resource in Resource::"${tickets}");`);
    expect(engine.decide(snapshotOf(inside), question()).allowed).toBe(true);
  });
});

describe("groups of people", () => {
  const support = policy(
    "support",
    'permit (principal in Group::"people/support", action == Action::"lend", resource);',
  );

  test("a person in a declared group lends what the group may", () => {
    expect(engine.decide(snapshotOf(people(["support"]), support, act, use), question()).allowed).toBe(true);
  });

  test.each([
    ["of the same name at another issuer", ["partners/support"], ["support"]],
    ["that the registry no longer declares", ["people/support"], ["sales"]],
    ["of another name", ["people/sales"], ["support", "sales"]],
    ["at all", [], ["support"]],
  ])("a person in no group %s is refused", (_, groups, declared) => {
    const registry = snapshotOf(people(declared), partners, support, act, use);
    const principal = { ...question().principal, groups };
    expect(engine.decide(registry, question({ principal }))).toMatchObject({ missing: { who: "principal" } });
  });

  test("an agent on its own is in no group, whatever its name", () => {
    const principal = { id: agentId("planner"), kind: "agent" } as const;
    const registry = snapshotOf(people(["support"]), support, act, use);
    expect(engine.decide(registry, question({ principal })).allowed).toBe(false);
  });
});

describe("log-only mode", () => {
  const forbid = policy("no-writing", 'forbid (principal, action, resource == Tool::"tickets:write");', "log");
  const permit = policy("read-only", 'permit (principal, action, resource == Tool::"tickets:read");', "log");

  test("a log-only forbid changes nothing and its verdict is told", () => {
    expect(engine.decide(snapshotOf(lend, act, use, forbid), question())).toMatchObject({
      allowed: true,
      policies: ["act", "lend", "use"],
      logged: { allowed: false, policies: ["no-writing"], missing: { who: "task", tool: "tickets:write" } },
    });
  });

  test("a log-only permit opens nothing and its verdict is told", () => {
    const reading = question({ grant: { resource: tickets, scopes: ["tickets:read"], details: [] } });
    expect(engine.decide(snapshotOf(lend, act, permit), reading)).toMatchObject({
      allowed: false,
      logged: { allowed: true, policies: ["act", "lend", "read-only"] },
    });
  });

  test("nothing is told where the verdicts agree", () => {
    expect(engine.decide(snapshotOf(lend, act, use, permit), question())).not.toHaveProperty("logged");
  });

  test("a log-only policy that does not parse still refuses everything: nobody knows what it would have said", () => {
    const torn = policy("torn", "forbid (principal", "log");
    expect(engine.decide(snapshotOf(lend, act, use, torn), question())).toMatchObject({ allowed: false });
  });

  test("an agent in log-only mode is spared a refusal, which is told; no other agent is", () => {
    const lenient = agent("planner", { policyMode: "log" });
    const registry = snapshotOf(lenient, lend, use);
    expect(engine.decide(registry, question())).toMatchObject({
      allowed: true,
      policies: [],
      logged: { allowed: false, missing: { who: "agent" } },
    });
    expect(engine.decide(registry, question({ agent: agentId("triage") })).allowed).toBe(false);
  });

  test("an agent in log-only mode is not spared what could not be evaluated", () => {
    const lenient = agent("planner", { policyMode: "log" });
    const broken = policy(
      "broken",
      "forbid (principal, action, resource) when { 9223372036854775807 + context.depth > 0 };",
    );
    expect(engine.decide(snapshotOf(lenient, lend, act, use, broken), question({ depth: 1 })).allowed).toBe(false);
  });
});

describe("policy check", () => {
  const known = {
    agents: new Set(["planner"]),
    resources: new Set([tickets]),
    tools: new Set(["tickets:read"]),
    groups: new Set(["people/support"]),
  };
  const messages = (text: string) =>
    checkPolicies(cedar, [policy("p", text)], known)
      .map((p) => p.message)
      .join("\n");

  test.each([
    [
      'permit (principal, action == Action::"use", resource == Tool::"tickets:wipe");',
      'no resource has the scope "tickets:wipe"',
    ],
    [
      'permit (principal in Group::"support", action == Action::"lend", resource);',
      'no trusted issuer declares the group "support"',
    ],
    ['permit (principal == Agent::"ghost", action, resource);', 'no agent is named "ghost"'],
    ['permit (principal, action == Action::"lend", resource) when { context.asserted has purpose };', "own word"],
    [
      'permit (principal, action, resource) when { context.evidence.hasTag("sessionName") && context.evidence.getTag("sessionName") == "prod" };',
      "own word",
    ],
    ['permit (principal, action, resource) unless { !Evidence::"of-this-request".hasTag("sessionName") };', "own word"],
    [
      'permit (principal, action, resource) when { context.evidence.hasTag(if context.depth > 90 then "region" else "sessionName") };',
      "own word",
    ],
    [
      'permit (principal, action == Action::"lend", resource == Tool::"tickets:read");',
      "unable to find an applicable action",
    ],
    ["permit (principal, action, resource) when { context.nonsense };", "nonsense"],
  ])("refuses %s", (text, message) => {
    expect(messages(text)).toContain(message);
  });

  test("takes a forbid by a session's name, and a permit by a fact the platform proves", () => {
    const tag = (effect: string, name: string) =>
      `${effect} (principal, action, resource) when { context.evidence.hasTag("${name}") && context.evidence.getTag("${name}") == "x" };`;
    expect(messages(tag("forbid", "sessionName"))).toBe("");
    expect(messages(tag("permit", "functionArn"))).toBe("");
  });

  test("takes what names only what exists", () => {
    const text =
      'permit (principal in Group::"people/support", action == Action::"lend", resource) when { context.agent == Agent::"planner" };';
    expect(messages(text)).toBe("");
  });
});

describe("a recorded question", () => {
  const text = fc.string({ maxLength: 30 });
  const questions: fc.Arbitrary<PolicyQuestion> = fc.record(
    {
      action: fc.constantFrom("open", "renew", "access", "offer", "redeem", "hop"),
      agent: text,
      to: text,
      principal: fc.record({ id: text, kind: fc.constantFrom("person", "agent"), groups: fc.array(text) }),
      grant: fc.record({
        resource: text,
        scopes: fc.array(text),
        details: fc.array(fc.record({ type: text })),
      }),
      depth: fc.nat(64),
      assurance: fc.constantFrom(...assuranceLevels),
      evidence: fc.record({ type: text, facts: fc.dictionary(fc.stringMatching(/^[a-z]{1,9}$/), text) }),
      build: text,
      nowSeconds: fc.nat(),
      asserted: fc.record({ purpose: text, lifetimeSeconds: fc.nat() }, { requiredKeys: [] }),
    },
    {
      requiredKeys: [
        "action",
        "agent",
        "principal",
        "grant",
        "depth",
        "assurance",
        "evidence",
        "nowSeconds",
        "asserted",
      ],
    },
  ) as fc.Arbitrary<PolicyQuestion>;

  property.prop([questions], { numRuns: 200 })("comes back from its audit event as it was asked", (asked) => {
    expect(questionOf(JSON.parse(JSON.stringify(askedColumn(asked))))).toEqual(asked);
  });

  test.each([
    ["an action nobody asks", { action: "rule" }],
    ["no assurance level", { assurance: "sure" }],
    ["a principal of no kind", { principal_kind: "thing" }],
    ["scopes that are no list", { scopes: "tickets:read" }],
  ])("is not believed with %s", (_, more) => {
    expect(questionOf({ ...askedColumn(question()), ...more } as never)).toBeUndefined();
  });
});
