import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { describe, expect, test } from "vitest";
import { createQuarantineWriter } from "../../../lambdas/aws/dynamodb/revocations/quarantine-writer.ts";
import { attributesInTransaction } from "../../../lib/function/grant.ts";
import { automaticQuarantine } from "../../../lib/state/governance-tables.ts";
import { dynamoDbAccess } from "../../../local/emulator/dynamodb/access.ts";
import { readyConditions } from "../../../local/emulator/iam/conditions.ts";
import { agentId } from "../../kit/registry.ts";
import { record } from "../../lambdas/samples.ts";

const conditions = attributesInTransaction(automaticQuarantine.rows, ...automaticQuarantine.attributes);
const face = { name: "Revocations", arn: "arn:aws:dynamodb:eu-west-1:111122223333:table/Revocations" };
const tables = new Map([["Revocations", { ...face, partitionKey: "subject", indexes: new Map() }]]);

const allows = (part: object, namesRowsInTransactions = true) => {
  const input = { TransactItems: [{ Update: { TableName: "Revocations", ...part } }] };
  const accesses = dynamoDbAccess({ tables, unsaid: { namesRowsInTransactions } }, "TransactWriteItems", input);
  return accesses.every(({ context }) => readyConditions(conditions)(context));
};

/** What the writer sends, for an agent that has these counts in its row. */
async function sent(item?: object) {
  const updates: object[] = [];
  const send = async ({ input }: { input: { TransactItems?: { Update?: object }[]; Key?: object } }) => {
    updates.push(...(input.TransactItems ?? []).flatMap(({ Update }) => Update ?? []));
    return { Item: item };
  };
  const client = { send } as unknown as DynamoDBDocumentClient;
  const writer = createQuarantineWriter(client, { revocations: "Revocations", outbox: "Outbox" });
  await writer.quarantine({ agent: agentId("planner"), atSeconds: 1_000, record: record() });
  return updates.map((one) => {
    const { Key, ...rest } = one as { Key: { subject: string } };
    return { ...rest, Key: { subject: { S: Key.subject } } };
  });
}

const subject = (text: string) => ({ Key: { subject: { S: text } } });
const planner = subject(`standing#agent:${agentId("planner")}`);
const names = (...all: string[]) => ({ ExpressionAttributeNames: Object.fromEntries(all.map((n) => [`#${n}`, n])) });

describe("threat 54: the right to quarantine without an operator", () => {
  test("is enough for what its writer sends, the first time and later", async () => {
    for (const item of [undefined, { subject: "standing#x", autoQuarantines: 2, autoQuarantinesLifted: 2 }]) {
      const [update, ...others] = await sent(item);
      expect(others).toEqual([]);
      expect(allows(update ?? {})).toBe(true);
    }
  });

  test.each([
    "generation",
    "quarantined",
    "blocked",
    "lifted",
    "autoQuarantinesLifted",
    "cutAtSeconds",
    "registryVersion",
  ])("is none to an operator's attribute %s, by placeholder, bare, in a condition or removed", (name) => {
    expect(allows({ ...planner, UpdateExpression: `SET #${name} = :v`, ...names(name) })).toBe(false);
    expect(allows({ ...planner, UpdateExpression: `SET ${name} = :v` })).toBe(false);
    expect(allows({ ...planner, UpdateExpression: `SET autoQuarantines = :v REMOVE ${name}` })).toBe(false);
    expect(allows({ ...planner, UpdateExpression: `ADD autoQuarantines :v, ${name} :v` })).toBe(false);
    expect(
      allows({ ...planner, UpdateExpression: "SET autoQuarantines = :v", ConditionExpression: `${name} = :v` }),
    ).toBe(false);
  });

  test.each([
    "deployment#0",
    "standing#principal:p_x",
    "standing#build:x",
    "standing#login:x",
    "burnt#x",
    "standing#agents",
  ])("is none to the row %s", (row) =>
    expect(allows({ ...subject(row), UpdateExpression: "SET autoQuarantines = :v" })).toBe(false),
  );

  test("is none at all where AWS does not tell IAM which rows and attributes a transaction writes", async () => {
    const [update] = await sent();
    expect(allows(update ?? {}, false)).toBe(false);
  });
});
