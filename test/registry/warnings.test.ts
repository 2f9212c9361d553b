import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { describe, expect, test } from "vitest";
import type { AgentRegistration } from "../../core/model/agent-registration.ts";
import { personId } from "../../core/model/person-id.ts";
import type { Registration } from "../../core/model/registry.ts";
import { registryDifference } from "../../core/model/registry-difference.ts";
import { registryWarnings } from "../../core/registry/warnings.ts";
import { customers, idp, inBase, tickets } from "../kit/registry.ts";

const olga = personId(idp, "olga");
const owned = (more: Partial<AgentRegistration> = {}): AgentRegistration => ({
  ...inBase("agent", "planner"),
  owner: { issuer: idp, sub: "olga" },
  ...more,
});
const policy = (text: string): Registration => ({ kind: "policy", name: text.slice(0, 40), cedar: text });
const told = (rows: readonly Registration[], before: readonly Registration[] = rows) =>
  registryWarnings(rows, registryDifference(before, rows), cedar);
const everywhere = policy('permit (principal, action == Action::"own", resource);');

describe("an agent that a person owns, where no policy could entitle that person", () => {
  test.each([
    ["no policy at all", []],
    ["a policy for another action", ['permit (principal, action == Action::"lend", resource);']],
    ["a policy for another person", ['permit (principal == Principal::"p_x", action == Action::"own", resource);']],
    [
      "a policy for an agent of that name",
      [`permit (principal == Agent::"${olga}", action == Action::"own", resource);`],
    ],
    ["a policy that forbids", ['forbid (principal, action == Action::"own", resource);']],
  ])("is told of, with person and places: %s", (_, texts) => {
    const [warning, ...others] = told([owned(), ...texts.map((text) => policy(text))]);
    expect(others).toEqual([]);
    for (const part of ["agent planner", `olga at ${idp}`, olga, tickets, customers]) expect(warning).toContain(part);
  });

  test("is told of for the places alone where none could", () => {
    const at = policy(`permit (principal, action == Action::"own", resource == Resource::"${tickets}");`);
    const [warning] = told([owned(), at]);
    expect(warning).toContain(customers);
    expect(warning).not.toContain(tickets);
  });

  test("is told of where the policy that permits is only logged", () => {
    expect(told([owned(), { ...everywhere, mode: "log" } as Registration])).toHaveLength(1);
  });

  test.each([
    ["a policy for everybody", 'permit (principal, action == Action::"own", resource);'],
    ["a policy for every action", "permit (principal, action, resource);"],
    ["a policy for some actions", 'permit (principal, action in [Action::"lend", Action::"own"], resource);'],
    ["a policy for that person", `permit (principal == Principal::"${olga}", action == Action::"own", resource);`],
    [
      "a policy for persons of a group",
      'permit (principal in Group::"people/support", action == Action::"own", resource);',
    ],
    ["a policy for principals", 'permit (principal is Principal, action == Action::"own", resource is Resource);'],
    [
      "a policy under a condition",
      'permit (principal, action == Action::"own", resource) when { context.depth == 0 };',
    ],
  ])("is not told of where one could: %s", (_, text) => expect(told([owned(), policy(text)])).toEqual([]));

  test("is not told of where nothing asks: a text owns it, it does not work, or its policies are only logged", () => {
    const others = [{ owner: "team@example.com" }, { state: "suspended" }, { policyMode: "log" }, { may: [] }] as const;
    for (const more of others) expect(told([owned(more)])).toEqual([]);
  });
});

describe("an agent that begins to ask for its owner's word", () => {
  const asking = owned({ ownerConfirmedDays: 30 });
  test.each<[string, readonly Registration[]]>([
    ["newly", [owned(), everywhere]],
    ["sooner than before", [owned({ ownerConfirmedDays: 90 }), everywhere]],
    ["of another person", [owned({ ownerConfirmedDays: 30, owner: { issuer: idp, sub: "bob" } }), everywhere]],
    ["as one that is registered now", [everywhere]],
  ])("is told of, with how to confirm: %s", (_, before) => {
    const [warning, ...others] = told([asking, everywhere], before);
    expect(others).toEqual([]);
    expect(warning).toMatch(/agent planner.*30 days.*lanyard agents confirm planner/);
  });

  test("is not told of again where nothing of that changes", () => {
    expect(told([{ ...asking, maxDepth: 2 }, everywhere], [asking, everywhere])).toEqual([]);
  });
});
