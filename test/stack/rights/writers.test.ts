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

const reads = ["BatchGetItem", "ConditionCheckItem", "GetItem", "Query", "Scan"].map((action) => `dynamodb:${action}`);
const missing = () => {
  throw new Error("there is no such table");
};

const rolesOf = (templates: Synthesized["templates"]) =>
  all(templates, "AWS::IAM::Role").flatMap(({ it }) =>
    it.Properties.RoleName ? [`arn:aws:iam::${account}:role/${String(it.Properties.RoleName)}`] : [],
  );

/** What an administrator's rights come to at a table's own policy. */
async function outcomeOf(call: { principal: string; action: string; arn: string; document: unknown }) {
  const everything = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] };
  const result = await runSimulation(
    {
      request: {
        principal: call.principal,
        action: call.action,
        resource: { resource: call.arn, accountId: account },
        contextVariables: { "aws:PrincipalArn": call.principal },
      },
      identityPolicies: [{ name: "identity", policy: everything }],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      resourcePolicy: call.document,
    },
    {},
  );
  return result.resultType === "error" ? result.errors : result.overallResult;
}

/** Roles whose own policies let them write a table, by ARN. */
const writersOf = (templates: Synthesized["templates"], table: string) => usersOf(templates, table, writes);

/** Roles whose own policies allow one of these actions on a table, by ARN. */
function usersOf(templates: Synthesized["templates"], table: string, actions: readonly string[]): string[] {
  return all(templates, "AWS::IAM::Role")
    .filter(({ stack, id }) =>
      statementsOf(templates, stack, id).some(
        ({ Effect, Action, Resource }) =>
          Effect === "Allow" &&
          list(Action).some((action) => actions.includes(action)) &&
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
  const written = tablesOf(templates);
  test.each(written.map((table) => [table.name, table] as const))(
    "%s lets those write whose roles may, and names nobody else, nor a role that does not exist",
    (name, { arn, statements }) => {
      const found = writersOf(templates, arn);
      expect(found.length).toBeGreaterThan(0);
      expect(statements).toHaveLength(name === "People" ? 2 : 1);
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

  test("threat 51: of persons' keys is read by those whose roles may, and by nobody else, nor a role that does not exist", async () => {
    const { arn, document, statements } = tablesOf(templates).find(({ name }) => name === "People") ?? missing();
    const readers = usersOf(templates, arn, reads);
    const names = ["admin-read", "admin-revoke", "credentials", "token"];
    expect(readers.map((one) => one.split("-").slice(5).join("-")).sort()).toEqual(names);
    const [, reading] = statements;
    expect(reading).toMatchObject({ Sid: "OnlyTheseRead", Effect: "Deny", Principal: { AWS: "*" }, Resource: "*" });
    expect(reading?.Action).toEqual([...reads, "dynamodb:PartiQLSelect"].sort());
    expect(Object.keys(reading?.Condition ?? {})).toEqual(["ArnNotEquals"]);
    const named = list(reading?.Condition?.ArnNotEquals?.["aws:PrincipalArn"] as string | string[]);
    expect([...named].sort()).toEqual(readers);
    for (const principal of [`arn:aws:iam::${account}:role/Administrator`, ...rolesOf(templates)])
      for (const action of [...reads, "dynamodb:PartiQLSelect"])
        expect([principal, action, await outcomeOf({ principal, action, arn, document })]).toEqual([
          principal,
          action,
          readers.includes(principal) ? "Allowed" : "ExplicitlyDenied",
        ]);
  });

  test("are kept from an administrator, and from every role of ours that has no business there", async () => {
    const principals = [`arn:aws:iam::${account}:role/Administrator`, ...rolesOf(templates)];
    for (const { arn, document, name } of tablesOf(templates)) {
      const kept = writersOf(templates, arn);
      for (const principal of principals) {
        const action = "dynamodb:PutItem";
        expect([name, principal, await outcomeOf({ principal, action, arn, document })]).toEqual([
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
