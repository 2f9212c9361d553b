import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import type {
  DelegationRuleRegistration,
  Registration,
  TrustedIssuerRegistration,
} from "../../../core/model/registry.ts";
import { accessTokenType, idTokenType, offerTokenType, sessionTokenType } from "../../../core/model/wire.ts";
import { delegatorOf, mayDelegate, redefinedGroups } from "../../../core/narrow/delegation.ts";
import { agentId, customers, idp, otherIdp, registry, tickets } from "../../kit/registry.ts";
import type { TestAgent } from "../../kit/world/agents.ts";
import { type Tokens, tokens } from "../../kit/world/tokens.ts";
import { createWorld, type World } from "../../kit/world/world.ts";

const readTickets = { resource: tickets, scope: "tickets:read" };
const readCustomers = { resource: customers, scope: "customers:read" };
const lends = (
  when: DelegationRuleRegistration["when"],
  more: Partial<DelegationRuleRegistration> = {},
): DelegationRuleRegistration => ({
  kind: "lending",
  name: "support-lends",
  issuer: idp,
  when,
  lends: [
    { resource: tickets, scopes: ["tickets:read"] },
    { resource: customers, scopes: ["customers:read"] },
  ],
  ...more,
});
const bySupport = { claim: "groups", equals: "support" };
const people = (more: Partial<TrustedIssuerRegistration> = {}): TrustedIssuerRegistration => ({
  kind: "trusted-issuer",
  name: "people",
  purpose: "person",
  issuer: idp,
  algorithms: ["ES256"],
  groups: { claim: "groups", names: ["support", "contractors"] },
  ...more,
});

let world: World<Tokens>;
let planner: TestAgent;
let researcher: TestAgent;
let tickApi: TestAgent;
let session: string;

async function start(...rows: readonly Registration[]) {
  world = await createWorld(rows, tokens);
  const names = ["planner", "researcher", "ticket-api"];
  [planner, researcher, tickApi] = (await Promise.all(names.map(world.newAgent))) as [TestAgent, TestAgent, TestAgent];
  const opened = await world.exchange(planner, world.idToken("planner-app"), idTokenType, {
    resource: [tickets, customers],
    scope: "tickets:read customers:read",
    requested_token_type: sessionTokenType,
    lifetime_seconds: "600",
  });
  expect(opened.status).toBe(200);
  session = opened.body.access_token;
}

const reason = () => JSON.parse(world.store.records.at(-1)?.body ?? "{}").unmapped.lanyard.denial;
const access = (by = planner, from = session) => world.exchange(by, from, sessionTokenType, readTickets);
const hop = async (token: string) =>
  world.exchange(tickApi, token, accessTokenType, { ...readCustomers, requested_token_type: sessionTokenType });
const renew = (by = planner, from = session) =>
  world.exchange(by, from, sessionTokenType, { requested_token_type: sessionTokenType, lifetime_seconds: "800" });
const offer = (from = session) =>
  world.exchange(planner, from, sessionTokenType, {
    ...readTickets,
    audience: agentId("researcher"),
    requested_token_type: offerTokenType,
  });
const redeem = (handle: string) =>
  world.exchange(researcher, handle, offerTokenType, { requested_token_type: sessionTokenType });

/** Everything that is made of a session whose person lent what it holds. */
const steps = ["access", "hop", "renew", "offer", "redeem"] as const;

