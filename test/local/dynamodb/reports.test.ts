import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { describe, expect, test } from "vitest";
import { personId } from "../../../core/model/person-id.ts";
import { createReportWriter } from "../../../lambdas/aws/dynamodb/revocations/report-writer.ts";
import { attributesInTransaction } from "../../../lib/function/grant.ts";
import { report } from "../../../lib/state/governance-tables.ts";
import { dynamoDbAccess } from "../../../local/emulator/dynamodb/access.ts";
import { readyConditions } from "../../../local/emulator/iam/conditions.ts";
import { record } from "../../lambdas/samples.ts";

const conditions = attributesInTransaction(report.rows, ...report.attributes);
const face = { name: "Revocations", arn: "arn:aws:dynamodb:eu-west-1:111122223333:table/Revocations" };
const tables = new Map([["Revocations", { ...face, partitionKey: "subject", indexes: new Map() }]]);
const principal = personId("https://idp.example", "ada");

const allows = (part: object, namesRowsInTransactions = true) => {
  const input = { TransactItems: [{ Update: { TableName: "Revocations", ...part } }] };
  const accesses = dynamoDbAccess({ tables, unsaid: { namesRowsInTransactions } }, "TransactWriteItems", input);
  return accesses.every(({ context }) => readyConditions(conditions)(context));
};

/** What the writer sends of the person's row. */
async function sent(gone: boolean): Promise<object> {
  const updates: object[] = [];
  const send = async ({ input }: { input: { TransactItems?: { Update?: object }[] } }) => {
    updates.push(...(input.TransactItems ?? []).flatMap(({ Update }) => Update ?? []));
    return {};
  };
  const client = { send } as unknown as DynamoDBDocumentClient;
  const writer = createReportWriter(client, { revocations: "Revocations", markers: "Markers", outbox: "Outbox" });
  await writer.write({ report: { principal, gone, atSeconds: 1_000 }, replayEntries: [], record: record() });
  const [{ Key, ...rest } = { Key: { subject: "" } }] = updates as { Key: { subject: string } }[];
  return { ...rest, Key: { subject: { S: Key.subject } } };
}

const row = (text: string) => ({ Key: { subject: { S: text } } });
const ada = row(`standing#principal:${principal}`);

describe("threat 68: the right to write what a provider says", () => {
  test("is enough for what its writer sends, of who is gone and of whose sessions are over", async () => {
    for (const gone of [true, false]) expect(allows(await sent(gone))).toBe(true);
  });

  test.each(["generation", "blocked", "lifted", "reportedLifted", "cutAtSeconds", "registryVersion", "burnt x"])(
    "is none to an operator's attribute %s, by placeholder, bare, in a condition or removed",
    (name) => {
      const names = { ExpressionAttributeNames: { "#name": name } };
      expect(allows({ ...ada, UpdateExpression: "SET #name = :v", ...names })).toBe(false);
      expect(allows({ ...ada, UpdateExpression: "SET reported = :v REMOVE #name", ...names })).toBe(false);
      expect(allows({ ...ada, UpdateExpression: "ADD reported :v, #name :v", ...names })).toBe(false);
      const conditional = { UpdateExpression: "SET reported = :v", ConditionExpression: "#name = :v", ...names };
      expect(allows({ ...ada, ...conditional })).toBe(false);
    },
  );

  test.each([
    "deployment#0",
    "standing#agent:spiffe://agents.example.com/agent/planner",
    "standing#principal:spiffe://agents.example.com/agent/planner",
    "standing#build:x",
    "standing#login:x",
    "burnt#x",
  ])("is none to the row %s", (name) => {
    expect(allows({ ...row(name), UpdateExpression: "SET reported = :v" })).toBe(false);
  });

  test("is none at all where AWS does not tell IAM which rows and attributes a transaction writes", async () => {
    expect(allows(await sent(true), false)).toBe(false);
  });
});
