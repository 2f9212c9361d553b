import { randomUUID } from "node:crypto";
import type { TransactWriteItem } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTarget, PLAIN, refusedBy, SESSION_LIKE, type Target } from "./target.ts";

let target: Target;
let table: string;
let other: string;

beforeAll(async () => {
  target = await openTarget();
  table = await target.createTable(PLAIN);
  other = await target.createTable(SESSION_LIKE);
});
afterAll(() => target.close());

const write = (...TransactItems: TransactWriteItem[]) => target.client.transactWriteItems({ TransactItems });
const key = (pk: string) => ({ TableName: table, Key: { pk: { S: pk } } });
const put = (pk: string, more: Record<string, { S: string } | { N: string }> = {}) => ({
  Put: { TableName: table, Item: { pk: { S: pk }, ...more } },
});
const get = async (pk: string) => (await target.client.getItem({ ...key(pk), ConsistentRead: true })).Item;
const IF_ABSENT = { ConditionExpression: "attribute_not_exists(pk)" };
const add = (pk: string) => ({
  Update: { ...key(pk), UpdateExpression: "ADD n :one", ExpressionAttributeValues: { ":one": { N: "1" } } },
});

describe("TransactWriteItems", () => {
  test("writes to two tables at once", async () => {
    const pk = randomUUID();
    await write(put(pk), { Put: { TableName: other, Item: { pk: { S: pk }, sk: { S: "a" } } } });
    const there = await target.client.getItem({
      TableName: other,
      Key: { pk: { S: pk }, sk: { S: "a" } },
      ConsistentRead: true,
    });
    expect([(await get(pk))?.pk?.S, there.Item?.sk?.S]).toEqual([pk, "a"]);
  });

  test("writes nothing when one condition fails, and names the reason by position with the item", async () => {
    const [first, taken, third] = [randomUUID(), randomUUID(), randomUUID()];
    await write(put(taken, { holder: { S: "me" } }));
    const refused = await refusedBy(
      write(
        put(first),
        { Put: { ...put(taken).Put, ...IF_ABSENT, ReturnValuesOnConditionCheckFailure: "ALL_OLD" } },
        put(third),
      ),
    );
    expect(refused.name).toBe("TransactionCanceledException");
    expect(refused.reasons).toEqual(["None", "ConditionalCheckFailed", "None"]);
    expect(refused.items).toEqual([undefined, { pk: { S: taken }, holder: { S: "me" } }, undefined]);
    expect([await get(first), await get(third)]).toEqual([undefined, undefined]);
  });

  test("returns no item on a failed condition unless asked", async () => {
    const taken = randomUUID();
    await write(put(taken));
    expect((await refusedBy(write({ Put: { ...put(taken).Put, ...IF_ABSENT } }))).items).toEqual([undefined]);
  });

  test("names every failed condition, not just the first", async () => {
    const check = { ConditionCheck: { ...key(randomUUID()), ConditionExpression: "attribute_exists(pk)" } };
    const gone = { Delete: { ...key(randomUUID()), ConditionExpression: "attribute_exists(pk)" } };
    const refused = await refusedBy(write(check, put(randomUUID()), gone));
    expect(refused.reasons).toEqual(["ConditionalCheckFailed", "None", "ConditionalCheckFailed"]);
  });

  test("refuses two actions on one item, a condition check included", async () => {
    const pk = randomUUID();
    const check = { ConditionCheck: { ...key(pk), ...IF_ABSENT } };
    expect((await refusedBy(write(put(pk), add(pk)))).name).toBe("ValidationException");
    expect((await refusedBy(write(check, put(pk)))).name).toBe("ValidationException");
    expect(await get(pk)).toBeUndefined();
  });

  test("lets exactly as many through as a counter holds, of 20 that take from it at one instant", async () => {
    const [counter, uses] = [randomUUID(), Array.from({ length: 20 }, () => randomUUID())];
    await write(put(counter, { left: { N: "5" } }));
    const take = {
      Update: {
        ...key(counter),
        UpdateExpression: "SET #left = #left - :one",
        ConditionExpression: "#left >= :one",
        ExpressionAttributeNames: { "#left": "left" },
        ExpressionAttributeValues: { ":one": { N: "1" } },
      },
    };
    const attempt = async (pk: string): Promise<boolean> => {
      for (;;) {
        const outcome = await write(take, put(pk)).then(
          () => "taken",
          async (cause) => (await refusedBy(Promise.reject(cause))).reasons?.join() ?? String(cause),
        );
        // contention is asked again, as the adapter does; a failed condition is the counter's word
        if (!outcome.includes("TransactionConflict")) return outcome === "taken";
      }
    };
    const outcomes = await Promise.all(uses.map(attempt));
    expect(outcomes.filter(Boolean)).toHaveLength(5);
    expect((await get(counter))?.left).toEqual({ N: "0" });
    expect((await Promise.all(uses.map(get))).filter(Boolean)).toHaveLength(5);
  });

  test("takes 100 actions and refuses 101", async () => {
    const many = (count: number) => Array.from({ length: count }, () => put(randomUUID()));
    await write(...many(100));
    expect((await refusedBy(write(...many(101)))).name).toBe("ValidationException");
  });

  test("refuses no action at all, and an action of two kinds", async () => {
    const both = { ...put(randomUUID()), ...add(randomUUID()) };
    expect((await refusedBy(write())).name).toBe("ValidationException");
    expect((await refusedBy(write(both))).name).toBe("ValidationException");
  });

  test("refuses items of more than 4 MB together", async () => {
    const big = () => put(randomUUID(), { text: { S: "x".repeat(390_000) } });
    const refused = await refusedBy(write(...Array.from({ length: 11 }, big)));
    expect(["ValidationException", "TransactionCanceledException"]).toContain(refused.name);
  });

  test("refuses an item over 400 KB that an update would make", async () => {
    const pk = randomUUID();
    const grow = {
      ...key(pk),
      UpdateExpression: "SET more = :more",
      ExpressionAttributeValues: { ":more": { S: "x".repeat(300_000) } },
    };
    await write(put(pk, { text: { S: "x".repeat(300_000) } }));
    expect((await refusedBy(write({ Update: grow }))).name).toBe("TransactionCanceledException");
  });

  test("refuses an update of a wrong type and writes nothing beside it", async () => {
    const [text, beside] = [randomUUID(), randomUUID()];
    await write(put(text, { n: { S: "not a number" } }));
    const refused = await refusedBy(write(put(beside), add(text)));
    expect(["TransactionCanceledException", "ValidationException"]).toContain(refused.name);
    if (refused.reasons !== undefined) expect(refused.reasons).toEqual(["None", "ValidationError"]);
    expect(await get(beside)).toBeUndefined();
  });

  test("refuses a key that does not fit the table", async () => {
    const refused = await refusedBy(write({ Put: { TableName: table, Item: { other: { S: "x" } } } }));
    expect(["TransactionCanceledException", "ValidationException"]).toContain(refused.name);
  });

  test("refuses a table that is not there", async () => {
    const nowhere = { Put: { TableName: "contract-nowhere", Item: { pk: { S: "x" } } } };
    expect((await refusedBy(write(put(randomUUID()), nowhere))).name).toBe("ResourceNotFoundException");
  });

  test("refuses a reserved word and a broken expression as a whole, without reasons", async () => {
    const pk = randomUUID();
    const reserved = { Put: { ...put(pk).Put, ConditionExpression: "attribute_not_exists(agent)" } };
    const broken = { Put: { ...put(pk).Put, ConditionExpression: "pk = = 1" } };
    for (const action of [reserved, broken]) {
      const refused = await refusedBy(write(action));
      expect([refused.name, refused.reasons]).toEqual(["ValidationException", undefined]);
    }
  });
});

