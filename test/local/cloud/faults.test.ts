import {
  BatchGetItemCommand,
  DynamoDBClient,
  PutItemCommand,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { describe, expect, it } from "vitest";
import { auditRecords, cloud, nameOf, settings, setUp, worker } from "./ground.ts";

setUp();

describe("faults", () => {
  it("throttle, fail and cancel as often as told, then end", async () => {
    const dynamo = new DynamoDBClient(settings(cloud));
    const put = () =>
      nameOf(dynamo.send(new PutItemCommand({ TableName: cloud.outputs.RowsName, Item: { id: { S: "f" } } })));
    cloud.faults.inject({ kind: "throttle", service: "dynamodb", operation: "PutItem", times: 1 });
    expect([await put(), await put()]).toEqual(["ProvisionedThroughputExceededException", "ok"]);
    cloud.faults.inject({ kind: "serverError", service: "dynamodb", times: 1 });
    expect([await put(), await put()]).toEqual(["InternalServerError", "ok"]);
    cloud.faults.inject({ kind: "conflict", times: 1 });
    const TransactItems = [{ Put: { TableName: cloud.outputs.RowsName, Item: { id: { S: "g" } } } }];
    const cancelled = await dynamo.send(new TransactWriteItemsCommand({ TransactItems })).catch((thrown) => thrown);
    expect(cancelled.CancellationReasons).toEqual([{ Code: "TransactionConflict" }]);
  });

  it("throttle a transaction's items and leave a batch's keys unprocessed, as DynamoDB does both", async () => {
    const dynamo = new DynamoDBClient(settings(cloud));
    const TableName = cloud.outputs.RowsName ?? "";
    cloud.faults.inject({ kind: "throttledItems", times: 1 });
    const TransactItems = [{ Put: { TableName, Item: { id: { S: "h" } } } }];
    const cancelled = await dynamo.send(new TransactWriteItemsCommand({ TransactItems })).catch((thrown) => thrown);
    expect(cancelled.CancellationReasons).toEqual([{ Code: "ThrottlingError" }]);
    await dynamo.send(new PutItemCommand({ TableName, Item: { id: { S: "h" } } }));
    const read = () =>
      dynamo.send(new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: [{ id: { S: "h" } }] } } }));
    cloud.faults.inject({ kind: "unprocessed", times: 1 });
    const none = await read();
    expect(none.Responses).toEqual({});
    expect(none.UnprocessedKeys?.[TableName]?.Keys).toEqual([{ id: { S: "h" } }]);
    expect((await read()).Responses?.[TableName]).toEqual([{ id: { S: "h" } }]);
  });

  it("hit that share of the calls that is drawn, and count only those", async () => {
    const ssm = new SSMClient({ ...settings(cloud), maxAttempts: 1 });
    const draws = [0.7, 0.2, 0.9, 0.4, 0.1];
    cloud.faults.inject({ kind: "throttle", service: "ssm", share: 0.5, times: 2, draw: () => draws.shift() ?? 1 });
    const names: string[] = [];
    for (let call = 0; call < 6; call++)
      names.push(await nameOf(ssm.send(new GetParameterCommand({ Name: "/fixture/urls" }))));
    expect(names).toEqual(["ok", "ThrottlingException", "ok", "ThrottlingException", "ok", "ok"]);
    expect(draws).toEqual([0.1]);
  });

  it("hold calls for as long as told and only until switched off", async () => {
    const ssm = new SSMClient(settings(cloud));
    const millis = async () => {
      const startedAt = performance.now();
      await ssm.send(new GetParameterCommand({ Name: "/fixture/urls" }));
      return performance.now() - startedAt;
    };
    const off = cloud.faults.inject({ kind: "latency", service: "ssm", latencyMillis: 300 });
    expect(await millis()).toBeGreaterThan(290);
    off();
    // one that still held would keep the call for as long as this test may take
    cloud.faults.inject({ kind: "latency", service: "ssm", latencyMillis: 3_600_000 })();
    await millis();
  });

  it("keep events for Firehose while it is down, and drop none when it is back", async () => {
    cloud.faults.inject({ kind: "down", service: "firehose", times: 1 });
    await worker({ act: "transact", item: { id: { S: "late" } } });
    await cloud.flush();
    expect(auditRecords(cloud)).toContainEqual({ id: "late" });
  });

  it("send to the dead-letter queue what Firehose refuses for too long", async () => {
    cloud.faults.inject({ kind: "down", service: "firehose" });
    await worker({ act: "transact", item: { id: { S: "undelivered" } } });
    await expect.poll(() => cloud.queueMessages("Dead")).toContain('{"id":"undelivered"}');
  });

  it("kill a sandbox in the middle of its work", async () => {
    const running = worker({ act: "hold", millis: 3_600_000 });
    running.catch(() => undefined);
    await expect.poll(() => cloud.sandboxes("worker").length).toBeGreaterThan(0);
    expect(cloud.faults.crash("worker")).toBe(true);
    await expect(running).rejects.toThrow(/ExitError/);
  });
});
