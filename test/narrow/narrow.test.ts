import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { narrowDetail } from "../../core/details/compare.ts";
import type { AuthorizationDetail, Grant } from "../../core/model/session.ts";
import { delegatorOf, matchingRules, mayDelegate } from "../../core/narrow/delegation.ts";
import { narrowWithin, resolveWanted } from "../../core/narrow/grants.ts";
import { mappedScopes } from "../../core/narrow/scope-mapping.ts";
import { agentId, customers, idp, otherIdp, registry, tickets } from "../kit/registry.ts";

const reg = registry();
const code = (r: { ok: boolean; error?: { code: string } }) => (r.ok ? "ok" : r.error?.code);
const record = (more: object): AuthorizationDetail => ({ type: "customer-record", ...more });
const held = (details: readonly AuthorizationDetail[] = []): readonly Grant[] => [
  { resource: customers, scopes: ["customers:read", "customers:notes"], details },
];
const wantRead = (details: readonly AuthorizationDetail[] = []): readonly Grant[] => [
  { resource: customers, scopes: ["customers:read"], details },
];

describe("what a request names", () => {
  const want = (resources: string[], scopes: string[], details: AuthorizationDetail[] = []) =>
    resolveWanted({ resources, scopes, details }, reg);

  it("sorts scopes and details under the resources they belong to", () => {
    const detail = record({ customers: ["42"] });
    const grants = want([tickets, customers], ["customers:read", "tickets:read"], [detail]);
    expect(grants).toEqual({
      ok: true,
      value: [
        { resource: tickets, scopes: ["tickets:read"], details: [] },
        { resource: customers, scopes: ["customers:read"], details: [detail] },
      ],
    });
  });

  it.each([
    ["names no resource", want([], ["tickets:read"]), "resource_missing"],
    ["names an unknown resource", want(["https://evil.example"], ["tickets:read"]), "resource_unknown"],
    ["names a resource with a trailing slash more", want([`${tickets}/`], ["tickets:read"]), "resource_unknown"],
    ["names no scope", want([tickets], []), "scope_missing"],
    ["names a scope of a resource it does not name", want([tickets], ["customers:read"]), "scope_unknown"],
    ["names a scope nobody declares", want([tickets], ["tickets:read", "tickets:*"]), "scope_unknown"],
    ["names a resource and no scope of it", want([tickets, customers], ["tickets:read"]), "scope_missing"],
    ["sends a detail of an unknown type", want([customers], ["customers:read"], [{ type: "x" }]), "details_invalid"],
    [
      "sends a detail of a resource it does not name",
      want([tickets], ["tickets:read"], [record({ customers: ["1"] })]),
      "details_invalid",
    ],
    [
      "sends a type twice",
      want([customers], ["customers:read"], [record({ customers: ["1"] }), record({ customers: ["2"] })]),
      "details_invalid",
    ],
    ["leaves out a required field", want([customers], ["customers:read"], [record({})]), "details_invalid"],
    [
      "sends an undeclared field",
      want([customers], ["customers:read"], [record({ customers: ["1"], all: true })]),
      "details_invalid",
    ],
    ["sends an empty list", want([customers], ["customers:read"], [record({ customers: [] })]), "details_invalid"],
    ["sends a text for a list", want([customers], ["customers:read"], [record({ customers: "1" })]), "details_invalid"],
    [
      "sends an infinite bound",
      want([customers], ["customers:read"], [record({ customers: ["1"], maxRecords: Number.POSITIVE_INFINITY })]),
      "details_invalid",
    ],
    [
      "sends a path that climbs",
      want([customers], ["customers:read"], [record({ customers: ["1"], path: "/a/../b" })]),
      "details_invalid",
    ],
    [
      "sends an inherited field name",
      want([customers], ["customers:read"], [record({ customers: ["1"], toString: "x" })]),
      "details_invalid",
    ],
  ])("refuses a request that %s", (_, result, expected) => {
    expect(code(result)).toBe(expected);
  });
});

