import { runSimulation } from "@cloud-copilot/iam-simulate";
import { describe, expect, test } from "vitest";
import type { DeployedRegistry } from "../../../lib/service/registry/applier.ts";
import { list, resolved, type Statement, statementsOf } from "../resolved.ts";
import { account, all, region, type Synthesized, synthesized } from "../synthesized.ts";

const registry: DeployedRegistry = { json: "{}", digest: "sha256:x", force: false };
const bare = synthesized().templates;
const applied = synthesized({ registry: { folder: "examples" } }, { registry }).templates;
const withoutVends = synthesized({ awsCredentials: undefined }).templates;
const writes = ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"].map((action) => `dynamodb:${action}`);
const partiQl = ["PartiQLInsert", "PartiQLUpdate", "PartiQLDelete"].map((action) => `dynamodb:${action}`);

const tablesOf = (templates: Synthesized["templates"]) =>
  all(templates, "AWS::DynamoDB::GlobalTable").map(({ id, it }) => {
    const [replica] = it.Properties.Replicas as { ResourcePolicy?: { PolicyDocument: unknown } }[];
    const document = resolved(templates, "State", replica?.ResourcePolicy?.PolicyDocument);
    return {
      name: id.replace(/^Tables(.*)[0-9A-F]{8}$/, "$1"),
      arn: `arn:aws:dynamodb:${region}:${account}:table/${id}`,
      document,
      statements: (document as { Statement: Statement[] } | undefined)?.Statement ?? [],
    };
  });

/** Roles whose own policies let them write a table, by ARN. */
function writersOf(templates: Synthesized["templates"], table: string): string[] {
  return all(templates, "AWS::IAM::Role")
    .filter(({ stack, id }) =>
      statementsOf(templates, stack, id).some(
        ({ Effect, Action, Resource }) =>
          Effect === "Allow" &&
          list(Action).some((action) => writes.includes(action)) &&
          list(Resource).includes(table),
      ),
    )
    .map(({ it }) => `arn:aws:iam::${account}:role/${String(it.Properties.RoleName)}`)
    .sort();
}

describe.each([
  ["of a stage without a folder of the registry", bare],
  ["of a stage with one", applied],
])("threat 45: tables %s", (_, templates) => {
  test.each(tablesOf(templates).map((table) => [table.name, table] as const))(
    "%s lets those write whose roles may, and names nobody else, nor a role that does not exist",
    (_name, { arn, statements }) => {
      const found = writersOf(templates, arn);
      expect(found.length).toBeGreaterThan(0);
      expect(statements).toHaveLength(1);
      const [{ Condition, ...rest } = {} as Statement] = statements;
      expect(rest).toEqual({
        Sid: "OnlyTheseWrite",
        Effect: "Deny",
        Principal: { AWS: "*" },
        Action: [...writes, ...partiQl].sort(),
        Resource: "*",
      });
      const named = list(Condition?.ArnNotEquals?.["aws:PrincipalArn"] as string | string[]);
      expect([...named].sort()).toEqual(found);
      expect(Object.keys(Condition ?? {})).toEqual(["ArnNotEquals"]);
    },
  );

  test("are kept from an administrator, and from every role of ours that has no business there", async () => {
    const roles = all(templates, "AWS::IAM::Role").flatMap(({ it }) => it.Properties.RoleName ?? []);
    const principals = ["Administrator", ...roles].map((name) => `arn:aws:iam::${account}:role/${String(name)}`);
    const everything = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] };
    for (const { arn, document, name } of tablesOf(templates)) {
      const kept = writersOf(templates, arn);
      for (const principal of principals) {
        const result = await runSimulation(
          {
            request: {
              principal,
              action: "dynamodb:PutItem",
              resource: { resource: arn, accountId: account },
              contextVariables: { "aws:PrincipalArn": principal },
            },
            identityPolicies: [{ name: "identity", policy: everything }],
            serviceControlPolicies: [],
            resourceControlPolicies: [],
            resourcePolicy: document,
          },
          {},
        );
        expect([name, principal, result.resultType === "error" ? result.errors : result.overallResult]).toEqual([
          name,
          principal,
          kept.includes(principal) ? "Allowed" : "ExplicitlyDenied",
        ]);
      }
    }
  });
});

describe("threat 45: the table of what sessions were given at AWS, in a stage that gives nothing", () => {
  const vends = tablesOf(withoutVends).find(({ name }) => name === "Vends");

  test("may be written by nobody at all, by no condition's leave", () => {
    expect(writersOf(withoutVends, vends?.arn ?? "")).toEqual([]);
    expect(vends?.statements).toEqual([
      {
        Sid: "NobodyWrites",
        Effect: "Deny",
        Principal: { AWS: "*" },
        Action: [...writes, ...partiQl].sort(),
        Resource: "*",
      },
    ]);
  });

  test("is exported as in a stage that gives some, so that the setting can be taken out of a deployed one", () => {
    const exported = ({ State }: Synthesized["templates"]) =>
      Object.values(State.Outputs)
        .flatMap(({ Export }) => Export?.Name ?? [])
        .filter((name) => name.includes("Vends"))
        .sort();
    expect(exported(bare).length).toBeGreaterThan(0);
    expect(exported(withoutVends)).toEqual(exported(bare));
  });
});