describe("threat 33: a lending rule lends to the people it meant when they began", () => {
  beforeEach(() => start(lends(bySupport)));

  /** Every kind of step, with what it needs made before the rule is edited. */
  async function afterwards(edit: () => void): Promise<Record<(typeof steps)[number], number>> {
    const [token, handle] = [(await access()).body.access_token, (await offer()).body.access_token];
    edit();
    const results = [await access(), await hop(token), await renew(), await offer(), await redeem(handle)];
    return Object.fromEntries(steps.map((step, at) => [step, results[at]?.status ?? 0])) as never;
  }
  const all = (status: number) => Object.fromEntries(steps.map((step) => [step, status]));

  test.each([
    ["another value of the claim", lends({ claim: "groups", equals: "admins" })],
    ["another claim", lends({ claim: "roles", equals: "support" })],
    ["people of another issuer", lends(bySupport, { issuer: otherIdp })],
  ])("so that nothing comes of it once it means %s, by any step", async (_, rule) => {
    expect(await afterwards(() => world.publish(2, rule))).toEqual(all(400));
    expect(reason()).toMatchObject({ code: "scope_exceeds", by: "lending" });
  });

  test("and what it lends is what it lends now, wider and narrower", async () => {
    const wider = { resource: tickets, scopes: ["tickets:read", "tickets:write"] };
    const [, more] = lends(bySupport).lends;
    expect(await afterwards(() => world.publish(2, lends(bySupport, { lends: more ? [wider, more] : [] })))).toEqual(
      all(200),
    );
    await start(lends(bySupport));
    expect(await afterwards(() => world.publish(2, lends(bySupport, { lends: [wider] })))).toEqual({
      ...all(200),
      hop: 400,
      renew: 400,
    });
  });

  test("a rule that meant others meanwhile lends again when it has its meaning back", async () => {
    world.publish(2, lends({ claim: "groups", equals: "nobody" }));
    expect((await access()).status).toBe(400);
    world.publish(3, lends(bySupport));
    expect((await access()).status).toBe(200);
  });

  test("children inherit whom it meant, and neither they nor a renewal ever learn the new meaning", async () => {
    const child = (await redeem((await offer()).body.access_token)).body.access_token;
    expect((await renew()).status).toBe(200);
    const rows = [...world.store.sessions.values()];
    expect(rows.length).toBe(2);
    expect(new Set(rows.map((row) => JSON.stringify(row.meanings))).size).toBe(1);
    expect(Object.values(rows[0]?.meanings ?? {})).toEqual([expect.stringMatching(/^[\w-]{22}$/)]);
    world.publish(2, lends({ claim: "groups", equals: "admins" }));
    expect((await renew(researcher, child)).status).toBe(400);
    expect((await access(researcher, child)).status).toBe(400);
    // nor does opening with the new meaning beside it help the old one
    const admin = await world.exchange(planner, world.idToken("planner-app", { groups: ["admins"] }), idTokenType, {
      ...readTickets,
    });
    expect(admin.status).toBe(200);
    expect((await access()).status).toBe(400);
  });

  test("a row without a digest lends nothing further", async () => {
    for (const [key, row] of world.store.sessions) {
      const { meanings: _, ...rest } = row;
      world.store.sessions.set(key, rest);
    }
    expect([(await access()).status, (await renew()).status, (await offer()).status]).toEqual([400, 400, 400]);
    expect(reason()).toMatchObject({ code: "scope_exceeds", by: "lending" });
  });

  test("for any edit, it lends exactly while issuer and condition are those of the login", () => {
    const rule = fc.record({
      issuer: fc.constantFrom(idp, otherIdp),
      claim: fc.constantFrom("groups", "roles"),
      equals: fc.constantFrom("support", "admins"),
      scopes: fc.subarray(["tickets:read", "tickets:write"], { minLength: 1 }),
    });
    const toRule = ({ issuer, claim, equals, scopes }: typeof rule extends fc.Arbitrary<infer T> ? T : never) =>
      lends({ claim, equals }, { issuer, lends: [{ resource: tickets, scopes }] });
    fc.assert(
      fc.property(rule, rule, (first, second) => {
        const claims = { iss: first.issuer, [first.claim]: [first.equals] };
        const person = { id: "p_x", kind: "person" } as const;
        const delegator = delegatorOf(person, claims, registry(1, toRule(first)));
        const { scopes: _a, ...meantThen } = first;
        const { scopes, ...meansNow } = second;
        const same = JSON.stringify(meantThen) === JSON.stringify(meansNow);
        expect(mayDelegate(delegator, registry(2, toRule(second)))).toEqual(
          same ? [{ resource: tickets, scopes }] : [],
        );
      }),
    );
  });
});

describe("threat 33: a group is the one the person was in at login", () => {
  beforeEach(() => start(people()));

  test.each([
    ["told by another claim", people({ groups: { claim: "roles", names: ["support", "contractors"] } })],
    ["of another issuer", people({ issuer: "https://login.elsewhere.example" })],
    ["also of whoever has no claim", people({ groups: { claim: "groups", names: ["support"], absent: "none" } })],
  ])("so that a session is refused once the issuer's groups are %s", async (_, row) => {
    const delegator = { ...(await rowOf()) };
    world.publish(2, row, lends(bySupport, { issuer: row.issuer }));
    expect((await access()).status).toBe(400);
    expect(redefinedGroups(delegator, registry(2, row))).toBe("people");
    if (row.issuer === idp) expect(reason()).toEqual({ code: "groups_redefined", issuerName: "people" });
  });

  test("for whoever was in none as well: to be in none would pass every forbid by group", async () => {
    await start(people({ groups: { claim: "groups", names: ["contractors"] } }));
    expect((await rowOf()).principal.groups).toEqual([]);
    expect((await access()).status).toBe(200);
    world.publish(2, people({ groups: { claim: "roles", names: ["contractors"] } }));
    expect((await access()).status).toBe(400);
    expect(reason()).toEqual({ code: "groups_redefined", issuerName: "people" });
  });

  test("a row that kept no meaning of its groups is refused, one whose issuer declares none any more is not", async () => {
    const { meanings: _, ...bare } = await rowOf();
    expect(redefinedGroups(bare, registry(1, people()))).toBe("people");
    const { groups: _g, ...undeclared } = people();
    expect(redefinedGroups(bare, registry(2, undeclared as TrustedIssuerRegistration))).toBeUndefined();
  });

  test("another list of the same groups, and other keys of the issuer, are no change", async () => {
    const names = ["contractors", "support", "auditors"];
    world.publish(2, people({ groups: { claim: "groups", names }, jwksUri: `${idp}/keys` }));
    expect((await access()).status).toBe(200);
  });

  async function rowOf() {
    const [row] = world.store.sessions.values();
    if (!row) throw new Error("nothing was opened");
    return row;
  }
});
