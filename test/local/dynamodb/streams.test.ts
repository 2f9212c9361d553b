import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type DynamoDb, openDynamoDb } from "../../../local/emulator/dynamodb/engine.ts";
import { createOutbox, put, refusal, succeed } from "./table.ts";

const START_MILLIS = Date.UTC(2026, 0, 1);
let nowMillis = START_MILLIS;
let db: DynamoDb;

beforeEach(async () => {
  nowMillis = START_MILLIS;
  db = await openDynamoDb({ nowMillis: () => nowMillis });
});
afterEach(() => db.close());

const all = () => db.streams.read("outbox", undefined, 1000);
const names = async () => (await all()).map(({ eventName, dynamodb }) => `${eventName} ${dynamodb.Keys.id?.S}`);
const key = (id: string) => ({ TableName: "outbox", Key: { id: { S: id } } });

describe("stream records", () => {
  test("tell an insert, a change and a removal with both images, as Lambda shows them", async () => {
    await createOutbox(db);
    await put(db, "a", { n: { N: "1" } });
    await put(db, "a", { n: { N: "2" } });
    await succeed(db, "DeleteItem", key("a"));
    const [insert, change, removal] = await all();
    const one = { id: { S: "a" }, n: { N: "1" } };
    const two = { id: { S: "a" }, n: { N: "2" } };
    expect(insert).toMatchObject({
      eventName: "INSERT",
      eventSource: "aws:dynamodb",
      awsRegion: "eu-west-1",
      dynamodb: {
        Keys: { id: { S: "a" } },
        NewImage: one,
        ApproximateCreationDateTime: START_MILLIS / 1000,
        SizeBytes: 9,
        StreamViewType: "NEW_AND_OLD_IMAGES",
      },
    });
    expect(insert?.dynamodb).not.toHaveProperty("OldImage");
    expect([change?.dynamodb.OldImage, change?.dynamodb.NewImage]).toEqual([one, two]);
    expect([removal?.eventName, removal?.dynamodb.OldImage, removal?.dynamodb.NewImage]).toEqual([
      "REMOVE",
      two,
      undefined,
    ]);
    expect(insert).not.toHaveProperty("userIdentity");
  });

  test.each([
    ["KEYS_ONLY", []],
    ["NEW_IMAGE", ["NewImage"]],
    ["OLD_IMAGE", ["OldImage"]],
    ["NEW_AND_OLD_IMAGES", ["NewImage", "OldImage"]],
  ])("of view type %s carry %j", async (viewType, images) => {
    await createOutbox(db, viewType);
    await put(db, "a", { n: { N: "1" } });
    await put(db, "a", { n: { N: "2" } });
    const change = (await all())[1]?.dynamodb ?? {};
    expect(
      Object.keys(change)
        .filter((name) => name.endsWith("Image"))
        .sort(),
    ).toEqual(images);
  });

  test("are not written for writes that change nothing, fail or are cancelled", async () => {
    await createOutbox(db);
    await put(db, "a", { tags: { SS: ["x", "y"] } });
    await put(db, "a", { tags: { SS: ["y", "x"] } });
    await succeed(db, "DeleteItem", key("never there"));
    await refusal(db, "PutItem", {
      TableName: "outbox",
      Item: { id: { S: "a" } },
      ConditionExpression: "attribute_not_exists(id)",
    });
    const cancelled = [
      { Put: { TableName: "outbox", Item: { id: { S: "b" } } } },
      { ConditionCheck: { ...key("c"), ConditionExpression: "attribute_exists(id)" } },
    ];
    expect(await refusal(db, "TransactWriteItems", { TransactItems: cancelled })).toBe(
      "TransactionCanceledException[None,ConditionalCheckFailed]",
    );
    expect(await names()).toEqual(["INSERT a"]);
  });

  test("of a transaction come together and in its order, of a batch too", async () => {
    await createOutbox(db);
    const TransactItems = ["b", "a"].map((id) => ({ Put: { TableName: "outbox", Item: { id: { S: id } } } }));
    await succeed(db, "TransactWriteItems", { TransactItems });
    await succeed(db, "BatchWriteItem", { RequestItems: { outbox: [{ DeleteRequest: { Key: { id: { S: "a" } } } }] } });
    expect(await names()).toEqual(["INSERT b", "INSERT a", "REMOVE a"]);
  });

  test("are read on behind a sequence number, in order, as many as asked", async () => {
    await createOutbox(db);
    for (let n = 0; n < 12; n += 1) await put(db, `item-${n}`);
    const first = await db.streams.read("outbox", undefined, 5);
    const rest = await db.streams.read("outbox", first.at(-1)?.dynamodb.SequenceNumber, 100);
    expect([...first, ...rest].map(({ dynamodb }) => dynamodb.Keys.id?.S)).toEqual(
      Array.from({ length: 12 }, (_, n) => `item-${n}`),
    );
    expect(rest.at(-1)?.dynamodb.SequenceNumber).toBe(db.streams.latestSequence());
  });

  test("are trimmed after 24 hours, and sequence numbers go on", async () => {
    await createOutbox(db);
    await put(db, "old");
    const before = db.streams.latestSequence();
    nowMillis += 25 * 3_600_000;
    await put(db, "young");
    expect((await db.sweepNow()).trimmed).toBe(1);
    expect(await names()).toEqual(["INSERT young"]);
    expect(db.streams.latestSequence() > before).toBe(true);
  });

  test("need a stream: its ARN stands in the description, a view type must exist", async () => {
    await createOutbox(db);
    const { Table } = (await succeed(db, "DescribeTable", { TableName: "outbox" })) as {
      Table: Record<string, unknown>;
    };
    expect(Table.LatestStreamArn).toMatch(
      /^arn:aws:dynamodb:eu-west-1:111122223333:table\/outbox\/stream\/2026-01-01T00:00:00.000$/,
    );
    expect(
      (
        await all()
          .then(() => put(db, "a"))
          .then(all)
      )[0]?.eventSourceARN,
    ).toBe(Table.LatestStreamArn);
    await expect(createOutbox(db, "EVERYTHING")).rejects.toThrow("ValidationException");
    await expect(db.streams.read("nowhere", undefined, 1)).rejects.toThrow("nowhere");
  });
});

