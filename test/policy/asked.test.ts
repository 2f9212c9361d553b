import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { assuranceLevels } from "../../core/model/assurance.ts";
import type { PolicyQuestion } from "../../core/model/decision.ts";
import type { PolicyRegistration, Registration } from "../../core/model/registry.ts";
import { createSnapshot } from "../../core/model/snapshot.ts";
import { createAnswerMemory } from "../../core/policy/answers.ts";
import { ask, type CedarModule, preparsePolicies, preparseSchema } from "../../core/policy/ask.ts";
import { createCedarEngine } from "../../core/policy/cedar.ts";
import { toRequests } from "../../core/policy/requests.ts";
import { policySchema } from "../../core/policy/schema.ts";
import { agent, agentId, baseRows, customers, idp, tickets, trustDomain } from "../kit/registry.ts";
import { variants } from "./random.ts";

const people: Registration = {
  kind: "trusted-issuer",
  name: "people",
  purpose: "person",
  issuer: idp,
  algorithms: ["ES256"],
  groups: { claim: "groups", names: ["support", "sales"] },
};
const snapshotOf = (...rows: readonly Registration[]) => {
  const given = (row: Registration) => rows.some((other) => other.kind === row.kind && other.name === row.name);
  const base = [...baseRows.filter(({ kind }) => kind !== "policy"), people];
  return createSnapshot(1, trustDomain, [...base.filter((row) => !given(row)), ...rows]);
};
const policy = (name: string, text: string): PolicyRegistration => ({ kind: "policy", name, cedar: text });
const permitAll = policy("all", "permit (principal, action, resource);");
const [usual] = variants as readonly [PolicyQuestion];

type Call = Parameters<CedarModule["statefulIsAuthorized"]>[0];
/** An engine, with all that it sends. */
function watchedEngine() {
  const sent: Call[] = [];
  const statefulIsAuthorized: CedarModule["statefulIsAuthorized"] = (call) => {
    sent.push(call);
    return cedar.statefulIsAuthorized(call);
  };
  return { sent, engine: createCedarEngine({ ...cedar, statefulIsAuthorized }) };
}
const namesOf = ({ entities }: Call) => entities.map(({ uid }) => ("type" in uid ? uid.type : "?")).sort();

describe("no request that is made of a question", () => {
  const text = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 20 }),
    fc.constantFrom("__proto__", "__entity", "__extn", '"', "\0"),
  );
  const number = fc.oneof(fc.nat(9), fc.double(), fc.integer(), fc.constantFrom(2 ** 53, 1e30, -0));
  const odd: fc.Arbitrary<PolicyQuestion> = fc.record(
    {
      action: fc.constantFrom("open", "renew", "access", "offer", "redeem", "hop"),
      agent: fc.constantFrom(agentId("planner"), agentId("odd"), agentId("nobody")),
      to: fc.constantFrom(agentId("planner"), agentId("researcher")),
      principal: fc.record(
        {
          id: text,
          kind: fc.constantFrom("person", "agent"),
          groups: fc.array(fc.constantFrom("people/support", "people/sales", "x")),
        },
        { requiredKeys: ["id", "kind"] },
      ),
      grant: fc.record({
        resource: fc.constantFrom(tickets, customers, "https://nobody.example"),
        scopes: fc.array(text, { maxLength: 4 }),
        details: fc.array(fc.record({ type: text }), { maxLength: 2 }),
      }),
      depth: number,
      assurance: fc.constantFrom(...assuranceLevels),
      evidence: fc.record({ type: text, facts: fc.dictionary(text, text, { maxKeys: 4 }) }),
      build: text,
      nowSeconds: number,
      asserted: fc.record(
        { purpose: text, lifetimeSeconds: number, tools: fc.array(text, { maxLength: 3 }) },
        { requiredKeys: [] },
      ),
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
  const registry = snapshotOf(agent("odd", { owner: "", sponsor: '{"__entity":0}' }));
  preparseSchema(cedar, "asked", policySchema);
  if (preparsePolicies(cedar, "asked", [permitAll]) !== undefined) throw new Error("the policy does not parse");

  property.prop([fc.oneof(odd, fc.constantFrom(...variants))], { numRuns: 600 })(
    "would be refused by the schema: the engine need not validate it again",
    (question) => {
      const requests = toRequests(registry, question);
      if (typeof requests === "string") return;
      for (const { call } of requests)
        expect(ask(cedar, { schema: "asked", policies: "asked" }, call)).toEqual({
          permitted: true,
          policies: ["all"],
          broken: [],
        });
    },
  );

  test.each([
    { depth: 0.5 },
    { depth: Number.NaN },
    { nowSeconds: 2 ** 53 },
    { asserted: { lifetimeSeconds: 1e30 } },
    { assurance: "sure" as never },
  ])("is made at all of %j, whether a policy reads it or not", (more) => {
    expect(toRequests(registry, { ...usual, ...more })).toContain("not valid");
    expect(createCedarEngine(cedar).decide(snapshotOf(permitAll), { ...usual, ...more }).allowed).toBe(false);
  });
});

