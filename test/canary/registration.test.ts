/** What the canary may be given by a registry, and that nobody else gets what is its own. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { canaryRegistrations } from "../../bin/lanyard/canary/registrations.ts";
import { readDocuments } from "../../bin/lanyard/registry/folder.ts";
import { canary } from "../../core/model/canary.ts";
import { variables } from "../kit/example.ts";
import { messages, plus, setUp, tickets } from "../registry/validate/ground.ts";

setUp();

type Row = Record<string, unknown> & { readonly kind: string; readonly name: string };

const read = (text: string): readonly Row[] => {
  const documents = readDocuments("canary.yaml", text, { ...variables, region: "eu-west-1" });
  if (!documents.ok) throw new Error(JSON.stringify(documents.error));
  return documents.value.map(({ value }) => value as Row);
};
const rows = read(canaryRegistrations({ stage: "prod", owner: "platform", aws: true }));
/** What is said against the canary's registrations when members of one of a kind are others. */
const told = (kind: string, members: object, ...more: Record<string, unknown>[]) =>
  messages(
    plus(
      ...rows.map((row) => (row.kind === kind && row.name === canary.agent ? { ...row, ...members } : row)),
      ...more,
    ),
  );

test("what canary init writes is a valid part of a registry, with and without an AWS role", () => {
  expect(messages(plus(...rows))).toEqual([]);
  const bare = read(canaryRegistrations({ stage: "prod", owner: "platform", aws: false }));
  expect(bare.map(({ kind }) => kind)).not.toContain("aws-role");
  expect(messages(plus(...bare))).toEqual([]);
});

test("the example's file is what canary init writes", () => {
  const example = readFileSync(new URL("../../examples/support-desk-aws/canary.yaml", import.meta.url), "utf8");
  const owner = "support-platform@support-desk.example";
  expect(example).toBe(canaryRegistrations({ stage: "local", owner, aws: true }));
});

describe("the canary", () => {
  const foreign = [{ resource: tickets, scopes: ["tickets:read"] }];
  const own = [{ resource: canary.resource, scopes: [canary.scope] }];
  const grants = rows.find(({ kind }) => kind === "aws-role")?.grants as Record<string, unknown>[];

  test.each<[string, string, object]>([
    ["a right at another resource", "agent", { may: [...own, ...foreign] }],
    ["a right to lend itself another resource", "agent", { may: [...own, ...foreign], lends: foreign }],
    ["persons to work for", "agent", { clients: [{ issuer: variables.identityProvider, clientId: "app" }] }],
    ["another audience for its identity", "agent", { audiences: ["urn:other"] }],
    ["long sessions", "agent", { maxLifetimeSeconds: 3_600 }],
    ["sessions of any length", "agent", { maxLifetimeSeconds: undefined }],
    ["a resource that another agent serves", "resource", { servedBy: "ticket-api" }],
    ["another resource to serve", "resource", { uri: "https://other.example" }],
    ["a role with others", "aws-role", { agents: [canary.agent, "planner"] }],
    ["a role for more than its row", "aws-role", { grants: [{ ...grants[0], actions: ["dynamodb:Query"] }] }],
    [
      "a role for the rows of its runs",
      "aws-role",
      { grants: [{ ...grants[0], where: { ...(grants[0]?.where as object), prefix: "run" } }] },
    ],
  ])("cannot be given %s", (_, kind, members) => {
    expect(told(kind, members).length).toBeGreaterThan(0);
  });

  test.each<[string, Record<string, unknown>]>([
    [
      "an agent",
      {
        ...{ kind: "agent", name: "thief", state: "active", owner: "o", sponsor: "s", may: own },
        selectors: [{ type: "aws-sts-caller-identity", exact: { roleArn: "arn:aws:iam::111122223333:role/thief" } }],
      },
    ],
    [
      "people",
      {
        ...{ kind: "lending", name: "thieves", issuer: variables.identityProvider, lends: own },
        when: { claim: "department", equals: "support" },
      },
    ],
    [
      "a token of another resource",
      {
        ...{ kind: "entailment", name: "thief", agent: canary.agent },
        ...{ from: { resource: canary.resource, scope: canary.scope }, to: foreign[0] },
      },
    ],
  ])("shares what is its own with nobody: not with %s", (_, row) => {
    expect(told("none", {}, row).some((message) => message.includes("revocation canary"))).toBe(true);
  });
});
