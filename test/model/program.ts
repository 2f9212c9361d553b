import fc from "fast-check";
import type { Command, Request, Unread, Vote } from "./command.ts";
import { agent, claim, cost, elevated, kind, maxUses, pick, vote } from "./picks.ts";
import { ending, issuing, opening, request } from "./requests.ts";
import { type AgentName, approvers, builds, type Person, type Published, type Scope } from "./state.ts";

/** What one agent sends again and again, most of it not to be refused for anything but that. */
const rightful = kind("rightful");
const crowded: fc.Arbitrary<Request> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: kind("end"), token: pick, by: rightful }) },
  { weight: 1, arbitrary: fc.record({ kind: kind("withdraw"), offer: pick, by: rightful }) },
  { weight: 2, arbitrary: request },
);

const apply = fc.record({
  kind: kind("apply"),
  change: fc.oneof<fc.Arbitrary<(Command & { kind: "apply" })["change"]>[]>(
    fc.record({ policy: fc.constantFrom<Published["policy"]>("two", "reworded", "one", "none", "everything") }),
    fc.record({ policy: fc.constantFrom<Published["policy"]>("reworded", "everything") }),
    fc.record({ releaseSeconds: fc.constantFrom(300, 200) }),
    fc.record({ approver: fc.constantFrom(...approvers) }),
    fc.record({ byToken: fc.boolean() }),
    fc.record({ sends: fc.constantFrom(1, 5) }),
    fc.record({ disowned: fc.boolean() }),
  ),
});

const deploy = fc.record({
  kind: kind("deploy"),
  agent: fc.constantFrom("planner" as const, "researcher" as const),
  build: fc.constantFrom(...builds),
});

/** What the newest token is used for. */
const usingNewest: fc.Arbitrary<Request> = fc.oneof<fc.Arbitrary<Request>[]>(
  fc.record({ kind: kind("renew"), token: fc.constant(0), by: rightful, lifeSeconds: fc.constantFrom(400, 880) }),
  fc.record({ kind: kind("offer"), token: fc.constant(0), by: rightful, to: agent, scope: kind("held"), maxUses }),
  fc.record({ kind: kind("access"), token: fc.constant(0), by: rightful, other: fc.boolean(), maxUses }),
  fc.record({ kind: kind("introspect"), token: fc.constant(0), by: rightful, cost }),
);

/** What may come between an approval and its use. */
const between: fc.Arbitrary<Command> = fc.oneof<fc.MaybeWeightedArbitrary<Command>[]>(
  { weight: 6, arbitrary: apply },
  {
    weight: 2,
    arbitrary: fc.record({ kind: kind("wait"), seconds: fc.constantFrom(4, 5, 61, 299, 700, 900) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: kind("revoke"),
      subject: fc.record({ principal: fc.constantFrom(...approvers) }),
      cutOnly: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: ending },
  { weight: 1, arbitrary: fc.record({ kind: kind("suspend"), agent }) },
  { weight: 1, arbitrary: claim },
  { weight: 1, arbitrary: deploy },
);

/** What waits, decided by people who mostly may. */
const elevating: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: kind("elevate"),
      ask: fc.option(fc.oneof(elevated, elevated, request), { nil: undefined, freq: 5 }),
      votes: fc.shuffledSubarray([...approvers], { minLength: 1 }).chain((people) =>
        fc.tuple(
          ...people.map((person) =>
            vote.map(
              (one): Vote => ({
                ...one,
                approval: 0,
                person,
                verdict: one.approval === 7 && one.verdict === "refuse" ? "refuse" : "approve",
              }),
            ),
          ),
        ),
      ),
      waitSeconds: fc.constantFrom(0, 4, 5, 6, 30),
      between: fc.option(between, { nil: undefined, freq: 2 }),
      claim: claim.map((one) => ({ ...one, approval: one.approval % 2 })),
      afterwards: fc.option(usingNewest, { nil: undefined, freq: 2 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: kind("pile"),
      login: fc.nat(3),
      asks: fc.nat(7),
      refusals: fc.constantFrom(0, 0, 1, 2, 3, 4),
    }),
  },
);

