import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { describe, expect, test } from "vitest";
import type { Registration } from "../../core/model/registry.ts";
import { idTokenType } from "../../core/model/wire.ts";
import { createCedarEngine } from "../../core/policy/cedar.ts";
import { agent, agentId, customers, idp, otherIdp, tickets } from "../kit/registry.ts";
import { openReading } from "./reading.ts";

const policy = (name: string, text: string, mode?: "log"): Registration => ({
  kind: "policy",
  name,
  cedar: text,
  ...(mode ? { mode } : {}),
});
const lend = policy("lend", 'permit (principal, action == Action::"lend", resource);');
const act = policy("act", "permit (principal is Agent, action, resource is Resource);");
const use = policy("use", 'permit (principal, action == Action::"use", resource);');
const people: Registration = {
  kind: "trusted-issuer",
  name: "people",
  purpose: "person",
  issuer: idp,
  algorithms: ["ES256"],
  groups: { claim: "groups", names: ["support", "interns"] },
};
const noWriting = policy(
  "interns-do-not-write",
  `forbid (principal, action == Action::"use", resource == Tool::"tickets:write")
   when { context.principal in Group::"people/interns" };`,
);

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely by tests
type Row = any;
const rowsOf = async (name: string, ...more: readonly Registration[]) => {
  const reading = await openReading(...more);
  const { status, body } = await reading.get(`/agents/${name}`);
  expect(status).toBe(200);
  const find = (scope: string, who: object): Row =>
    body.can.find((row: Row) => row.scope === scope && JSON.stringify(row.for) === JSON.stringify(who));
  return { reading, body, find };
};
const person = (group?: string) => ({ kind: "person", rule: "support-lends", ...(group ? { group } : {}) });

