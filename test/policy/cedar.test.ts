import { readFileSync } from "node:fs";
import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { readRegistryFolder } from "../../bin/lanyard/registry/folder.ts";
import { assuranceLevels } from "../../core/model/assurance.ts";
import type { PolicyQuestion } from "../../core/model/decision.ts";
import type { PolicyRegistration } from "../../core/model/registry.ts";
import { createSnapshot } from "../../core/model/snapshot.ts";
import type { CedarModule } from "../../core/policy/ask.ts";
import { createCedarEngine } from "../../core/policy/cedar.ts";
import { policySchema } from "../../core/policy/schema.ts";
import { validateRegistry } from "../../core/registry/validate.ts";
import { supportDesk, variables } from "../kit/example.ts";
import { agentId, baseRows, tickets, trustDomain } from "../kit/registry.ts";

const engine = createCedarEngine(cedar);
const policy = (name: string, text: string): PolicyRegistration => ({ kind: "policy", name, cedar: text });
const snapshotOf = (...policies: readonly PolicyRegistration[]) =>
  createSnapshot(1, trustDomain, [...baseRows.filter((r) => r.kind !== "policy"), ...policies]);
const permitAll = policy("permit-all", "permit (principal, action, resource);");

const lendAll = policy("lend-all", 'permit (principal, action == Action::"lend", resource);');
const useAll = policy("use-all", 'permit (principal, action == Action::"use", resource);');

const question = (more: Partial<PolicyQuestion> = {}): PolicyQuestion => ({
  action: "open",
  agent: agentId("planner"),
  principal: { id: "p_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", kind: "person", groups: ["people/support"] },
  grant: { resource: tickets, scopes: ["tickets:read"], details: [] },
  depth: 0,
  assurance: "fresh",
  evidence: { type: "aws-sts-web-identity", facts: {} },
  nowSeconds: 1_785_542_400,
  asserted: {},
  ...more,
});

describe("the engine", () => {
  test("permits when a policy permits, and names it", () => {
    expect(engine.decide(snapshotOf(permitAll), question())).toEqual({ allowed: true, policies: ["permit-all"] });
  });

  test("denies when no policy speaks", () => {
    expect(engine.decide(snapshotOf(), question())).toMatchObject({ allowed: false, policies: [] });
  });

  test("lets a forbid win over every permit, and names the forbid", () => {
    const forbid = policy(
      "no-writing",
      'forbid (principal, action, resource) when { context.scopes.contains("tickets:write") };',
    );
    const registry = snapshotOf(permitAll, forbid);
    const writing = question({ grant: { resource: tickets, scopes: ["tickets:read", "tickets:write"], details: [] } });
    expect(engine.decide(registry, writing)).toMatchObject({ allowed: false, policies: ["no-writing"] });
    expect(engine.decide(registry, question())).toMatchObject({ allowed: true });
  });

  test("denies when a policy cannot be evaluated, though Cedar would skip it and permit", () => {
    const broken = policy(
      "broken",
      "forbid (principal, action, resource) when { 9223372036854775807 + context.depth > 0 };",
    );
    expect(engine.decide(snapshotOf(permitAll, broken), question({ depth: 1 }))).toMatchObject({
      allowed: false,
      policies: ["broken"],
    });
  });

  test("denies everything when one stored policy does not parse", () => {
    const registry = snapshotOf(permitAll, policy("torn", "permit (principal"));
    expect(engine.decide(registry, question())).toMatchObject({ allowed: false, why: expect.stringContaining("read") });
  });

  test.each([
    ["an agent nobody registered", { agent: agentId("ghost") }],
    ["an agent of another trust domain with the same name", { agent: "spiffe://elsewhere.example/agent/planner" }],
    ["a resource nobody registered", { grant: { resource: "https://else.example", scopes: ["a"], details: [] } }],
    ["an offer to an agent nobody registered", { action: "offer", to: agentId("ghost") } as const],
    ["a depth that is no number Cedar knows", { depth: 0.5 }],
    ["an asserted life that is no whole number", { asserted: { lifetimeSeconds: 1e30 } }],
  ])("denies a question about %s", (_, more) => {
    expect(engine.decide(snapshotOf(permitAll), question(more))).toMatchObject({ allowed: false });
  });

  test("denies when the wasm module traps", () => {
    const trapping: CedarModule = {
      ...cedar,
      statefulIsAuthorized: () => {
        throw new Error("unreachable");
      },
    };
    expect(createCedarEngine(trapping).decide(snapshotOf(permitAll), question())).toMatchObject({ allowed: false });
  });

  test("decides by the snapshot it is asked with, whatever version came before, and never by another engine's", () => {
    const other = createCedarEngine(cedar);
    const [open, shut] = [snapshotOf(permitAll), snapshotOf()];
    for (let i = 0; i < 3; i += 1) {
      expect(engine.decide(open, question()).allowed).toBe(true);
      expect(other.decide(shut, question()).allowed).toBe(false);
      expect(engine.decide(shut, question()).allowed).toBe(false);
      expect(other.decide(open, question()).allowed).toBe(true);
    }
  });

  test("tells policies every fact the schema promises", () => {
    const all = policy(
      "all-facts",
      `permit (principal == Agent::"planner", action == Action::"offer", resource == Resource::"${tickets}")
       when { principal.owner == "team@example.com" && resource.name == "tickets" && resource.servedBy == Agent::"ticket-api"
         && context.agent == Agent::"planner" && context.step == "offer" && context.evidence.type == "aws-sts-web-identity"
         && context.evidence.getTag("account") == "123456789012" && !context.evidence.hasTag("region")
         && context.depth == 2 && context.assurance == 3 && context.scopes == ["tickets:read"]
         && context.detailTypes == ["customer-record"] && context.principal.kind == "person"
         && context.to == Agent::"researcher" && context.build == "sha256:00" && context.now > 1785542399 };`,
    );
    const offer = question({
      action: "offer",
      to: agentId("researcher"),
      depth: 2,
      assurance: "measured",
      build: "sha256:00",
      evidence: { type: "aws-sts-web-identity", facts: { account: "123456789012" } },
      grant: { resource: tickets, scopes: ["tickets:read"], details: [{ type: "customer-record", customers: ["42"] }] },
    });
    const registry = snapshotOf(all, lendAll, useAll);
    expect(engine.decide(registry, offer)).toEqual({ allowed: true, policies: ["all-facts", "lend-all", "use-all"] });
  });

  property.prop([fc.string({ maxLength: 256 }), fc.constantFrom(...assuranceLevels), fc.nat(64)], { numRuns: 60 })(
    "no asserted purpose, assurance or depth changes a decision no policy makes by it",
    (purpose, assurance, depth) => {
      expect(engine.decide(snapshotOf(permitAll), question({ assurance, depth, asserted: { purpose } })).allowed).toBe(
        true,
      );
      expect(engine.decide(snapshotOf(), question({ assurance, depth, asserted: { purpose } })).allowed).toBe(false);
    },
  );
});

