import { GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Ring, RotationOrder } from "../../../core/ring/model.ts";
import { documentClient } from "../../../lambdas/aws/dynamodb/dynamo.ts";
import { createOrderStore, createRingReader, createRingStore } from "../../../lambdas/aws/dynamodb/ring-store.ts";
import { type EmbeddedTables, openTables } from "../../kit/embedded/dynamodb.ts";
import { randomIds } from "../../kit/keys.ts";
import { toRecord } from "../../kit/records.ts";

const tables = { keyring: "Keyring", orders: "Orders", outbox: "Outbox" };
let opened: EmbeddedTables;
beforeAll(async () => {
  opened = await openTables({ Keyring: ["ring"], Orders: ["ring"], Outbox: ["eventId"] });
});
afterAll(() => opened.close());

const client = () => documentClient(opened.dynamo);
const ring = (version: number): Ring => ({
  purpose: "session",
  version,
  keys: [{ kid: "k", keyArn: "arn", alg: "ES256", state: "active", createdAtSeconds: 1, publishedAtSeconds: 0 }],
  intents: [{ id: "i", alg: "RS256", sinceSeconds: 2 }],
  switching: [],
});
const record = () =>
  toRecord(
    { operation: "key.activate", outcome: "allowed", timeMillis: 1, requestId: "r", target: "key:session/k" },
    randomIds.id(),
  );
const order = (id: string): RotationOrder => ({
  id,
  purpose: "session",
  kind: "emergency",
  reason: "r",
  operator: { arn: "arn:operator", uniqueId: "AROA" },
  atSeconds: 3,
});

beforeEach(async () => {
  for (const TableName of ["Keyring", "Orders"])
    await opened.dynamo.deleteItem({ TableName, Key: { ring: { S: "session" } } });
});

describe("the rings' rows", () => {
  test("come back as they were written, with the time that DynamoDB answered", async () => {
    const store = createRingStore(client(), tables);
    expect(await store.view("session")).toEqual({ witnessSeconds: expect.any(Number) });
    expect(await store.write(ring(1), [])).toBe(true);
    const askedSeconds = Math.floor(Date.now() / 1000);
    const view = await store.view("session");
    expect(view.ring).toEqual(ring(1));
    expect(view.witnessSeconds).toBeGreaterThanOrEqual(askedSeconds);
    expect(view.witnessSeconds).toBeLessThanOrEqual(Date.now() / 1000);
    expect(await createRingReader(client(), tables).read("session")).toEqual(ring(1));
    expect(await createRingReader(client(), tables).read("identity")).toBeUndefined();
  });

  test("are written by whoever read the version before, once; of ten at one instant one wins", async () => {
    const stores = Array.from({ length: 10 }, () => createRingStore(client(), tables));
    const first = await Promise.all(stores.map((store) => store.write(ring(1), [])));
    expect(first.filter(Boolean)).toHaveLength(1);
    const second = await Promise.all(stores.map((store) => store.write(ring(2), [record()])));
    expect(second.filter(Boolean)).toHaveLength(1);
    expect(await stores[0]?.write(ring(2), [])).toBe(false);
    expect(await stores[0]?.write(ring(5), [])).toBe(false);
  });

  test("and their records stand together or not at all", async () => {
    const store = createRingStore(client(), tables);
    const [kept, lost] = [record(), record()];
    await store.write(ring(1), [kept]);
    expect(await store.write(ring(1), [lost])).toBe(false);
    const stored = async (eventId: string) =>
      (await client().send(new GetCommand({ TableName: "Outbox", Key: { eventId } }))).Item;
    expect(await stored(kept.eventId)).toBeDefined();
    expect(await stored(lost.eventId)).toBeUndefined();
  });

  test.each([
    ["of another purpose", { purpose: "identity" }],
    ["without a version", { version: undefined }],
    ["whose keys are no list", { keys: {} }],
  ])("%s stop who reads them: a broken ring is not an empty one", async (_, more) => {
    await client().send(new PutCommand({ TableName: "Keyring", Item: { ...ring(1), ring: "session", ...more } }));
    await expect(createRingReader(client(), tables).read("session")).rejects.toThrow("is broken");
    await expect(createRingStore(client(), tables).view("session")).rejects.toThrow("is broken");
  });
});

describe("orders", () => {
  test("are seen beside the ring, and replaced only by who knows the last", async () => {
    const orders = createOrderStore(client(), tables);
    const store = createRingStore(client(), tables);
    await store.write(ring(1), []);
    expect(await orders.put(order("one"), undefined, record())).toBe(true);
    expect(await orders.put(order("two"), undefined, record())).toBe(false);
    expect(await orders.put(order("two"), "zero", record())).toBe(false);
    expect(await orders.put(order("two"), "one", record())).toBe(true);
    expect((await store.view("session")).order).toEqual(order("two"));
    expect((await store.view("identity")).order).toBeUndefined();
  });
});
