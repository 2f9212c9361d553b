import fc from "fast-check";
import { type AgentName, agentNames, type Build, builds, type Person, persons, type Scope, scopes } from "./state.ts";

/** Who asks: by `0` whoever has the right to, else any agent. Wrong askers are the attacks of a program. */
export type Asker = AgentName | "rightful";

/** One request. `pick` chooses among what exists when it runs, newest first, so that every program means something. */
export type Request =
  | { readonly kind: "attest"; readonly agent: AgentName }
  | {
      readonly kind: "open";
      readonly agent: AgentName;
      readonly login: number | undefined;
      readonly scopes: readonly Scope[];
      readonly lifeSeconds: number | undefined;
      readonly maxUses: number | undefined;
    }
  | {
      readonly kind: "access";
      readonly token: number;
      readonly by: Asker;
      readonly other: boolean;
      readonly maxUses: number | undefined;
    }
  | { readonly kind: "renew"; readonly token: number; readonly by: Asker; readonly lifeSeconds: number }
  | {
      readonly kind: "offer";
      readonly token: number;
      readonly by: Asker;
      readonly to: AgentName;
      readonly scope: Scope | "held";
      readonly maxUses: number | undefined;
    }
  | { readonly kind: "redeem"; readonly offer: number; readonly by: Asker }
  | { readonly kind: "hop"; readonly token: number; readonly by: Asker; readonly scope: "fitting" | "customers:notes" }
  | { readonly kind: "introspect"; readonly token: number; readonly by: Asker }
  | { readonly kind: "end"; readonly token: number; readonly by: Asker }
  | { readonly kind: "end-below"; readonly token: number; readonly session: number; readonly by: Asker }
  | { readonly kind: "withdraw"; readonly offer: number; readonly by: Asker }
  | { readonly kind: "revoke-session"; readonly session: number }
  | { readonly kind: "revoke"; readonly subject: Subject; readonly cutOnly: boolean }
  | { readonly kind: "lift"; readonly subject: Subject }
  | { readonly kind: "lift-session"; readonly session: number };

/** How a reading of liveness fails: keys stay unread, or the table is not there. */
export type Unread = "incomplete" | "throws";

/** Whom an operator cuts. */
export type Subject =
  | { readonly agent: AgentName }
  | { readonly principal: Person | AgentName }
  | { readonly build: Build }
  | { readonly deployment: true };

/** One step of a program: a request, two at one instant, or something that happens around them. */
export type Command =
  | Request
  | { readonly kind: "together"; readonly both: readonly [Request, Request] }
  /** Something is asked for, and liveness cannot be read again before it is released. */
  | { readonly kind: "unread"; readonly how: Unread; readonly request: Request }
  /** The same again and again within one second. */
  | { readonly kind: "again"; readonly times: number; readonly request: Request }
  /** One session is offered to an agent many times, and each offer is redeemed. */
  | { readonly kind: "fan"; readonly token: number; readonly to: AgentName; readonly times: number }
  | {
      readonly kind: "login";
      readonly person: Person;
      readonly agent: "planner" | "triage";
      /** A sign-in of now, or the same one as the `pick`th newest token's: refreshed. */
      readonly refresh: number | undefined;
      readonly names: "both" | "time" | "device" | "none";
      readonly device: number;
    }
  | { readonly kind: "wait"; readonly seconds: number }
  | { readonly kind: "deploy"; readonly agent: "planner" | "researcher"; readonly build: Build }
  | { readonly kind: "suspend"; readonly agent: AgentName }
  | { readonly kind: "reactivate"; readonly agent: AgentName };

const agent = fc.constantFrom(...agentNames);
const pick = fc.nat(7);
const by = fc.oneof({ weight: 6, arbitrary: fc.constant("rightful" as const) }, { weight: 1, arbitrary: agent });
const subject: fc.Arbitrary<Subject> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ agent }) },
  { weight: 6, arbitrary: fc.record({ principal: fc.constantFrom(...persons, "researcher" as const) }) },
  { weight: 4, arbitrary: fc.record({ build: fc.constantFrom(...builds) }) },
  { weight: 1, arbitrary: fc.constant({ deployment: true as const }) },
);

