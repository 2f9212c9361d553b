import fc from "fast-check";
import type { Request, Subject, Vote } from "./command.ts";
import type { Cost } from "./spending.ts";
import { type AgentName, agentNames, approvers, builds, type Scope } from "./state.ts";

/** What requests are made of. */

export const agent = fc.constantFrom(...agentNames);
export const pick = fc.nat(7);
export const by = fc.oneof({ weight: 6, arbitrary: fc.constant("rightful" as const) }, { weight: 1, arbitrary: agent });
export const subject: fc.Arbitrary<Subject> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ agent }) },
  { weight: 6, arbitrary: fc.record({ principal: fc.constantFrom(...approvers, "researcher" as const) }) },
  { weight: 4, arbitrary: fc.record({ build: fc.constantFrom(...builds) }) },
  { weight: 1, arbitrary: fc.constant({ deployment: true as const }) },
);

export const kind = <K extends string>(name: K) => fc.constant(name);
/** Mostly not bounded. */
export const maxUses = fc.oneof(
  { weight: 4, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constantFrom(1, 2, 5) },
);
/** What a call may cost, in the currency that budgets count, mostly. */
export const cost: fc.Arbitrary<Cost> = fc.oneof(
  { weight: 9, arbitrary: fc.record({ amount: fc.constantFrom(0, 10, 120, 290, 600), currency: kind("EUR") }) },
  { weight: 1, arbitrary: fc.record({ amount: fc.constant(10), currency: kind("USD") }) },
);
export const lifeSeconds = fc.option(fc.constantFrom(30, 200, 900, 5000), { nil: undefined, freq: 3 });
/** Sessions that people must approve. */
export const elevated: fc.Arbitrary<Request> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: kind("open"),
      agent: fc.constantFrom<AgentName>("planner", "planner", "triage"),
      login: fc.nat(6),
      scopes: fc.constantFrom<readonly Scope[]>(
        ["releases:push"],
        ["releases:stage"],
        ["releases:push", "releases:stage"],
        ["tickets:write", "releases:push"],
      ),
      lifeSeconds,
      maxUses: fc.constant(undefined),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: kind("open"),
      agent: fc.constant<AgentName>("researcher"),
      login: fc.constant(undefined),
      scopes: fc.constant<readonly Scope[]>(["releases:stage"]),
      lifeSeconds,
      maxUses: fc.constant(undefined),
    }),
  },
);

export const claim = fc.record({
  kind: kind("claim"),
  approval: pick,
  by,
  stolen: fc.oneof({ weight: 19, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});
export const vote = fc.record({
  kind: kind("vote"),
  approval: pick,
  person: fc.constantFrom(...approvers),
  way: fc.oneof(
    { weight: 10, arbitrary: fc.constantFrom<Vote["way"]>("iam", "token") },
    { weight: 1, arbitrary: kind("old") },
  ),
  verdict: fc.constantFrom("approve" as const, "approve" as const, "approve" as const, "refuse" as const),
  shown: fc.oneof({ weight: 19, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
});
