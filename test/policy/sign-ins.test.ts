import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { type PolicyQuestion, turnOf } from "../../core/model/decision.ts";
import { limits } from "../../core/model/limits.ts";
import type { PolicyRegistration } from "../../core/model/registry.ts";
import type { SignIn, SignInRule } from "../../core/model/sign-in.ts";
import { createSnapshot } from "../../core/model/snapshot.ts";
import { createCedarEngine } from "../../core/policy/cedar.ts";
import { checkPolicies } from "../../core/policy/check.ts";
import { enoughForAll, enoughForOne, isSatisfied } from "../../core/policy/sign-ins.ts";
import { agentId, baseRows, tickets, trustDomain } from "../kit/registry.ts";

const now = 1_785_542_400;
const engine = createCedarEngine(cedar);
const policy = (name: string, text: string, more: Partial<PolicyRegistration> = {}): PolicyRegistration => ({
  ...{ kind: "policy", name, cedar: text },
  ...more,
});
const rows = baseRows.filter((r) => r.kind !== "policy");
const lend = policy("lend", 'permit (principal, action == Action::"lend", resource);');
const openText = 'permit (principal, action == Action::"open", resource);';
const open = policy("open", openText);
const useText = 'permit (principal, action == Action::"use", resource);';
const use = policy("use", useText);
const wanting = (name: string, annotations: string, text = useText) => policy(name, `${annotations} ${text}`);
const gold = "urn:example:gold";
const silver = "urn:example:silver";

const question = (signIn?: SignIn, more: Partial<PolicyQuestion> = {}): PolicyQuestion => ({
  ...{ action: "open", agent: agentId("planner"), depth: 0, assurance: "fresh", nowSeconds: now, asserted: {} },
  principal: { id: "p_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", kind: "person", groups: ["people/support"] },
  grant: { resource: tickets, scopes: ["tickets:read"], details: [] },
  evidence: { type: "aws-sts-web-identity", facts: {} },
  ...(signIn && { signIn }),
  ...more,
});
const decide = (policies: readonly PolicyRegistration[], ...asked: Parameters<typeof question>) =>
  engine.decide(createSnapshot(1, trustDomain, [...rows, ...policies]), question(...asked));
const fresh = wanting("fresh", '@max_age("300")');