describe("what an agent can do", () => {
  test("nothing without a policy, whatever is registered and lent, and it says what is missing", async () => {
    const { find, body } = await rowsOf("planner", people);
    expect(find("tickets:read", person()).actions.open).toEqual({
      allowed: false,
      policies: [],
      why: "no policy permits the principal",
    });
    expect(body.can.every((row: Row) => Object.values(row.actions).every((v: Row) => !v.allowed))).toBe(true);
  });

  test("with the policies that say so, group by group", async () => {
    const { find } = await rowsOf("planner", people, lend, act, use, noWriting);
    expect(find("tickets:write", person()).actions.open).toEqual({ allowed: true, policies: ["act", "lend", "use"] });
    expect(find("tickets:write", person("people/support")).actions.open.allowed).toBe(true);
    expect(find("tickets:write", person("people/interns")).actions.open).toEqual({
      allowed: false,
      policies: ["interns-do-not-write"],
      why: "the use of tickets:write is forbidden by interns-do-not-write",
    });
    expect(find("tickets:read", person("people/interns")).actions.open.allowed).toBe(true);
  });

  test("a scope that nobody lends is told apart from one that policy refuses", async () => {
    const { body } = await rowsOf("planner", lend, act, use);
    expect(body.lentByNobody).toEqual([{ resource: customers, scope: "customers:notes" }]);
  });

  test("it opens nothing for people whose client it is not, and may still be handed their work", async () => {
    const { find } = await rowsOf("researcher", lend, act, use);
    const row = find("tickets:read", person());
    expect(row.actions.open).toBeUndefined();
    expect(row.actions.redeem.allowed).toBe(true);
    expect(find("tickets:read", { kind: "itself" }).actions.open.allowed).toBe(true);
  });

  test("another agent's own work can be handed to it, nothing else of that agent", async () => {
    const { find } = await rowsOf("planner", lend, act, use);
    const row = find("tickets:read", { kind: "agent", agent: "researcher" });
    expect(Object.keys(row.actions)).not.toContain("open");
    expect(row.actions.redeem.allowed).toBe(true);
    expect(find("tickets:write", { kind: "agent", agent: "researcher" })).toBeUndefined();
  });

  test("the next hop is told only where an entailment leads there", async () => {
    const api = await rowsOf("ticket-api", lend, act, use);
    expect(api.find("customers:read", person()).actions.hop.allowed).toBe(true);
    const planner = await rowsOf("planner", lend, act, use);
    expect(planner.find("customers:read", person()).actions.hop).toBeUndefined();
  });

  test("an offer is told by whom it may go to, not as if it went nowhere", async () => {
    const only = policy(
      "offers-to-triage",
      'permit (principal is Agent, action == Action::"offer", resource is Resource) when { context has to && context.to == Agent::"triage" };',
    );
    const { find } = await rowsOf("planner", lend, use, only);
    expect(find("tickets:read", person()).actions.offer).toMatchObject({
      allowed: true,
      policies: expect.arrayContaining(["offers-to-triage"]),
    });
    // the researcher is not registered for writing, the triage is
    expect(find("tickets:write", person()).actions.offer.allowed).toBe(true);
    const { find: none } = await rowsOf("planner", lend, use, only, agent("triage"));
    expect(none("tickets:read", person()).actions.offer.allowed).toBe(false);
  });

  test("an agent in log-only mode is shown as allowed and refused by policy at once", async () => {
    const { find } = await rowsOf("planner", {
      ...agent("planner", {
        clients: [{ issuer: idp, clientId: "planner-app" }],
        may: [{ resource: tickets, scopes: ["tickets:read"] }],
        policyMode: "log",
      }),
    });
    expect(find("tickets:read", person()).actions.open).toMatchObject({
      allowed: true,
      logged: true,
      why: expect.stringContaining("no policy"),
    });
  });

  test("details that a grant must carry are told, and policies see them", async () => {
    const { body } = await rowsOf(
      "planner",
      agent("planner", { may: [{ resource: tickets, scopes: ["tickets:read"] }], requiresDetails: true }),
      lend,
      act,
      policy(
        "use",
        'permit (principal, action == Action::"use", resource) when { context.detailTypes.contains("ticket-customer") };',
      ),
    );
    expect(body.can[0].needsDetails).toEqual(["ticket-customer"]);
    expect(body.can[0].actions.redeem.allowed).toBe(true);
  });

  test("a thousand groups do not make it run for ever: it stops and says so", async () => {
    const many: Registration = {
      ...people,
      groups: { claim: "groups", names: Array.from({ length: 2_000 }, (_, n) => `g${n}`) },
    };
    const { body } = await rowsOf("planner", many, lend, act, use);
    expect(body.cut).toBe(true);
  });

  test("an issuer of people that is trusted for something else lends nothing", async () => {
    const { body } = await rowsOf("triage", {
      kind: "trusted-issuer",
      name: "people",
      purpose: "workload",
      issuer: idp,
      algorithms: ["ES256"],
    });
    expect(body.can.filter((row: Row) => row.for.kind === "person")).toEqual([]);
    expect(otherIdp).not.toBe(idp);
  });
});

describe("what is told is what happens", () => {
  const cases = ["tickets:read", "tickets:write", "customers:read"].flatMap((scope) =>
    [["support"], ["support", "interns"]].map((groups) => [scope, groups] as const),
  );
  test.each(cases)("%s for somebody in %j", async (scope, groups) => {
    const rows = [people, lend, act, use, noWriting] as const;
    const { reading, find } = await rowsOf("planner", ...rows);
    reading.world.policy.engine = createCedarEngine(cedar);
    const told = find(scope, person(groups.includes("interns") ? "people/interns" : "people/support")).actions.open
      .allowed;
    const token = reading.world.idToken("planner-app", { groups });
    const resource = scope.startsWith("tickets") ? tickets : customers;
    const { status } = await reading.world.exchange(reading.of("planner"), token, idTokenType, { resource, scope });
    expect(status === 200).toBe(told);
  });

  test("and what is not told does not happen: a scope nobody lends is refused with every policy permitting", async () => {
    const { reading } = await rowsOf("planner", people, lend, act, use);
    reading.world.policy.engine = createCedarEngine(cedar);
    const { status, body } = await reading.world.exchange(
      reading.of("planner"),
      reading.world.idToken("planner-app"),
      idTokenType,
      { resource: customers, scope: "customers:notes" },
    );
    expect([status, body.error]).toEqual([400, "invalid_scope"]);
    expect(agentId("planner")).toContain("planner");
  });
});
