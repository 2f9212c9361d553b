import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import type { AuditEvent } from "../bin/lanyard/audit/events.ts";
import { replay } from "../bin/lanyard/policy/replay.ts";
import { askedColumn } from "../core/audit/columns.ts";
import type { PolicyQuestion } from "../core/model/decision.ts";
import type { Registration } from "../core/model/registry.ts";
import { createSnapshot, type RegistrySnapshot } from "../core/model/snapshot.ts";
import { createCedarEngine } from "../core/policy/cedar.ts";
import { agentId, baseRows, tickets, trustDomain } from "../test/kit/registry.ts";
import { bareName, bareVerification } from "./base.ts";
import { type Contestant, compare, Stock } from "./measure.ts";
import type { Bench, Pace, Row } from "./row.ts";

const section = "policy";
const replayed = 100_000;

const question = (n: number): PolicyQuestion => ({
  action: n % 5 === 0 ? "access" : "open",
  agent: agentId(["planner", "researcher", "triage"][n % 3] ?? "planner"),
  principal: { id: `p_${String(n).padStart(32, "a")}`, kind: "person", groups: [] },
  grant: { resource: tickets, scopes: n % 2 ? ["tickets:read"] : ["tickets:read", "tickets:write"], details: [] },
  depth: n % 4,
  assurance: "fresh",
  evidence: { type: "aws-sts-web-identity", facts: { account: "123456789012", region: "eu-west-1" } },
  nowSeconds: 1_785_542_400 + n,
  asserted: {},
});

const actions = ["lend", "use", "open", "renew", "access", "offer", "redeem", "hop"];

/**
 * One permit of what a person lends, which can tell each from every other, and forbids that look at something a request
 * has: of one action each, or of all of them.
 */
const registryOf = (policies: number, of: "every action" | "one action" = "every action") => {
  const forbids = Array.from({ length: policies - 1 }, (_, n): Registration => {
    const action = of === "every action" ? "action" : `action == Action::"${actions[n % actions.length]}"`;
    const cedar = `forbid (principal, ${action}, resource) when { context.depth > ${20 + n} && context.scopes.contains("s${n}") };`;
    return { kind: "policy", name: `forbid-${n}`, cedar };
  });
  const cedar = 'permit (principal, action, resource) when { context.principal.kind == "person" };';
  const permit: Registration = { kind: "policy", name: "permit", cedar };
  return createSnapshot(1, trustDomain, [...baseRows.filter((row) => row.kind !== "policy"), permit, ...forbids]);
};

async function* recorded(): AsyncGenerator<AuditEvent> {
  for (let n = 0; n < replayed; n++)
    yield {
      time: 1_785_542_400_000 + n,
      metadata: { uid: `e${n}` },
      unmapped: { lanyard: { asked: [askedColumn(question(n))] } },
    };
}

/** As small as a question to Cedar gets: what its parsing and the way into WebAssembly and back take. */
const floorSchema =
  'entity User; entity Thing; action "read" appliesTo { principal: User, resource: Thing, context: {} };';
const floorCall = {
  principal: { type: "User", id: "a" },
  action: { type: "Action", id: "read" },
  resource: { type: "Thing", id: "t" },
  context: {},
  entities: [
    { uid: { type: "User", id: "a" }, attrs: {}, parents: [] },
    { uid: { type: "Thing", id: "t" }, attrs: {}, parents: [] },
  ],
  preparsedPolicySetId: "floor",
  preparsedSchemaName: "floor",
  validateRequest: false,
};

/** Three questions of the smallest kind: a grant of one scope is three, whatever they hold. */
function threeQuestions(): Contestant {
  cedar.preparseSchema("floor", floorSchema);
  cedar.preparsePolicySet("floor", { staticPolicies: { all: "permit (principal, action, resource);" } });
  return {
    run() {
      for (let asked = 0; asked < 3; asked++)
        if (cedar.statefulIsAuthorized(floorCall).type !== "success") throw new Error("the smallest question failed");
    },
  };
}

/** Decisions of an engine that knows its policies; of the same few people, or of another each time. */
function deciding(registry: RegistrySnapshot, people: "others" | "the same" = "others"): Contestant {
  const engine = createCedarEngine(cedar);
  let asked = 0;
  const stock = new Stock(() => question(2 * (people === "others" ? asked++ : asked++ % 50) + 1));
  return {
    prepare: (runs) => stock.fill(runs),
    run() {
      if (!engine.decide(registry, stock.take()).allowed) throw new Error("the benchmark's question was refused");
    },
  };
}

/** Half a millisecond for a usual request and two at 1,000 policies, where a bare verification takes 0.085. */
const goals = { few: 6, many: 24 } as const;

/**
 * What a decision costs by the number of policies: a grant of one scope at another time each, of a person who was never
 * asked about, so that nothing is remembered but in the row that says so.
 */
const decisions: Bench = {
  name: "policy/decision",
  quick: true,
  async measure(pace: Pace): Promise<readonly Row[]> {
    const bare = await bareVerification();
    const contestants = {
      bare,
      floor: threeQuestions(),
      few: deciding(registryOf(10)),
      known: deciding(registryOf(10), "the same"),
      some: deciding(registryOf(100)),
      many: deciding(registryOf(1_000, "one action")),
      unnamed: deciding(registryOf(1_000)),
    };
    const taken = await compare(contestants, pace);
    const row = (name: string, of: Exclude<keyof typeof contestants, "bare">, goal?: number): Row => ({
      section,
      name,
      value: taken[of].cpuMicros / 1000,
      unit: "ms",
      ratio: { of: bareName.ES256, value: taken[of].times("bare") },
      ...(goal === undefined ? {} : { goal }),
    });
    return [
      row("three of Cedar's smallest questions", "floor"),
      row("a decision on one scope, 10 policies", "few", goals.few),
      row("a decision that was made before, 10 policies", "known"),
      row("a decision on one scope, 100 policies", "some"),
      row("a decision on one scope, 1,000 policies of one action each", "many", goals.many),
      row("a decision on one scope, 1,000 policies of every action", "unnamed"),
    ];
  },
};

const plan: Bench = {
  name: "policy/plan",
  async measure(): Promise<readonly Row[]> {
    const started = performance.now();
    const found = await replay({ events: recorded(), registry: registryOf(100) }, createCedarEngine(cedar));
    const seconds = (performance.now() - started) / 1000;
    const name = `plan over ${replayed.toLocaleString("en")} recorded decisions (${found.asked.toLocaleString("en")} distinct), 100 policies`;
    return [{ section, name, value: seconds, unit: "s" }];
  },
};

/** What policies cost. */
export const policyBenches: readonly Bench[] = [decisions, plan];
