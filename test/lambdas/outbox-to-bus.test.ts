import { fc, test } from "@fast-check/vitest";
import { afterAll, beforeAll, expect } from "vitest";
import type { BusEntry } from "../../core/endpoints/relay.ts";
import { documentClient } from "../../lambdas/aws/dynamodb/dynamo.ts";
import { createOutbox } from "../../lambdas/aws/dynamodb/outbox.ts";
import { createRelay } from "../../lambdas/relay/relay.ts";
import type { StreamRecord } from "../../lambdas/relay/stream-record.ts";
import { type DynamoDb, openDynamoDb } from "../../local/emulator/dynamodb/engine.ts";
import { startDynamoServer } from "../../local/emulator/dynamodb/server.ts";
import { clientOf, tableNames } from "../kit/embedded/dynamodb.ts";
import { id, now } from "./samples.ts";

let db: DynamoDb;
let server: Awaited<ReturnType<typeof startDynamoServer>>;
beforeAll(async () => {
  db = await openDynamoDb();
  await db.call("CreateTable", {
    TableName: "Outbox",
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [{ AttributeName: "eventId", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "eventId", KeyType: "HASH" }],
    StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_IMAGE" },
  });
  server = await startDynamoServer(db);
});
afterAll(async () => {
  await server.close();
  await db.close();
});

test.prop([fc.string({ unit: "binary", maxLength: 2_000 })], { numRuns: 40 })(
  "a record comes out of the Outbox's stream onto the bus byte for byte, through DynamoDB's own form of bytes",
  async (said) => {
    const body = JSON.stringify({ said });
    const eventId = `denied#${id()}`;
    const dynamo = clientOf(server.endpoint);
    const outbox = createOutbox(documentClient(dynamo), tableNames);
    await outbox.put({ eventId, timeMillis: now * 1_000, detailType: "API Activity", body, hash: "h" });
    dynamo.destroy();
    const records = (await db.streams.read("Outbox", undefined, 1_000)) as readonly StreamRecord[];
    const mine = records.filter(({ dynamodb }) => dynamodb?.NewImage?.eventId?.S === eventId);
    expect(mine.map(({ dynamodb }) => dynamodb?.NewImage?.body)).toEqual([{ B: expect.any(String) }]);
    const sent: BusEntry[] = [];
    const put = async (entries: readonly BusEntry[]) => {
      sent.push(...entries);
      return entries.map(() => undefined);
    };
    const keep = () => Promise.reject(new Error("nothing is to be kept"));
    const told = () => undefined;
    const relay = createRelay({ put }, { keep }, { kept: told, unkept: told, refused: told });
    expect(await relay(mine)).toEqual({ batchItemFailures: [] });
    expect(sent.map(({ detail }) => detail)).toEqual([body]);
  },
);