describe("ClientRequestToken", () => {
  const send = (token: string, ...TransactItems: TransactWriteItem[]) =>
    target.client.transactWriteItems({ ClientRequestToken: token, TransactItems });

  test("applies 50 concurrent identical requests once", async () => {
    const [pk, token] = [randomUUID(), randomUUID()];
    const patient = (attempt = 0): Promise<unknown> =>
      send(token, add(pk)).catch((error: { name: string }) => {
        const again = ["TransactionInProgressException", "TransactionCanceledException"].includes(error.name);
        if (!again || attempt > 20) throw error;
        const pause = new Promise((resolve) => setTimeout(resolve, 100)); // clock: of others' transactions
        return pause.then(() => patient(attempt + 1));
      });
    await Promise.all(Array.from({ length: 50 }, () => patient()));
    expect(await get(pk)).toEqual({ pk: { S: pk }, n: { N: "1" } });
  });

  test("refuses the same token with other parameters", async () => {
    const [pk, token] = [randomUUID(), randomUUID()];
    await send(token, add(pk));
    expect((await refusedBy(send(token, add(randomUUID())))).name).toBe("IdempotentParameterMismatchException");
    expect((await get(pk))?.n).toEqual({ N: "1" });
  });

  test("is not consumed by a transaction that failed", async () => {
    const [pk, token] = [randomUUID(), randomUUID()];
    const delayed = { ConditionCheck: { ...key(pk), ConditionExpression: "attribute_exists(pk)" } };
    const beside = randomUUID();
    await refusedBy(send(token, delayed, put(beside)));
    await write(put(pk));
    await send(token, delayed, put(beside));
    expect(await get(beside)).toBeDefined();
  });

  test("longer than 36 characters is refused", async () => {
    expect((await refusedBy(send("x".repeat(37), add(randomUUID())))).name).toBe("ValidationException");
  });
});

describe("TransactGetItems", () => {
  test("answers by position, with nothing where there is nothing", async () => {
    const pk = randomUUID();
    await write(put(pk, { a: { S: "1" }, b: { S: "2" } }));
    const TransactItems = [{ Get: key(randomUUID()) }, { Get: { ...key(pk), ProjectionExpression: "a" } }];
    const { Responses } = await target.client.transactGetItems({ TransactItems });
    expect(Responses?.map((response) => response.Item)).toEqual([undefined, { a: { S: "1" } }]);
  });

  test("refuses 101 keys", async () => {
    const TransactItems = Array.from({ length: 101 }, () => ({ Get: key(randomUUID()) }));
    expect((await refusedBy(target.client.transactGetItems({ TransactItems }))).name).toBe("ValidationException");
  });
});