const kind = <K extends string>(name: K) => fc.constant(name);
/** Mostly not bounded. */
const maxUses = fc.oneof(
  { weight: 4, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constantFrom(1, 2, 5) },
);
const lifeSeconds = fc.option(fc.constantFrom(30, 200, 900, 5000), { nil: undefined, freq: 3 });
/** Sessions that are mostly granted, some on an agent's own, and whatever anyone might try. */
const opening: fc.Arbitrary<Request> = fc.oneof(
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
);

const issuing: fc.Arbitrary<Request> = fc.oneof(
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
      scope: fc.constantFrom("fitting", "fitting", "fitting", "customers:notes"),
    }),
  },
);

const ending: fc.Arbitrary<Request> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: kind("end"), token: pick, by }) },
  { weight: 2, arbitrary: fc.record({ kind: kind("end-below"), token: pick, session: pick, by }) },
  { weight: 3, arbitrary: fc.record({ kind: kind("withdraw"), offer: pick, by }) },
  { weight: 2, arbitrary: fc.record({ kind: kind("revoke-session"), session: pick }) },
  { weight: 2, arbitrary: fc.record({ kind: kind("revoke"), subject, cutOnly: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: kind("lift"), subject }) },
  { weight: 2, arbitrary: fc.record({ kind: kind("lift-session"), session: pick }) },
);

const request = fc.oneof(
  { weight: 14, arbitrary: issuing },
  { weight: 3, arbitrary: fc.record({ kind: kind("introspect"), token: pick, by }) },
  { weight: 3, arbitrary: ending },
);

/** What one agent sends again and again, most of it not to be refused for anything but that. */
const rightful = kind("rightful");
const crowded: fc.Arbitrary<Request> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: kind("end"), token: pick, by: rightful }) },
  { weight: 1, arbitrary: fc.record({ kind: kind("withdraw"), offer: pick, by: rightful }) },
  { weight: 2, arbitrary: request },
);

/** What comes in crowds, and what falls between a store that works and one that does not. */
const unusual: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: kind("unread"),
      how: fc.constantFrom<Unread>("incomplete", "throws"),
      request: issuing,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: kind("again"), times: fc.constantFrom(18, 24), request: crowded }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: kind("fan"), token: pick, to: agent, times: fc.integer({ min: 2, max: 7 }) }),
  },
);

const around: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record({
      kind: kind("login"),
      person: fc.constantFrom(...persons),
      agent: fc.constantFrom("planner" as const, "triage" as const),
      refresh: fc.option(fc.nat(3), { nil: undefined, freq: 2 }),
      names: fc.constantFrom<"both" | "time" | "device" | "none">("both", "both", "time", "device", "none", "none"),
      device: fc.nat(2),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: kind("wait"), seconds: fc.constantFrom(1, 61, 125, 299, 300, 700) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: kind("deploy"),
      agent: fc.constantFrom("planner" as const, "researcher" as const),
      build: fc.constantFrom(...builds),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: kind("suspend"), agent }) },
  { weight: 1, arbitrary: fc.record({ kind: kind("reactivate"), agent }) },
);

/** Any program. It starts with everyone attested and two people logged in, or most of it would be refusals. */
export const program: fc.Arbitrary<readonly Command[]> = fc.noBias(
  fc.array(
    fc.oneof(
      { weight: 8, arbitrary: request as fc.Arbitrary<Command> },
      { weight: 2, arbitrary: around },
      { weight: 1, arbitrary: unusual },
      { weight: 2, arbitrary: fc.record({ kind: kind("together"), both: fc.tuple(request, request) }) },
    ),
    { minLength: 15, maxLength: 60, size: "max" },
  ),
);