describe("each question is sent with what its policies can see", () => {
  const sentFor = (...policies: readonly PolicyRegistration[]) => {
    const { sent, engine } = watchedEngine();
    const verdict = engine.decide(snapshotOf(...policies), usual);
    if (!verdict.allowed) throw new Error(verdict.why);
    return sent;
  };

  test("without context and entities where they look at none", () => {
    for (const { context, entities } of sentFor(permitAll))
      expect({ context, entities }).toEqual({ context: {}, entities: [] });
  });

  test("with the members they read, and the entities that know what they ask of them", () => {
    const kind = policy(
      "kind",
      'forbid (principal, action, resource) when { context.depth > 3 && context.principal.kind == "agent" };',
    );
    for (const call of sentFor(permitAll, kind)) {
      expect(Object.keys(call.context).sort()).toEqual(["depth", "principal"]);
      expect(namesOf(call)).toEqual(["Principal"]);
    }
  });

  test("with those that are reached by way of another", () => {
    const owner = policy(
      "owner",
      'forbid (principal, action == Action::"open", resource) when { resource.servedBy.owner == "x" };',
    );
    const [lend, open, use] = sentFor(permitAll, owner);
    expect([lend, open, use].map((call) => call && namesOf(call))).toEqual([[], ["Agent", "Resource"], []]);
  });

  test("with the tool alone that is asked for, of many", () => {
    const { sent, engine } = watchedEngine();
    const inside = policy("inside", `permit (principal, action, resource in Resource::"${tickets}");`);
    engine.decide(snapshotOf(inside), {
      ...usual,
      grant: { ...usual.grant, scopes: ["tickets:read", "tickets:write"] },
    });
    expect(sent.slice(2).map(({ entities }) => entities.map(({ uid }) => ("id" in uid ? uid.id : "?")))).toEqual([
      ["tickets:read"],
      ["tickets:write"],
    ]);
  });

  test("and to those alone that can apply to its action: actions have no groups in the schema", () => {
    const parsed = cedar.schemaToJson(policySchema);
    if (parsed.type === "failure") throw new Error(parsed.errors[0]?.message);
    for (const action of Object.values(parsed.json[""]?.actions ?? {})) expect(action.memberOf ?? []).toEqual([]);
    const sets = sentFor(
      permitAll,
      policy("use", 'forbid (principal, action == Action::"use", resource) when { false };'),
    );
    expect(sets[0]?.preparsedPolicySetId).toBe(sets[1]?.preparsedPolicySetId);
    expect(sets[2]?.preparsedPolicySetId).not.toBe(sets[0]?.preparsedPolicySetId);
  });
});

describe("an answer is remembered", () => {
  const asks = (policies: readonly PolicyRegistration[], ...questions: readonly PolicyQuestion[]) => {
    const { sent, engine } = watchedEngine();
    const registry = snapshotOf(...policies);
    return questions.map((question) => {
      const before = sent.length;
      engine.decide(registry, question);
      return sent.length - before;
    });
  };
  const later = { ...usual, nowSeconds: usual.nowSeconds + 1 };

  test("until the registry's version changes, whatever the time", () => {
    expect(asks([permitAll], usual, later, usual)).toEqual([3, 0, 0]);
    const { sent, engine } = watchedEngine();
    for (let version = 0; version < 3; version++) engine.decide(snapshotOf(permitAll), usual);
    expect(sent).toHaveLength(9);
  });

  test("not where a policy for that action can see the time", () => {
    const night = policy("night", 'forbid (principal, action == Action::"lend", resource) when { context.now > 99 };');
    expect(asks([permitAll, night], usual, usual, later)).toEqual([3, 1, 1]);
    const whole = policy("whole", "forbid (principal, action, resource) when { [context].isEmpty() };");
    expect(asks([permitAll, whole], usual, usual)).toEqual([3, 3]);
  });

  test("by this engine alone: two deployments in one process tell each other nothing", () => {
    const [one, other] = [watchedEngine(), watchedEngine()];
    const registry = snapshotOf(permitAll);
    one.engine.decide(registry, usual);
    other.engine.decide(registry, usual);
    expect(other.sent).toHaveLength(3);
  });

  test("not when the question was not valid, or the module trapped", () => {
    let calls = 0;
    const engine = createCedarEngine({
      ...cedar,
      statefulIsAuthorized: (call) => {
        calls += 1;
        if (calls === 1) throw new Error("unreachable");
        if (calls === 2) return { type: "failure", errors: [], warnings: [] };
        return cedar.statefulIsAuthorized(call);
      },
    });
    const registry = snapshotOf(permitAll);
    expect([1, 2, 3].map(() => engine.decide(registry, usual).allowed)).toEqual([false, false, true]);
  });

  const answers = { permitted: true, policies: ["all"], broken: [] };
  property.prop([fc.array(fc.string({ maxLength: 60 }), { maxLength: 80 })])(
    "within a number and a size, and never by a long question",
    (questions) => {
      const memory = createAnswerMemory({ answers: 20, bytes: 6_000, questionCharacters: 50 });
      for (const question of questions) {
        memory.put(question, answers);
        expect(memory.size).toBeLessThanOrEqual(20);
        expect(memory.bytes).toBeLessThanOrEqual(6_000);
        expect(memory.get(question) === undefined).toBe(question.length > 50);
      }
    },
  );

  test("as long as it is used: the longest unused is forgotten first", () => {
    const memory = createAnswerMemory({ answers: 2, bytes: 6_000, questionCharacters: 50 });
    for (const question of ["a", "b"]) memory.put(question, answers);
    memory.get("a");
    memory.put("c", answers);
    expect(["a", "b", "c"].map((question) => memory.get(question) !== undefined)).toEqual([true, false, true]);
  });

  test("and cannot be changed by whoever is told it", () => {
    const engine = createCedarEngine(cedar);
    const registry = snapshotOf(permitAll, policy("no", 'forbid (principal, action == Action::"use", resource);'));
    const refused = engine.decide(registry, usual);
    expect(() => (refused.policies as string[]).push("x")).toThrow(TypeError);
    expect(engine.decide(registry, usual)).toEqual(refused);
  });
});