describe("time to live", () => {
  const NOW_SECONDS = START_MILLIS / 1000;
  const enable = () =>
    succeed(db, "UpdateTimeToLive", {
      TableName: "outbox",
      TimeToLiveSpecification: { AttributeName: "expires", Enabled: true },
    });

  test("deletes what is expired, as the TTL service, and nothing else", async () => {
    await createOutbox(db);
    await enable();
    await put(db, "expired", { expires: { N: `${NOW_SECONDS - 1}` } });
    await put(db, "alive", { expires: { N: `${NOW_SECONDS + 60}` } });
    await put(db, "text", { expires: { S: `${NOW_SECONDS - 1}` } });
    await put(db, "six years old", { expires: { N: `${NOW_SECONDS - 6 * 366 * 86_400}` } });
    await put(db, "no expiry");
    expect((await db.sweepNow()).deleted).toBe(1);
    const last = (await all()).at(-1);
    expect(last).toMatchObject({
      eventName: "REMOVE",
      userIdentity: { type: "Service", principalId: "dynamodb.amazonaws.com" },
      dynamodb: { Keys: { id: { S: "expired" } } },
    });
    expect((await succeed(db, "Scan", { TableName: "outbox" })).Count).toBe(4);
  });

  test("does nothing before it is switched on, and after it is switched off", async () => {
    await createOutbox(db);
    await put(db, "expired", { expires: { N: `${NOW_SECONDS - 1}` } });
    expect((await db.sweepNow()).deleted).toBe(0);
    await enable();
    await succeed(db, "UpdateTimeToLive", {
      TableName: "outbox",
      TimeToLiveSpecification: { AttributeName: "expires", Enabled: false },
    });
    expect((await db.sweepNow()).deleted).toBe(0);
  });
});

test("an idempotency token is forgotten after 10 minutes, not before", async () => {
  await createOutbox(db);
  const add = { ...key("n"), UpdateExpression: "ADD n :one", ExpressionAttributeValues: { ":one": { N: "1" } } };
  const send = () => succeed(db, "TransactWriteItems", { ClientRequestToken: "t", TransactItems: [{ Update: add }] });
  const count = async () => ((await succeed(db, "GetItem", key("n"))).Item as { n: { N: string } }).n.N;
  await send();
  nowMillis += 599_000;
  await send();
  expect(await count()).toBe("1");
  expect((await db.sweepNow()).forgotten).toBe(0);
  nowMillis += 2000;
  await send();
  expect(await count()).toBe("2");
  nowMillis += 600_001;
  expect((await db.sweepNow()).forgotten).toBe(1);
});
