import fc from "fast-check";
import type { Request } from "./command.ts";
import { agent, by, claim, cost, elevated, kind, lifeSeconds, maxUses, pick, subject, vote } from "./picks.ts";
import { type AgentName, approvers, type Scope, scopes } from "./state.ts";

/** Sessions that are mostly granted, some on an agent's own, and whatever anyone might try. */
export const opening: fc.Arbitrary<Request> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: kind("open"),
      agent: fc.constantFrom<AgentName>("planner", "planner", "triage"),
      login: fc.nat(6),
      scopes: fc.constantFrom<readonly Scope[]>(
        ["tickets:read"],
        ["tickets:read", "customers:read"],
        ["tickets:write"],
        ["tickets:read", "tickets:write"],
      ),
      lifeSeconds,
      maxUses: fc.constant(undefined),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: kind("open"),
      agent: fc.constant<AgentName>("researcher"),
      login: fc.constant(undefined),
      scopes: fc.constant<readonly Scope[]>(["tickets:read"]),
      lifeSeconds,
      maxUses: fc.constant(undefined),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: kind("open"),
      agent: fc.constant<AgentName>("planner"),
      login: fc.nat(6),
      scopes: fc.constant<readonly Scope[]>(["payments:send"]),
      lifeSeconds,
      maxUses: fc.option(fc.constantFrom(1, 2, 3), { nil: undefined, freq: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: kind("open"),
      agent,
      login: fc.option(pick, { nil: undefined, freq: 3 }),
      scopes: fc.uniqueArray(fc.constantFrom(...scopes), { minLength: 1 }),
      lifeSeconds,
      maxUses: fc.constant(undefined),
    }),
  },
  { weight: 3, arbitrary: elevated },
);

export const issuing: fc.Arbitrary<Request> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: kind("attest"), agent }) },
  { weight: 5, arbitrary: opening },
  { weight: 4, arbitrary: fc.record({ kind: kind("access"), token: pick, by, other: fc.boolean(), maxUses }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: kind("offer"),
      token: pick,
      by,
      to: agent,
      scope: fc.oneof({ weight: 3, arbitrary: kind("held") }, { weight: 1, arbitrary: fc.constantFrom(...scopes) }),
      maxUses,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: kind("renew"), token: pick, by, lifeSeconds: fc.constantFrom(60, 400, 880, 1500) }),
  },
  { weight: 5, arbitrary: fc.record({ kind: kind("redeem"), offer: pick, by }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: kind("hop"),
      token: pick,
      by,
      scope: fc.constantFrom<"fitting" | Scope>("fitting", "fitting", "fitting", "customers:notes", "releases:stage"),
    }),
  },
  { weight: 3, arbitrary: claim },
);

const introspect = fc.record({
  kind: kind("introspect"),
  token: pick,
  by,
  cost: fc.option(cost, { nil: undefined, freq: 4 }),
});

export const ending: fc.Arbitrary<Request> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: kind("end"), token: pick, by }) },
  { weight: 2, arbitrary: fc.record({ kind: kind("end-below"), token: pick, session: pick, by }) },
  { weight: 3, arbitrary: fc.record({ kind: kind("withdraw"), offer: pick, by }) },
  { weight: 2, arbitrary: fc.record({ kind: kind("revoke-session"), session: pick }) },
  { weight: 2, arbitrary: fc.record({ kind: kind("revoke"), subject, cutOnly: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: kind("lift"), subject }) },
  { weight: 2, arbitrary: fc.record({ kind: kind("lift-session"), session: pick }) },
  { weight: 1, arbitrary: fc.record({ kind: kind("quarantine"), agent }) },
  { weight: 2, arbitrary: fc.record({ kind: kind("release"), agent }) },
  { weight: 1, arbitrary: fc.record({ kind: kind("confirm"), person: fc.constantFrom(...approvers) }) },
);

export const request = fc.oneof(
  { weight: 14, arbitrary: issuing },
  { weight: 3, arbitrary: introspect },
  { weight: 1, arbitrary: fc.record({ kind: kind("settle"), report: pick, by, cost }) },
  { weight: 3, arbitrary: ending },
  { weight: 2, arbitrary: vote },
);