describe("the support desk's policies", async () => {
  const folder = await readRegistryFolder(supportDesk, variables);
  if (!folder.ok) throw new Error(JSON.stringify(folder.error));
  const settings = { issuer: "https://lanyard.support-desk.example", trustDomain, cedar };
  const rows = validateRegistry(folder.value, settings);
  if (!rows.ok) throw new Error(JSON.stringify(rows.error));
  const registry = createSnapshot(1, trustDomain, rows.value);
  const at = (name: "tickets" | "customers", ...scopes: string[]) => ({
    grant: { resource: `https://${name}.support-desk.example`, scopes, details: [] },
  });
  const own = (name: string) => ({ agent: agentId(name), principal: { id: agentId(name), kind: "agent" } as const });
  const cases: readonly (readonly [string, boolean, Partial<PolicyQuestion>])[] = [
    ["the planner opens for a person", true, at("customers", "customers:read", "customers:notes")],
    [
      "the planner offers reading",
      true,
      { ...at("tickets", "tickets:read"), action: "offer", to: agentId("researcher") },
    ],
    [
      "the planner offers notes",
      false,
      { ...at("customers", "customers:notes"), action: "offer", to: agentId("researcher") },
    ],
    [
      "the researcher holds notes",
      false,
      { ...at("customers", "customers:notes"), agent: agentId("researcher"), action: "redeem" },
    ],
    ["a weak attestation opens for a person", false, { ...at("tickets", "tickets:read"), assurance: "audience" }],
    ["the fourth hop", false, { ...at("tickets", "tickets:read"), action: "redeem", depth: 4 }],
    ["the researcher's nightly own session", true, { ...at("tickets", "tickets:read"), ...own("researcher") }],
    ["the triage agent on its own", false, { ...at("tickets", "tickets:read"), ...own("triage") }],
    [
      "the ticket API's next hop",
      true,
      { ...at("customers", "customers:read"), agent: agentId("ticket-api"), action: "hop", depth: 2 },
    ],
    [
      "the researcher's next hop",
      false,
      { ...at("customers", "customers:read"), agent: agentId("researcher"), action: "hop", depth: 2 },
    ],
  ];
  test.each(cases)("%s: %s", (_, allowed, more) => {
    expect(engine.decide(registry, question(more)).allowed).toBe(allowed);
  });
});

test("the schema text parses and every registered action is in it", () => {
  const parsed = cedar.schemaToJson(policySchema);
  if (parsed.type === "failure") throw new Error(JSON.stringify(parsed.errors));
  const actions = Object.keys(parsed.json[""]?.actions ?? {});
  const asked = ["access", "hop", "offer", "open", "redeem", "renew"] satisfies PolicyQuestion["action"][];
  expect(actions.sort()).toEqual([...asked, "lend", "own", "use"].sort());
});

test("the wasm that functions load by bytes decides the same", async () => {
  const web = await import("@cedar-policy/cedar-wasm/web");
  const file = new URL("../../node_modules/@cedar-policy/cedar-wasm/web/cedar_wasm_bg.wasm", import.meta.url);
  web.initSync({ module: readFileSync(file) });
  expect(createCedarEngine(web).decide(snapshotOf(permitAll), question())).toEqual({
    allowed: true,
    policies: ["permit-all"],
  });
  expect(createCedarEngine(web).decide(snapshotOf(), question()).allowed).toBe(false);
});