/** What an agent tries while it is quarantined. */
const tried = (agent: AgentName): fc.Arbitrary<Command> =>
  fc.oneof<fc.MaybeWeightedArbitrary<Command>[]>(
    {
      weight: 4,
      arbitrary: fc.record({
        kind: kind("open"),
        agent: fc.constant(agent),
        login: agent === "planner" || agent === "triage" ? fc.nat(6) : fc.constant(undefined),
        scopes: fc.constantFrom<readonly Scope[]>(
          ["tickets:read"],
          ["releases:stage"],
          ["tickets:read", "releases:stage"],
          ["tickets:write"],
        ),
        lifeSeconds: fc.constantFrom(undefined, undefined, 600, 900),
        maxUses: fc.constant(undefined),
      }),
    },
    { weight: 3, arbitrary: usingNewest },
    { weight: 1, arbitrary: elevating },
    { weight: 2, arbitrary: request },
  );

const isolating: fc.Arbitrary<Command> = agent.chain((one) =>
  fc.record({
    kind: kind("isolate"),
    agent: fc.constant(one),
    meanwhile: fc.array(tried(one), { minLength: 1, maxLength: 4 }),
    release: fc.oneof({ weight: 5, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
    afterwards: fc.array(usingNewest, { maxLength: 2 }),
  }),
);

/** What is spent, mostly until a budget is. */
const spending: fc.Arbitrary<Command> = fc.record({
  kind: kind("spree"),
  open: fc.record({
    kind: kind("open"),
    agent: fc.constant<AgentName>("planner"),
    login: fc.nat(5),
    scopes: fc.constant<readonly Scope[]>(["payments:send"]),
    lifeSeconds: fc.constant(undefined),
    maxUses: fc.constantFrom(undefined, undefined, undefined, 2),
    budgeted: fc.boolean(),
  }),
  costs: fc.array(fc.option(cost, { nil: undefined, freq: 8 }), { minLength: 1, maxLength: 7 }),
  settled: fc.option(cost, { nil: undefined, freq: 3 }),
  waitSeconds: fc.constantFrom(0, 0, 0, 700, 3_600),
  more: fc.array(cost, { maxLength: 4 }),
});

const owner = fc.record({ principal: fc.constantFrom<Person>("ada", "bob") });
const lapsing: fc.Arbitrary<Command> = fc.record({
  kind: kind("lapse"),
  agent: fc.constantFrom("researcher" as const, "triage" as const),
  person: fc.constantFrom<Person>("ada", "bob"),
  waitSeconds: fc.constantFrom(100, 21_700, 86_310, 86_350, 86_400),
  meanwhile: fc.array(
    fc.oneof<fc.Arbitrary<Request>[]>(
      usingNewest,
      fc.record({ kind: kind("confirm"), person: fc.constantFrom(...approvers) }),
      fc.record({ kind: kind("revoke"), subject: owner, cutOnly: fc.boolean() }),
      fc.record({ kind: kind("lift"), subject: owner }),
      opening,
      request,
    ),
    { maxLength: 4 },
  ),
});

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
      person: fc.constantFrom<Person>("ada", "bob"),
      agent: fc.constantFrom("planner" as const, "triage" as const),
      refresh: fc.option(fc.nat(3), { nil: undefined, freq: 2 }),
      names: fc.constantFrom<"both" | "time" | "device" | "none">("both", "both", "time", "device", "none", "none"),
      device: fc.nat(2),
      lifeSeconds: fc.constantFrom(3600, 3600, 500),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: kind("wait"), seconds: fc.constantFrom(1, 61, 125, 299, 300, 700) }) },
  { weight: 1, arbitrary: deploy },
  { weight: 1, arbitrary: fc.record({ kind: kind("suspend"), agent }) },
  { weight: 1, arbitrary: fc.record({ kind: kind("reactivate"), agent }) },
  { weight: 1, arbitrary: apply },
);

/** Any program. It starts with everyone attested and two people logged in, or most of it would be refusals. */
export const program: fc.Arbitrary<readonly Command[]> = fc.noBias(
  fc.array(
    fc.oneof(
      { weight: 8, arbitrary: request as fc.Arbitrary<Command> },
      { weight: 2, arbitrary: around },
      { weight: 1, arbitrary: unusual },
      { weight: 2, arbitrary: elevating },
      { weight: 1, arbitrary: isolating },
      { weight: 1, arbitrary: spending },
      { weight: 1, arbitrary: lapsing },
      { weight: 2, arbitrary: fc.record({ kind: kind("together"), both: fc.tuple(request, request) }) },
    ),
    { minLength: 12, maxLength: 40, size: "max" },
  ),
);