describe("narrowing below what is held", () => {
  it("names every scope that was refused", () => {
    const result = narrowWithin(
      [{ resource: tickets, scopes: ["tickets:read", "tickets:write"], details: [] }],
      { held: held(), by: "parent" },
      reg,
    );
    expect(result).toEqual({
      ok: false,
      error: { code: "scope_exceeds", by: "parent", scopes: ["tickets:read", "tickets:write"] },
    });
  });

  it("threat 7: keeps a constraint that the child leaves out", () => {
    const parent = record({ customers: ["42"] });
    expect(narrowWithin(wantRead(), { held: held([parent]), by: "parent" }, reg)).toEqual({
      ok: true,
      value: wantRead([parent]),
    });
  });

  it("threat 7: keeps a field that the child leaves out of a detail", () => {
    const parent = record({ customers: ["1", "2"], maxRecords: 5 });
    const result = narrowWithin(wantRead([record({ customers: ["1"] })]), { held: held([parent]), by: "parent" }, reg);
    expect(result).toEqual({ ok: true, value: wantRead([record({ customers: ["1"], maxRecords: 5 })]) });
  });

  it.each([
    ["another customer", record({ customers: ["43"] })],
    ["one customer more", record({ customers: ["42", "43"] })],
    ["a higher bound", record({ customers: ["42"], maxRecords: 11 })],
    ["a sibling path", record({ customers: ["42"], path: "/eu/west2" })],
    ["a shorter path", record({ customers: ["42"], path: "/eu" })],
  ])("refuses %s than the parent holds", (_, child) => {
    const parent = record({ customers: ["42"], maxRecords: 10, path: "/eu/west" });
    expect(code(narrowWithin(wantRead([child]), { held: held([parent]), by: "parent" }, reg))).toBe("details_exceed");
  });

  it("takes a path below the parent's, by whole segments", () => {
    const parent = record({ customers: ["42"], path: "/eu/west" });
    const child = record({ customers: ["42"], path: "/eu/west/2" });
    expect(code(narrowWithin(wantRead([child]), { held: held([parent]), by: "parent" }, reg))).toBe("ok");
  });

  it("refuses a type whose row is of the form before rules, instead of comparing nothing", () => {
    const fields = { customers: { rule: "one_of", required: true } };
    const old = { kind: "details-type", name: "customer-record", resource: customers, fields } as never;
    const detail = record({ customers: ["42"] });
    expect(code(narrowWithin(wantRead([detail]), { held: held([detail]), by: "parent" }, registry(1, old)))).toBe(
      "details_invalid",
    );
  });

  it("refuses when the parent's type is no longer registered, rather than dropping its constraint", () => {
    const gone = { type: "withdrawn-type", customers: ["42"] };
    expect(code(narrowWithin(wantRead(), { held: held([gone]), by: "parent" }, reg))).toBe("details_invalid");
  });
});

const customerIds = fc.uniqueArray(fc.constantFrom("1", "2", "3", "4", "5"), { minLength: 1 });
const anyDetail = fc
  .record({
    customers: customerIds,
    maxRecords: fc.option(fc.nat(20)),
    path: fc.option(fc.constantFrom("/a", "/a/b", "/a/b/c", "/ab")),
  })
  .map(({ customers: list, maxRecords, path }) =>
    record({ customers: list, ...(maxRecords === null ? {} : { maxRecords }), ...(path === null ? {} : { path }) }),
  );

/** What a detail allows, by enumeration: an independent meaning to compare the rules with. */
function allows(detail: AuthorizationDetail | undefined, customer: string, records: number, path: string): boolean {
  if (!detail) return true;
  const {
    customers: list,
    maxRecords,
    path: bound,
  } = detail as unknown as { customers: string[]; maxRecords?: number; path?: string };
  const under = bound === undefined || path === bound || path.startsWith(`${bound}/`);
  return list.includes(customer) && (maxRecords === undefined || records <= maxRecords) && under;
}

