import { fc } from "@fast-check/vitest";
import { assuranceLevels } from "../../core/model/assurance.ts";
import type { PolicyQuestion } from "../../core/model/decision.ts";
import { agentId, tickets } from "../kit/registry.ts";

/** Policies of every form that Cedar parses, valid against the schema or not, and questions that they may tell apart. */

const pick = (...texts: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...texts);
const entities = pick(
  'Agent::"planner"',
  'Agent::"ticket-api"',
  'Agent::""',
  'Principal::"p_1"',
  'Principal::""',
  'Group::"people/support"',
  'Group::"people/sales"',
  `Resource::"${tickets}"`,
  'Resource::""',
  'Tool::"tickets:read"',
  'Tool::"tickets:write"',
  'Evidence::"of-this-request"',
  'Action::"open"',
  'Nobody::"at all"',
);
const types = pick("Agent", "Principal", "Resource", "Tool", "Group");
const attributes = pick(
  ..."agent principal step depth assurance scopes detailTypes evidence to build now asserted purpose lifetimeSeconds".split(
    " ",
  ),
  ..."owner sponsor kind name servedBy type none".split(" "),
);
const tags = pick('"account"', '"region"', '"__proto__"', '"none"', "context.step");
const literals = fc.oneof(
  entities,
  pick(
    "true",
    "false",
    "0",
    "1",
    "2",
    "3",
    "9223372036854775807",
    '"open"',
    '"person"',
    '"tickets:read"',
    '"sha256:00"',
  ),
  pick("[]", '["tickets:read"]', "{depth: 1}", '{"a": 1}.a', 'ip("10.0.0.1").isLoopback()', 'decimal("1.5")'),
);

const { expression } = fc.letrec<{ expression: string; access: string }>((tie) => ({
  access: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    pick("principal", "resource", "action", "context"),
    attributes.map((name) => `context.${name}`),
    fc.tuple(tie("access"), attributes).map(([of, name]) => `${of}.${name}`),
    fc.tuple(tie("access"), tags).map(([of, tag]) => `${of}.getTag(${tag})`),
    entities,
  ),
  expression: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    literals,
    tie("access"),
    fc
      .tuple(tie("access"), fc.array(attributes, { minLength: 1, maxLength: 2 }))
      .map(([of, path]) => `${of} has ${path.join(".")}`),
    fc.tuple(tie("access"), tags).map(([of, tag]) => `${of}.hasTag(${tag})`),
    fc.tuple(tie("access"), types).map(([of, type]) => `${of} is ${type}`),
    fc.tuple(tie("access"), types, entities).map(([of, type, within]) => `${of} is ${type} in ${within}`),
    fc.tuple(tie("access"), pick("*", "p*", "tickets*")).map(([of, like]) => `${of} like "${like}"`),
    fc.tuple(tie("access"), fc.array(entities, { maxLength: 2 })).map(([of, list]) => `${of} in [${list.join()}]`),
    fc
      .tuple(
        tie("expression"),
        pick("==", "!=", "<", "<=", ">", ">=", "in", "&&", "||", "+", "-", "*"),
        tie("expression"),
      )
      .map(([left, operator, right]) => `((${left}) ${operator} (${right}))`),
    fc
      .tuple(tie("expression"), pick("contains", "containsAll", "containsAny"), tie("expression"))
      .map(([left, method, right]) => `(${left}).${method}(${right})`),
    tie("expression").map((of) => `(${of}).isEmpty()`),
    tie("expression").map((of) => `!(${of})`),
    tie("expression").map((of) => `-(${of})`),
    fc
      .tuple(tie("expression"), tie("expression"), tie("expression"))
      .map(([test, then, otherwise]) => `(if ${test} then ${then} else ${otherwise})`),
    fc.tuple(tie("expression"), tie("expression")).map(([a, b]) => `[${a}, ${b}]`),
    fc.tuple(tie("expression"), attributes).map(([value, name]) => `{${name}: ${value}, ".": 1, "in": 2}`),
  ),
}));

