import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { describe, expect, test } from "vitest";
import type { PolicyQuestion } from "../../core/model/decision.ts";
import { personId } from "../../core/model/person-id.ts";
import type { PolicyRegistration, Registration } from "../../core/model/registry.ts";
import { createSnapshot } from "../../core/model/snapshot.ts";
import { createCedarEngine } from "../../core/policy/cedar.ts";
import { checkPolicies } from "../../core/policy/check.ts";
import { agentId, baseRows, idp, inBase, tickets, trustDomain } from "../kit/registry.ts";

const engine = createCedarEngine(cedar);
const olga = personId(idp, "olga");
const ada = personId(idp, "ada");
const policy = (name: string, text: string): PolicyRegistration => ({ kind: "policy", name, cedar: text });
const three = policy("three", 'permit (principal, action, resource) unless { action == Action::"own" };');
const own = policy("own", 'permit (principal, action == Action::"own", resource);');
const owned: Registration = { ...inBase("agent", "planner"), owner: { issuer: idp, sub: "olga" } };

function decide(policies: readonly PolicyRegistration[], more: Partial<PolicyQuestion> = {}, agent = owned) {
  const rows = baseRows.filter((row) => row.kind !== "policy" && row.name !== "planner");
  return engine.decide(createSnapshot(1, trustDomain, [...rows, agent, ...policies]), {
    ...{ action: "open", agent: agentId("planner"), principal: { id: ada, kind: "person" } },
    grant: { resource: tickets, scopes: ["tickets:read"], details: [] },
    ...{ depth: 0, assurance: "fresh", evidence: { type: "x", facts: {} }, nowSeconds: 1_785_542_400, asserted: {} },
    ...more,
  });
}

describe("threat 53: a still entitled owner must be permitted beside principal, agent and task", () => {
  test("no policy that permits a person to own refuses all of it, and says who is missing", () => {
    expect(decide([three])).toEqual({
      allowed: false,
      policies: [],
      missing: { who: "owner" },
      why: "no policy permits the owner",
    });
    expect(decide([three, own])).toEqual({ allowed: true, policies: ["own", "three"] });
  });

  test("a forbid of one owner at one resource is about that owner, at that resource, at every step", () => {
    const forbid = (id: string, uri = tickets) =>
      policy(
        "gone",
        `forbid (principal == Principal::"${id}", action == Action::"own", resource == Resource::"${uri}");`,
      );
    for (const action of ["open", "renew", "access", "redeem", "hop"] as const)
      expect(decide([three, own, forbid(olga)], { action })).toMatchObject({
        allowed: false,
        policies: ["gone"],
        missing: { who: "owner" },
      });
    expect(decide([three, own, forbid(ada)])).toMatchObject({ allowed: true });
    expect(decide([three, own, forbid(olga, inBase("resource", "customers").uri)])).toMatchObject({ allowed: true });
  });

  test("permits of the others are no permit of the owner, and the owner's none of theirs", () => {
    for (const action of ["lend", "use", "open"]) {
      const one = policy("one", `permit (principal, action == Action::"${action}", resource);`);
      expect(decide([one, own])).toMatchObject({ allowed: false });
    }
    expect(decide([own])).toMatchObject({ missing: { who: "principal" } });
  });

  test("a policy may compare owner and principal: what only the owner may ask for", () => {
    const only = policy(
      "own-only",
      'permit (principal, action == Action::"own", resource) when { context has owner && context.owner == context.principal };',
    );
    expect(decide([three, only])).toMatchObject({ missing: { who: "owner" } });
    const self = { id: olga, kind: "person", groups: ["people/support"] } as const;
    expect(decide([three, only], { principal: self })).toMatchObject({ allowed: true });
    expect(
      checkPolicies(cedar, [only], { agents: new Set(), resources: new Set(), tools: new Set(), groups: new Set() }),
    ).toEqual([]);
  });

  test("a text is nobody who could be entitled: nothing is asked of it", () => {
    expect(decide([three], {}, inBase("agent", "planner"))).toMatchObject({ allowed: true });
  });
});
