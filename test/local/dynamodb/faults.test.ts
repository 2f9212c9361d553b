import { DynamoDB } from "@aws-sdk/client-dynamodb";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type DynamoDb, openDynamoDb } from "../../../local/emulator/dynamodb/engine.ts";
import { startDynamoServer } from "../../../local/emulator/dynamodb/server.ts";
import { createOutbox, owned, put, refusal, succeed } from "./table.ts";

let db: DynamoDb;
beforeEach(async () => {
  db = await openDynamoDb();
  await createOutbox(db);
});
afterEach(() => db.close());

const get = (id: string) => ({ TableName: "outbox", Key: { id: { S: id } } });
const item = (id: string) => ({ TableName: "outbox", Item: { id: { S: id } } });

describe("fault switches", () => {
  test("throttle just the operation and just as often as asked", async () => {
    db.faults.throttle("GetItem", 2);
    expect(await refusal(db, "GetItem", get("a"))).toBe("ProvisionedThroughputExceededException");
    await put(db, "a");
    expect(await refusal(db, "GetItem", get("a"))).toBe("ProvisionedThroughputExceededException");
    expect(await succeed(db, "GetItem", get("a"))).toHaveProperty("Item");
  });

  test("fail with status 500 before anything is written", async () => {
    db.faults.fail("PutItem", 1);
    expect((await db.call("PutItem", item("a"))).status).toBe(500);
    expect(await succeed(db, "GetItem", get("a"))).not.toHaveProperty("Item");
  });

  test("cancel a transaction by a conflict, and it can be sent again with its token", async () => {
    const request = { ClientRequestToken: "t", TransactItems: [{ Put: item("a") }, { Put: item("b") }] };
    db.faults.conflict(1);
    expect(await refusal(db, "TransactWriteItems", request)).toBe(
      "TransactionCanceledException[TransactionConflict,None]",
    );
    expect(await succeed(db, "GetItem", get("a"))).not.toHaveProperty("Item");
    await succeed(db, "TransactWriteItems", request);
    expect(await succeed(db, "GetItem", get("b"))).toHaveProperty("Item");
  });

  test("refuse a single write by a conflict", async () => {
    db.faults.conflict(1);
    expect(await refusal(db, "PutItem", item("a"))).toBe("TransactionConflictException");
    await put(db, "a");
  });

  test("leave every key of a batch unprocessed, in the form of a request", async () => {
    await put(db, "a");
    const request = { RequestItems: { outbox: { Keys: [{ id: { S: "a" } }], ConsistentRead: true } } };
    db.faults.unprocessed(1);
    expect(await succeed(db, "BatchGetItem", request)).toEqual({
      Responses: {},
      UnprocessedKeys: request.RequestItems,
    });
    expect(await succeed(db, "BatchGetItem", request)).toEqual({
      Responses: { outbox: [{ id: { S: "a" } }] },
      UnprocessedKeys: {},
    });
  });

  test("hold an index back while tables move on, until switched off", async () => {
    await put(db, "a", { owner: { S: "me" } });
    await db.faults.staleIndexes(true);
    await put(db, "b", { owner: { S: "me" } });
    await succeed(db, "DeleteItem", get("a"));
    expect(await owned(db, "me")).toEqual(["a"]);
    expect(await succeed(db, "GetItem", get("b"))).toHaveProperty("Item");
    await db.faults.staleIndexes(false);
    expect(await owned(db, "me")).toEqual(["b"]);
  });

  test.each(["before", "after"] as const)("play a crash %s a commit: no answer then or later", async (when) => {
    db.faults.stopAtCommit(when);
    await expect(db.call("PutItem", item("a"))).rejects.toThrow("plays a crash");
    await expect(db.call("GetItem", get("a"))).rejects.toThrow("plays a crash");
  });
});

test.each([
  ["PutItem", { ...item("a"), Expected: { id: { Exists: false } } }],
  ["UpdateItem", { ...get("a"), AttributeUpdates: { n: { Value: { N: "1" }, Action: "ADD" } } }],
])("%s with a legacy parameter is refused, not half understood", async (operation, input) => {
  expect(await refusal(db, operation, input)).toBe("ValidationException");
});

describe("the HTTP front", () => {
  test("leaves the SDK without an answer in a played crash", async () => {
    const server = await startDynamoServer(db);
    const credentials = { accessKeyId: "a", secretAccessKey: "b" };
    const client = new DynamoDB({ endpoint: server.endpoint, region: "eu-west-1", credentials, maxAttempts: 1 });
    await client.putItem(item("a"));
    db.faults.stopAtCommit("after");
    await expect(client.putItem(item("b"))).rejects.toMatchObject({ code: "ECONNRESET" });
    client.destroy();
    await server.close();
  });

  test.each([
    [
      "another Host, as DNS rebinding would send",
      { host: "evil.example", "x-amz-target": "DynamoDB_20120810.ListTables" },
      "{}",
      403,
    ],
    ["no DynamoDB target", { "x-amz-target": "TrentService.Sign" }, "{}", 400],
    ["an operation that is not offered", { "x-amz-target": "DynamoDB_20120810.ExportTableToPointInTime" }, "{}", 400],
    ["an operation named after an object's member", { "x-amz-target": "DynamoDB_20120810.constructor" }, "{}", 400],
    ["a body that is not JSON", { "x-amz-target": "DynamoDB_20120810.ListTables" }, "{", 400],
    ["a body that is no object", { "x-amz-target": "DynamoDB_20120810.ListTables" }, "[]", 400],
    [
      "nulls where values belong",
      { "x-amz-target": "DynamoDB_20120810.PutItem" },
      '{"TableName":"outbox","Item":{"id":null}}',
      400,
    ],
    [
      "a body nested a thousand levels",
      { "x-amz-target": "DynamoDB_20120810.PutItem" },
      `{"Item":${'{"M":'.repeat(1000)}1${"}".repeat(1000)}}`,
      400,
    ],
  ])("refuses %s and stays up", async (_, headers, body, status) => {
    const server = await startDynamoServer(db);
    const { request } = await import("node:http");
    const answered = await new Promise<number | undefined>((resolve, reject) => {
      const call = request(server.endpoint, { method: "POST", headers }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      call.on("error", reject);
      call.end(body);
    });
    expect(answered).toBe(status);
    expect((await db.call("ListTables", {})).status).toBe(200);
    await server.close();
  });
});