/** Conditions that questions do answer differently; each sees another part of one, and in another way. */
export const tellings: readonly string[] = [
  "context.depth == 1",
  "context.depth < 2",
  "context.assurance >= 2",
  'context.step == "open"',
  'context.scopes.contains("tickets:write")',
  'context.detailTypes == ["ticket"]',
  "context has build",
  'context has build && context.build == "sha256:00"',
  "context has to",
  'context has to && context.to == Agent::"planner"',
  "context has to.owner",
  "context.now < 2",
  "context.asserted has purpose",
  'context has asserted.purpose && context.asserted.purpose == "open"',
  "context.asserted has lifetimeSeconds && context.asserted.lifetimeSeconds == 1",
  'context.principal == Principal::"p_1"',
  'context.principal.kind == "person"',
  'context.principal in Group::"people/support"',
  'context.principal in [Group::"people/sales", Agent::"planner"]',
  'context.principal is Principal in Group::"people/support"',
  'context.evidence.hasTag("account")',
  'context.evidence.hasTag("__proto__") && context.evidence.getTag("__proto__") == "1"',
  'context.evidence.hasTag(context.step) || context.evidence.hasTag("constructor")',
  'context.evidence.type == "oidc"',
  'Evidence::"of-this-request".hasTag("region")',
  'Principal::"p_1" has kind',
  'Principal::"p_2" in Group::"people/support"',
  'Agent::"researcher" has owner',
  'Agent::"ticket-api".sponsor == "boss@example.com"',
  'Tool::"tickets:write" in Resource::"https://tickets.example"',
  'principal in Group::"people/support"',
  'principal == Principal::"p_1"',
  'principal == Agent::"planner"',
  "principal has kind",
  "principal has owner && context.agent == principal",
  "principal == context.principal",
  "[principal].contains(context.principal)",
  'resource in Resource::"https://tickets.example"',
  'resource == Tool::"tickets:read"',
  'resource has servedBy && resource.servedBy.owner == "team@example.com"',
  "resource has servedBy.owner",
  'action == Action::"lend"',
  "(if context.depth == 1 then context else {depth: 7, now: 0}) has build",
  "{all: context}.all has build",
  "[context].contains(context) && {all: [context, {}]}.all.contains({})",
  "context == context && !(context == {})",
];
const telling = pick(...tellings);
const condition = fc.oneof(
  { weight: 4, arbitrary: telling },
  {
    weight: 2,
    arbitrary: fc
      .tuple(telling, pick("&&", "||", "=="), telling)
      .map(([left, operator, right]) => `(${left}) ${operator} (${right})`),
  },
  { weight: 1, arbitrary: telling.map((of) => `!(${of})`) },
  { weight: 2, arbitrary: expression },
);

const actions = fc.oneof(
  pick("", "", '== Action::"open"', '== Action::"lend"', '== Action::"use"', 'in Action::"use"', "in []"),
  pick('== Action::"nothing"', '== Other::Action::"use"', 'in [Other::Action::"lend", Action::"open"]'),
  fc
    .subarray(["open", "access", "lend", "use"], { minLength: 1 })
    .map((names) => `in [${names.map((name) => `Action::"${name}"`).join()}]`),
);
const scopeOf = (kinds: readonly string[]) =>
  fc.oneof(
    fc.constant(""),
    fc.constant(""),
    entities.map((it) => `== ${it}`),
    entities.map((it) => `in ${it}`),
    pick(...kinds).map((type) => `is ${type}`),
    fc.tuple(pick(...kinds), entities).map(([type, it]) => `is ${type} in ${it}`),
  );

/** The text of one policy. */
export const policyTexts: fc.Arbitrary<string> = fc
  .record({
    effect: pick("permit", "permit", "forbid"),
    principal: scopeOf(["Agent", "Principal"]),
    action: actions,
    resource: scopeOf(["Resource", "Tool"]),
    conditions: fc.array(fc.tuple(pick("when", "unless"), condition), { maxLength: 2 }),
  })
  .map(
    ({ effect, principal, action, resource, conditions }) =>
      `@note("context") ${effect} (principal ${principal}, action ${action}, resource ${resource})${conditions
        .map(([kind, body]) => ` ${kind} { ${body} }`)
        .join("")};`,
  );

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