describe("a permit that wants a fresh sign-in", () => {
  test("permits within so many seconds of it, and says what it wants of anybody else", () => {
    expect(decide([lend, open, fresh], { atSeconds: now - 300 })).toMatchObject({ allowed: true });
    expect(decide([lend, open, fresh], { atSeconds: now - 301 })).toEqual({
      allowed: false,
      policies: ["fresh", "lend", "open"],
      missing: { who: "task", tool: "tickets:read" },
      why: "the use of tickets:read is permitted to a person who signs in otherwise",
      signIn: { maxAgeSeconds: 300 },
    });
  });

  test.each<[string, SignIn | undefined]>([
    ["of which nothing is known", undefined],
    ["without a time", { acr: gold }],
    ["at a time to come, by which it would stay fresh", { atSeconds: now + limits.foreignSkewSeconds + 1 }],
    ["at no time", { atSeconds: Number.NaN }],
  ])("is not satisfied by a sign-in %s", (_, signIn) => {
    expect(turnOf(decide([lend, open, fresh], signIn))).toBe("sign-in");
  });

  test("wants one of its classes, in its order", () => {
    const either = wanting("either", `@acr("${gold} ${silver}")`);
    expect(decide([lend, open, either], { acr: silver })).toMatchObject({ allowed: true });
    for (const acr of ["urn:example:bronze", "", `${gold} ${silver}`, gold.toUpperCase()])
      expect(decide([lend, open, either], { acr })).toMatchObject({ signIn: { acrValues: [gold, silver] } });
  });

  test("counts for nothing beside a permit that wants nothing", () => {
    expect(decide([lend, open, use, fresh])).toMatchObject({ allowed: true });
  });

  test("lifts nothing that is forbidden, and permits no part that nobody permits", () => {
    const forbid = policy("no", 'forbid (principal, action == Action::"use", resource);');
    for (const policies of [
      [lend, open, fresh, forbid],
      [lend, fresh],
      [open, fresh],
    ])
      expect(turnOf(decide(policies))).toBe("refused");
  });

  test("is another way beside another one: what is told is enough for one of them", () => {
    const older = wanting("older", '@max_age("3600")');
    const golden = wanting("golden", `@acr("${gold}")`);
    expect(decide([lend, open, fresh, older], { atSeconds: now - 900 })).toMatchObject({ allowed: true });
    expect(decide([lend, open, fresh, older, golden]).signIn).toEqual({ maxAgeSeconds: 3_600 });
    const both = wanting("both", `@max_age("60") @acr("${silver}")`);
    expect(decide([lend, open, golden, both]).signIn).toEqual({ maxAgeSeconds: 60, acrValues: [silver, gold] });
  });

  test("is wanted of all parts together, of those too that this sign-in satisfies", () => {
    const opening = wanting("opening", `@max_age("600") @acr("${gold} ${silver}")`, openText);
    const using = wanting("using", `@acr("${silver}")`);
    const answer = decide([lend, opening, using], { atSeconds: now, acr: gold });
    expect(answer.signIn).toEqual({ maxAgeSeconds: 600, acrValues: [silver] });
  });

  test("is plainly refused where no one sign-in could satisfy all parts", () => {
    const opening = wanting("opening", `@acr("${gold}")`, openText);
    const using = wanting("using", `@acr("${silver}")`);
    expect(turnOf(decide([lend, opening, using], { acr: gold }))).toBe("refused");
  });

  test("is plainly refused to an agent on its own account, whom nobody can send to sign in", () => {
    const principal = { id: agentId("planner"), kind: "agent" as const };
    expect(turnOf(decide([lend, open, fresh], undefined, { principal }))).toBe("refused");
  });

  test("comes before people are asked, who are asked once it is right", () => {
    const asking = wanting("asking", '@max_age("300") @approval("people/support")');
    expect(turnOf(decide([lend, open, asking]))).toBe("sign-in");
    expect(decide([lend, open, asking], { atSeconds: now }).needs).toEqual([[{ group: "people/support", needed: 1 }]]);
    // a permit with approval is another way, which waits for no sign-in
    const other = wanting("other", '@approval("people/leads")');
    expect(decide([lend, open, fresh, other]).needs).toEqual([[{ group: "people/leads", needed: 1 }]]);
  });

  test("is answered anew as time passes, however often the same was asked before", () => {
    const registry = createSnapshot(1, trustDomain, [...rows, lend, open, fresh]);
    const at = (seconds: number) =>
      turnOf(engine.decide(registry, question({ atSeconds: now }, { nowSeconds: seconds })));
    expect([now, now + 300, now + 301, now + 300].map(at)).toEqual(["permitted", "permitted", "sign-in", "permitted"]);
  });

  test("is only logged where its policy is, and where its agent is", () => {
    const logged = policy("fresh", `@max_age("300") ${useText}`, { mode: "log" });
    expect(decide([lend, open, logged])).toMatchObject({ allowed: false, logged: { signIn: { maxAgeSeconds: 300 } } });
    expect(decide([lend, open, logged]).signIn).toBeUndefined();
  });

  test.each([
    ...['@max_age("0")', '@max_age("-1")', '@max_age("86401")', '@max_age("1e3")', '@max_age(" 60")', "@max_age"],
    ...['@acr("")', "@acr", '@acr("a  b")', '@acr(" a")', '@acr("a\\"b")', '@acr("a\\\\b")', '@acr("a\\nb")'],
    ...[`@acr("${"a".repeat(129)}")`, `@acr("${"abcdefghi".split("").join(" ")}")`, '@acr("größe")'],
    ...['@max_age("60") @acr("")', `@max_age("") @acr("${gold}")`],
  ])("refuses everything where %s makes no rule, and is refused when it is applied", (annotations) => {
    const broken = wanting("broken", annotations);
    expect(decide([lend, open, use, broken])).toMatchObject({ allowed: false, missing: { who: "question" } });
    expect(check(broken)).toEqual([expect.stringMatching(/^@(max_age|acr)/)]);
  });

  test("on a forbid is refused when it is applied: no sign-in lifts what is forbidden", () => {
    for (const annotation of ['@max_age("300")', `@acr("${gold}")`])
      expect(check(policy("no", `${annotation} forbid (principal, action, resource);`))).toEqual([
        expect.stringContaining("belong to a permit"),
      ]);
  });

  test("is applied within its bounds", () => {
    expect(check(wanting("all", `@max_age("86400") @acr("${gold} ${silver}")`))).toEqual([]);
    expect(check(wanting("one", '@max_age("1")'))).toEqual([]);
  });
});

const check = (one: PolicyRegistration) =>
  checkPolicies(cedar, [one], {
    ...{ agents: new Set<string>(), resources: new Set<string>(), tools: new Set<string>(), groups: new Set<string>() },
  }).map(({ message }) => message);

const rule = fc
  .record({
    maxAgeSeconds: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
    acrValues: fc.option(fc.uniqueArray(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 3 }), {
      nil: undefined,
    }),
  })
  .filter(({ maxAgeSeconds, acrValues }) => maxAgeSeconds !== undefined || acrValues !== undefined)
  .map((one) => JSON.parse(JSON.stringify(one)) as SignInRule);
const parts = fc.array(fc.array(rule, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 });
const signIns: readonly SignIn[] = [...Array(22).keys()].flatMap((age) =>
  ["a", "b", "c", "d"].map((acr) => ({ atSeconds: now - age, acr })),
);
const satisfies = (signIn: SignIn, needs: readonly (readonly SignInRule[])[]) =>
  needs.every((rules) => rules.some((one) => isSatisfied(one, signIn, now)));

describe("what is told to be enough", () => {
  property.prop([parts])("is enough for one permit of every part; where nothing is told, nothing is", (needs) => {
    const each = needs.map((rules) => {
      const named = new Map(rules.map((one, at) => [String(at), one]));
      const enough = enoughForOne([...named.keys()], named);
      if (!enough) throw new Error("every permit wants something");
      return enough;
    });
    const told = enoughForAll(each);
    const right = signIns.filter((signIn) => told && isSatisfied(told, signIn, now));
    expect(right.every((signIn) => satisfies(signIn, needs))).toBe(true);
    if (told) expect(right.length).toBeGreaterThan(0);
    // the newest sign-ins of every class are among those tried
    else expect(signIns.some((signIn) => satisfies(signIn, needs))).toBe(false);
  });
});
