import { describe, expect, test } from "vitest";
import { env } from "../../../lambdas/env.ts";
import { list, statementsOf } from "../resolved.ts";
import { all, one, synthesized } from "../synthesized.ts";
import { expected, templates } from "./expected.ts";
import { rightsOf } from "./lines.ts";
import { dataKey, everyFunction } from "./usual.ts";

/** The bucket's name is made by CDK. */
const withoutBucket = (line: string): string => line.replace(/auditbucket\w+/, "bucket");

describe("rights of the functions", () => {
  test.each(expected)("%s %s may do exactly what it needs", (stack, role, rights) => {
    expect(rightsOf(templates, stack, role).map(withoutBucket)).toEqual(
      [...rights, ...dataKey, ...everyFunction(role)].sort(),
    );
  });

  test("no function is left out of the list above", () => {
    const made = all(templates, "AWS::Lambda::Function").map(({ stack, id }) => `${stack} ${id.split("Function")[0]}`);
    expect(made.sort()).toEqual(expected.map(([stack, role]) => `${stack} ${role}`).sort());
  });

  test("Firehose may add objects below two prefixes and can neither delete nor touch retention", () => {
    const rights = rightsOf(templates, "Audit", "DeliveryFirehose").map((line) =>
      line.replace(/auditbucket\w+/, "bucket"),
    );
    expect(rights).toEqual([
      "kms:Decrypt on Data if by S3",
      "kms:GenerateDataKey on Data if by S3",
      "logs:PutLogEvents on log-group:DeliveryLogs:*",
      "s3:AbortMultipartUpload on bucket/audit/*",
      "s3:AbortMultipartUpload on bucket/errors/*",
      "s3:GetBucketLocation on bucket",
      "s3:ListBucket on bucket",
      "s3:ListBucketMultipartUploads on bucket",
      "s3:ListMultipartUploadParts on bucket/audit/*",
      "s3:ListMultipartUploadParts on bucket/errors/*",
      "s3:PutObject on bucket/audit/*",
      "s3:PutObject on bucket/errors/*",
    ]);
  });

  test("no role has a wildcard action, and `*` as resource only for tracing", () => {
    const roles = all(templates, "AWS::IAM::Role");
    expect(roles.length).toBeGreaterThan(9);
    for (const { stack, id } of roles) {
      for (const statement of statementsOf(templates, stack, id)) {
        expect(list(statement.Action).filter((action) => action.includes("*"))).toEqual([]);
        if (list(statement.Resource).includes("*")) {
          // keys that are not made yet have no name; a deny may well mean all there is
          const nameless = ["kms:CreateKey", "kms:ListKeys"];
          const fits = (action: string) => action.startsWith("xray:") || nameless.includes(action);
          expect(statement.Effect === "Deny" || list(statement.Action).every(fits)).toBe(true);
        }
      }
    }
  });

  test("threat 3: no role has a right to sign with anything; the keys say who may, and that no other can be let to", () => {
    const signs = all(templates, "AWS::IAM::Role").flatMap(({ stack, id }) =>
      rightsOf(templates, stack, id).filter((line) => line.startsWith("kms:Sign ")),
    );
    expect(signs).toEqual([]);
  });
});

test("attest looks up what the stage names and nothing else, and the other function that attests looks nothing up", () => {
  const codeLookup = { lambda: { functions: ["planner"] }, ecs: { clusters: ["agents"], roles: ["agents/Planner"] } };
  const asked = synthesized({ codeLookup }).templates;
  const more = rightsOf(asked, "Service", "Attest").filter(
    (line) => !rightsOf(templates, "Service", "Attest").includes(line),
  );
  expect(more).toEqual([
    "ecs:DescribeTasks on task/agents/*",
    "iam:GetRole on role/agents/Planner",
    "lambda:GetFunctionConfiguration on function:planner:*",
  ]);
  expect(rightsOf(asked, "Service", "AttestIam")).toEqual(rightsOf(templates, "Service", "AttestIam"));
  const variables = (id: string, from = asked) =>
    (one(from.Service, "AWS::Lambda::Function", id).Properties.Environment as { Variables: Record<string, unknown> })
      .Variables;
  expect(variables("AttestFunction")[env.codeLookups]).toBe("lambda,ecs");
  expect(variables("AttestIam")).not.toHaveProperty(env.codeLookups);
  expect(variables("AttestFunction", templates)).not.toHaveProperty(env.codeLookups);
});

test("an instance's document alone is taken where the stage says so, and costs no right", () => {
  const allowed = synthesized({ instanceIdentityAlone: true }).templates;
  const variables = (from: typeof templates, id: string) =>
    (one(from.Service, "AWS::Lambda::Function", id).Properties.Environment as { Variables: Record<string, unknown> })
      .Variables;
  expect(variables(allowed, "AttestFunction")[env.instanceIdentityAlone]).toBe("true");
  expect(variables(templates, "AttestFunction")).not.toHaveProperty(env.instanceIdentityAlone);
  expect(variables(allowed, "AttestIam")).not.toHaveProperty(env.instanceIdentityAlone);
  expect(rightsOf(allowed, "Service", "Attest")).toEqual(rightsOf(templates, "Service", "Attest"));
});