describe("narrowing as a proof", () => {
  const type = reg.detailsType("customer-record");
  if (!type) throw new Error("the fixture lost its type");

  property.prop([
    anyDetail,
    fc.array(anyDetail, { maxLength: 5 }),
    fc.constantFrom("1", "3", "5"),
    fc.nat(20),
    fc.constantFrom("/a", "/a/b", "/a/b/c", "/ab"),
  ])(
    "no chain of narrowings ever allows what any link before it did not",
    (root, requests, customer, records, path) => {
      let current = root;
      const links = [root];
      for (const request of requests) {
        const next = narrowDetail(current, request, type);
        if (!next.ok) continue;
        current = next.value;
        links.push(current);
      }
      if (allows(current, customer, records, path))
        for (const link of links) expect(allows(link, customer, records, path)).toBe(true);
    },
  );

  property.prop([
    fc.subarray(["customers:read", "customers:notes"]),
    fc.subarray(["customers:read", "customers:notes", "tickets:read"], { minLength: 1 }),
  ])("a grant within another never has a scope the other lacks", (above, wanted) => {
    const result = narrowWithin(
      [{ resource: customers, scopes: wanted, details: [] }],
      { held: [{ resource: customers, scopes: above, details: [] }], by: "parent" },
      reg,
    );
    expect(result.ok).toBe(wanted.every((scope) => above.includes(scope)));
  });
});

describe("the next hop", () => {
  const server = agentId("ticket-api");
  const shown = (details: readonly AuthorizationDetail[] = [], scopes = ["tickets:read"]): Grant => ({
    resource: tickets,
    scopes,
    details,
  });
  const mapped = (presented: Grant, by = server) => mappedScopes({ agentId: by, presented, wanted: wantRead() }, reg);

  it("carries a mapped detail over to the next resource", () => {
    const result = mapped(shown([{ type: "ticket-customer", customers: ["42"] }]));
    expect(result).toEqual({ ok: true, value: wantRead([record({ customers: ["42"] })]) });
  });

  it("threat 7: refuses a detail that no entailment maps", () => {
    expect(code(mapped(shown([{ type: "ticket-queue", queue: ["vip"] }])))).toBe("details_unmapped");
  });

  it("entails nothing for a scope the presented token does not carry", () => {
    expect(mapped(shown([], ["tickets:write"]))).toEqual({ ok: true, value: [] });
  });

  it("entails nothing for another agent that got hold of the token", () => {
    expect(mapped(shown(), agentId("customer-api"))).toEqual({ ok: true, value: [] });
  });

  it("is not transitive: what it entails does not entail further", () => {
    const presented: Grant = { resource: customers, scopes: ["customers:read"], details: [] };
    expect(mapped(presented)).toEqual({ ok: true, value: [] });
  });
});

describe("what a principal may lend", () => {
  const person = { id: "p_x", kind: "person" } as const;
  const names = (issuer: string, claims: object) =>
    matchingRules(issuer, claims as Record<string, unknown>, reg).map((r) => r.name);

  it("threat 2: is nothing until a rule of that very issuer matches", () => {
    expect(names(idp, { groups: ["support"] })).toEqual(["support-lends"]);
    expect(names(idp, { groups: ["sales"] })).toEqual([]);
    expect(names(idp, { groups: "unsupported" })).toEqual([]);
    expect(names(idp, {})).toEqual([]);
    expect(names(otherIdp, { groups: ["support"] })).toEqual([]);
  });

  it("ends with the rule: a withdrawn rule lends nothing any more", () => {
    const delegator = delegatorOf(person, { iss: idp, groups: ["support"] }, reg);
    expect(mayDelegate(delegator, reg).length).toBe(2);
    expect(mayDelegate({ ...delegator, delegationRules: ["withdrawn"] }, reg)).toEqual([]);
  });

  it("is for an agent on its own what its registration lists", () => {
    expect(mayDelegate({ principal: { id: agentId("researcher"), kind: "agent" } }, reg)).toEqual([
      { resource: tickets, scopes: ["tickets:read"] },
    ]);
    expect(
      mayDelegate({ principal: { id: agentId("planner"), kind: "agent" }, delegationRules: ["support-lends"] }, reg),
    ).toEqual([]);
  });
});