/** What a question may say, of which another says something else. */
const members = {
  action: fc.constantFrom("open", "access", "offer"),
  agent: fc.constantFrom(agentId("planner"), agentId("triage")),
  to: fc.constantFrom(undefined, undefined, agentId("planner"), agentId("researcher")),
  principal: fc.record({
    id: pick("p_1", "p_2", ""),
    kind: fc.constantFrom("person", "agent"),
    groups: fc.array(pick("people/support", "people/sales", "people/none"), { maxLength: 3 }),
  }),
  grant: fc.record({
    resource: fc.constant(tickets),
    scopes: fc.array(pick("tickets:read", "tickets:write"), { minLength: 1, maxLength: 3 }),
    details: fc.array(fc.record({ type: pick("ticket", "__entity") }), { maxLength: 2 }),
  }),
  depth: fc.nat(3),
  assurance: fc.constantFrom(...assuranceLevels),
  evidence: fc.record({
    type: pick("aws-sts-web-identity", "oidc"),
    facts: fc.array(fc.tuple(pick("account", "region", "__proto__", "constructor"), pick("1", "open"))).map(
      // as parsing makes it: `__proto__` a member like any other
      (pairs) => JSON.parse(`{${[...new Map(pairs)].map(([name, value]) => `"${name}":"${value}"`).join()}}`),
    ),
  }),
  build: maybe(pick("sha256:00", "sha256:01")),
  signIn: maybe(fc.constantFrom({ atSeconds: 0 }, { acr: "open" })),
  nowSeconds: fc.integer({ min: 0, max: 3 }),
  asserted: fc.record({ purpose: maybe(pick("open", "", "__proto__")), lifetimeSeconds: maybe(fc.nat(2)) }),
} satisfies Record<keyof PolicyQuestion, fc.Arbitrary<unknown>>;

const given = (question: Record<string, unknown>): PolicyQuestion =>
  Object.fromEntries(Object.entries(question).filter(([, value]) => value !== undefined)) as unknown as PolicyQuestion;

const evidence = { type: "oidc", facts: { account: "1" } };

const usual: PolicyQuestion = {
  action: "open",
  agent: agentId("planner"),
  principal: { id: "p_1", kind: "person", groups: ["people/support"] },
  grant: { resource: tickets, scopes: ["tickets:read"], details: [] },
  depth: 0,
  assurance: "fresh",
  evidence,
  nowSeconds: 1,
  asserted: {},
};

/** A question, and others that differ from it in one member each. */
export const variants: readonly PolicyQuestion[] = [
  usual,
  { ...usual, action: "access" },
  { ...usual, agent: agentId("triage") },
  { ...usual, to: agentId("planner") },
  { ...usual, to: agentId("researcher") },
  { ...usual, principal: { ...usual.principal, id: "p_2" } },
  { ...usual, principal: { ...usual.principal, kind: "agent" } },
  { ...usual, principal: { ...usual.principal, groups: [] } },
  { ...usual, principal: { ...usual.principal, groups: ["people/sales"] } },
  { ...usual, principal: { ...usual.principal, groups: ["people/sales", "people/support"] } },
  { ...usual, principal: { ...usual.principal, groups: ["people/support", "people/sales"] } },
  { ...usual, grant: { ...usual.grant, scopes: ["tickets:write"] } },
  { ...usual, grant: { ...usual.grant, scopes: ["tickets:read", "tickets:write"] } },
  { ...usual, grant: { ...usual.grant, scopes: ["tickets:write", "tickets:read"] } },
  { ...usual, grant: { ...usual.grant, details: [{ type: "ticket" }] } },
  { ...usual, depth: 1 },
  { ...usual, assurance: "document" },
  { ...usual, evidence: { ...evidence, type: "ecs-task" } },
  { ...usual, evidence: { ...evidence, facts: { account: "2" } } },
  { ...usual, evidence: { ...evidence, facts: { region: "1" } } },
  { ...usual, evidence: { ...evidence, facts: { open: "1" } } },
  { ...usual, evidence: { ...evidence, facts: JSON.parse('{"__proto__":"1","constructor":"2"}') } },
  { ...usual, build: "sha256:00" },
  { ...usual, build: "sha256:01" },
  { ...usual, nowSeconds: 2 },
  { ...usual, asserted: { purpose: "open" } },
  { ...usual, asserted: { purpose: "" } },
  { ...usual, asserted: { lifetimeSeconds: 1 } },
];

/** One question. */
export const questions: fc.Arbitrary<PolicyQuestion> = fc.record(members).map(given);

/** One after the other, each of which differs from the last in one member at most. */
export const neighbours: fc.Arbitrary<readonly PolicyQuestion[]> = fc
  .tuple(
    fc.record(members),
    fc.array(
      fc.oneof(...Object.keys(members).map((name) => fc.record({ [name]: members[name as keyof typeof members] }))),
      { minLength: 1, maxLength: 5 },
    ),
  )
  .map(([first, changes]) => {
    let last: Record<string, unknown> = first;
    const all = changes.map((change) => {
      last = { ...last, ...change };
      return given(last);
    });
    return [given(first), ...all];
  });
