import { runSimulation } from "@cloud-copilot/iam-simulate";
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { refusal, type Statement } from "../../../local/emulator/iam/policy.ts";

const account = "111122223333";
const principalArn = `arn:aws:iam::${account}:role/worker`;
const table = `arn:aws:dynamodb:eu-west-1:${account}:table/rows`;

const operator = fc.constantFrom(
  "StringEquals",
  "StringNotEquals",
  "StringLike",
  "StringNotLike",
  "StringEqualsIfExists",
  "StringNotEqualsIfExists",
);
const plainOperator = operator.filter((name) => !name.endsWith("IfExists"));
const quantifier = fc.constantFrom("ForAllValues:", "ForAnyValue:");
const wanted = fc.subarray(["denied#*", "a", "b"], { minLength: 1 });
const condition = fc.oneof(
  // A key with one value takes no quantifier, a key with many always one: anything else is undefined in IAM.
  fc.tuple(operator, wanted).map(([name, values]) => ({ [name]: { "dynamodb:EnclosingOperation": values } })),
  fc
    .tuple(quantifier, plainOperator, wanted)
    .map(([each, name, values]) => ({ [each + name]: { "dynamodb:LeadingKeys": values } })),
  fc.constantFrom("true", "false").map((value) => ({ Null: { "dynamodb:LeadingKeys": value } })),
);
const statement = fc.record(
  {
    Effect: fc.constantFrom("Allow" as const, "Allow" as const, "Deny" as const),
    Action: fc.constantFrom("dynamodb:PutItem", "dynamodb:Put*", "dynamodb:*", "dynamodb:GetItem"),
    Resource: fc.constantFrom(table, `arn:aws:dynamodb:*:${account}:table/*`, `${table}x`, "*"),
    Condition: condition,
  },
  { requiredKeys: ["Effect", "Action", "Resource"] },
);
const context = fc.record(
  {
    "dynamodb:EnclosingOperation": fc.constantFrom("a", "denied#1", "TransactWriteItems"),
    "dynamodb:LeadingKeys": fc.subarray(["denied#1", "denied#2", "a", "c"], { minLength: 1 }),
  },
  { requiredKeys: [] },
);

describe("the evaluator and an independent simulator of IAM", () => {
  test.prop([fc.array(statement, { minLength: 1, maxLength: 3 }), context], { numRuns: 150 })(
    "decide alike",
    async (statements, values) => {
      const simulated = await runSimulation(
        {
          request: {
            principal: principalArn,
            action: "dynamodb:PutItem",
            resource: { resource: table, accountId: account },
            contextVariables: values as Record<string, string | string[]>,
          },
          identityPolicies: [{ name: "own", policy: { Version: "2012-10-17", Statement: statements } }],
          serviceControlPolicies: [],
          resourceControlPolicies: [],
        },
        {},
      );
      const lower = Object.entries(values).map(([key, value]) => [
        key.toLowerCase(),
        Array.isArray(value) ? value : [value],
      ]);
      const own = refusal(
        { principalArn, account, action: "dynamodb:PutItem", resource: table, context: Object.fromEntries(lower) },
        { identity: statements as Statement[] },
      );
      if (simulated.resultType !== "single") throw new Error(JSON.stringify(simulated));
      expect(own === undefined).toBe(simulated.overallResult === "Allowed");
    },
  );
});
