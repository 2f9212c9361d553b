import { expect, test } from "vitest";
import { dynamoDbAccess } from "../../../local/emulator/dynamodb/access.ts";

const face = { name: "Rows", arn: "arn:aws:dynamodb:eu-west-1:111122223333:table/Rows", partitionKey: "id" };
const tables = new Map([["Rows", { ...face, indexes: new Map() }]]);
const row = { id: { S: "a" } };
const input = {
  TransactItems: [
    { Put: { TableName: "Rows", Item: row } },
    { Update: { TableName: "Rows", Key: row } },
    { Delete: { TableName: "Rows", Key: row } },
    { ConditionCheck: { TableName: "Rows", Key: row } },
  ],
};
const leading = (namesRowsInTransactions: boolean) =>
  dynamoDbAccess({ tables, unsaid: { namesRowsInTransactions } }, "TransactWriteItems", input).map(
    ({ action, context }) => [action, context["dynamodb:leadingkeys"], context["dynamodb:enclosingoperation"]],
  );

test("a transaction's rows are named to IAM, or, as AWS documents, those of its checks alone", () => {
  const within = ["TransactWriteItems"];
  const checked = ["dynamodb:ConditionCheckItem", ["a"], within];
  const actions = ["PutItem", "UpdateItem", "DeleteItem"].map((action) => `dynamodb:${action}`);
  expect(leading(true)).toEqual([...actions.map((action) => [action, ["a"], within]), checked]);
  expect(leading(false)).toEqual([...actions.map((action) => [action, undefined, within]), checked]);
});

test("a call outside a transaction names its row either way", () => {
  const [put] = dynamoDbAccess({ tables, unsaid: { namesRowsInTransactions: false } }, "PutItem", {
    TableName: "Rows",
    Item: row,
  });
  expect(put?.context["dynamodb:leadingkeys"]).toEqual(["a"]);
});
