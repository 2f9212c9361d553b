import { randomUUID } from "node:crypto";
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { describe, expect, test } from "vitest";
import { fresh, get, type Image, indexed, key, nested, put, setUp, table, target, update } from "./table.ts";
import { refusedBy } from "./target.ts";

setUp();

describe("items", () => {
  test("of every type come back as they were written", async () => {
    const image: Image = {
      s: { S: "grüße 🐿" },
      n: { N: "1.5" },
      b: { B: Uint8Array.of(0, 255) },
      t: { BOOL: true },
      nothing: { NULL: true },
      ss: { SS: ["a"] },
      ns: { NS: ["7"] },
      l: { L: [{ S: "a" }, { N: "1" }] },
      m: { M: { inner: { L: [] } } },
      empty: { S: "" },
    };
    expect(await get(await fresh(image))).toMatchObject(image);
  });

  test("numbers lose leading and trailing zeros and keep 38 digits", async () => {
    const digits = "12345678901234567890123456789012345678";
    const item = await get(
      await fresh({ a: { N: "007" }, b: { N: "1.500" }, c: { N: digits }, d: { N: "-0.10" }, e: { N: "1e3" } }),
    );
    expect([item?.a?.N, item?.b?.N, item?.c?.N, item?.d?.N, item?.e?.N]).toEqual(["7", "1.5", digits, "-0.1", "1000"]);
  });

  test.each([
    ["a number of 39 digits", { n: { N: "1".repeat(39) } }],
    ["a number that is none", { n: { N: "one" } }],
    ["an empty set", { s: { SS: [] } }],
    ["a set with the same member twice", { s: { SS: ["a", "a"] } }],
    ["a value 33 levels deep", { m: nested(32) }],
    ["an item over 400 KB", { s: { S: "x".repeat(410_000) } }],
    ["an item over 400 KB in UTF-8 but not in UTF-16", { s: { S: "é".repeat(210_000) } }],
  ] satisfies [string, Image][])("refuses %s", async (_, image) => {
    const pk = randomUUID();
    expect((await refusedBy(put(pk, image))).name).toBe("ValidationException");
    expect(await get(pk)).toBeUndefined();
  });

  test("take a value 32 levels deep", async () => {
    expect(await get(await fresh({ m: nested(31) }))).toHaveProperty("m");
  });

  test("need their key, of its type and not empty", async () => {
    const write = (Item: Image) => refusedBy(target.client.putItem({ TableName: table, Item }));
    for (const item of [
      { other: { S: "x" } },
      { pk: { N: "1" } },
      { pk: { S: "" } },
      { pk: { S: "x".repeat(2049) } },
    ] satisfies Image[]) {
      expect((await write(item)).name).toBe("ValidationException");
    }
  });

  test("refuse an empty string as an index key", async () => {
    const Item = { pk: { S: "a" }, sk: { S: "b" }, owner: { S: "" } };
    expect((await refusedBy(target.client.putItem({ TableName: indexed, Item }))).name).toBe("ValidationException");
  });

  test("of a table that is not there are refused by name", async () => {
    const nowhere = { TableName: "contract-nowhere", Key: { pk: { S: "a" } } };
    expect((await refusedBy(target.client.getItem(nowhere))).name).toBe("ResourceNotFoundException");
  });
});

describe("conditions", () => {
  const ABSENT = { ConditionExpression: "attribute_not_exists(pk)" };

  test("let exactly one of 20 concurrent creations through", async () => {
    const pk = randomUUID();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 20 }, (_, n) => put(pk, { n: { N: `${n}` } }, ABSENT)),
    );
    expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });

  test("return the item that failed them only when asked", async () => {
    const pk = await fresh({ holder: { S: "me" } });
    const wish = { ...ABSENT, ReturnValuesOnConditionCheckFailure: "ALL_OLD" as const };
    expect(await refusedBy(put(pk, {}, wish))).toEqual({
      name: "ConditionalCheckFailedException",
      item: { pk: { S: pk }, holder: { S: "me" } },
    });
    expect(await refusedBy(put(pk, {}, ABSENT))).toEqual({ name: "ConditionalCheckFailedException" });
    expect((await refusedBy(update(pk, "REMOVE holder", {}, wish))).item).toHaveProperty("holder");
    expect((await refusedBy(target.client.deleteItem({ ...key(pk), ...wish }))).item).toHaveProperty("holder");
  });

  test("refuse a wish that does not exist", async () => {
    const wish = { ...ABSENT, ReturnValuesOnConditionCheckFailure: "ALL_NEW" as "ALL_OLD" };
    expect((await refusedBy(put(randomUUID(), {}, wish))).name).toBe("ValidationException");
  });

  test.each([
    ["n > :v", { N: "4" }, true],
    ["n > :v", { N: "10" }, false],
    ["n = :v", { N: "5.0" }, true],
    ["n = :v", { S: "5" }, false],
    ["lacking = :v", { S: "a" }, false],
    ["lacking <> :v", { S: "a" }, true],
    ["begins_with(s, :v)", { S: "ab" }, true],
    ["contains(ss, :v)", { S: "y" }, true],
    ["contains(ss, :v)", { S: "z" }, false],
    ["size(s) = :v", { N: "3" }, true],
    ["attribute_type(s, :v)", { S: "N" }, false],
    ["s IN (:v)", { S: "abc" }, true],
    ["NOT s = :v", { S: "abc" }, false],
    ["m.below = :v", { S: "deep" }, true],
    ["l[1] = :v", { S: "second" }, true],
  ] satisfies [string, AttributeValue, boolean][])("%s with %o is %s", async (ConditionExpression, value, holds) => {
    const pk = await fresh({
      n: { N: "5" },
      s: { S: "abc" },
      ss: { SS: ["x", "y"] },
      m: { M: { below: { S: "deep" } } },
      l: { L: [{ S: "first" }, { S: "second" }] },
    });
    const check = update(pk, "SET hit = :hit", { ":hit": { BOOL: true }, ":v": value }, { ConditionExpression });
    if (holds) await check;
    else expect((await refusedBy(check)).name).toBe("ConditionalCheckFailedException");
    expect((await get(pk))?.hit).toEqual(holds ? { BOOL: true } : undefined);
  });

  test.each(["=", "<>"])("on two maps by %s mean what they say, or are refused loudly", async (operator) => {
    const pk = await fresh({ m: { M: { a: { S: "1" } } } });
    const ConditionExpression = `m ${operator} :v`;
    const check = update(
      pk,
      "SET hit = :hit",
      { ":hit": { BOOL: true }, ":v": { M: { a: { S: "1" } } } },
      { ConditionExpression },
    );
    if (target.embedded) expect((await refusedBy(check)).name).toBe("ValidationException");
    else if (operator === "=") await check;
    else expect((await refusedBy(check)).name).toBe("ConditionalCheckFailedException");
  });

  test("on two missing attributes never count as equal", async () => {
    const pk = await fresh();
    const check = update(pk, "SET hit = :hit", { ":hit": { BOOL: true } }, { ConditionExpression: "uno = due" });
    expect(["ValidationException", "ConditionalCheckFailedException"]).toContain((await refusedBy(check)).name);
  });
});

describe("expressions", () => {
  test.each([
    "agent",
    "session",
    "status",
    "scope",
    "token",
    "owner",
    "resource",
    "ttl",
    "name",
    "type",
    "data",
    "key",
    "value",
    "state",
    "depth",
    "hash",
    "role",
    "level",
  ])("refuse the reserved word %s unless named by a placeholder", async (word) => {
    const pk = randomUUID();
    expect((await refusedBy(update(pk, `SET ${word} = :v`, { ":v": { S: "x" } }))).name).toBe("ValidationException");
    await update(pk, "SET #word = :v", { ":v": { S: "x" } }, { ExpressionAttributeNames: { "#word": word } });
    expect((await get(pk))?.[word]).toEqual({ S: "x" });
  });

  test.each([
    ["an unused value", "SET a = :a", { ":a": { S: "x" }, ":b": { S: "x" } }],
    ["a value that is not given", "SET a = :lacking", { ":a": { S: "x" } }],
    ["two paths that overlap", "SET a = :a, a = :a", { ":a": { S: "x" } }],
    ["a change of the key", "SET pk = :a", { ":a": { S: "x" } }],
    ["an attribute that is not there as operand", "SET a = lacking + :a", { ":a": { N: "1" } }],
    ["a path through nothing", "SET nix.nada = :a", { ":a": { N: "1" } }],
    ["more than 4 KB", `SET a = :a ${" ".repeat(4100)}`, { ":a": { S: "x" } }],
  ] satisfies [string, string, Image][])("refuse %s", async (_, expression, values) => {
    const pk = await fresh();
    expect((await refusedBy(update(pk, expression, values))).name).toBe("ValidationException");
    expect(await get(pk)).toEqual({ pk: { S: pk } });
  });

  test("count, default, append and remove", async () => {
    const pk = await fresh({ n: { N: "1" }, l: { L: [] }, gone: { S: "x" } });
    const { Attributes } = await update(
      pk,
      "SET n = n + :one, d = if_not_exists(d, :one), l = list_append(l, :list) REMOVE gone ADD tags :tags",
      { ":one": { N: "1" }, ":list": { L: [{ S: "a" }] }, ":tags": { SS: ["t"] } },
      { ReturnValues: "ALL_NEW" },
    );
    expect(Attributes).toEqual({
      pk: { S: pk },
      n: { N: "2" },
      d: { N: "1" },
      l: { L: [{ S: "a" }] },
      tags: { SS: ["t"] },
    });
  });

  test("lose no increment of 50 concurrent ones", async () => {
    const pk = await fresh();
    await Promise.all(Array.from({ length: 50 }, () => update(pk, "ADD n :one", { ":one": { N: "1" } })));
    expect((await get(pk))?.n).toEqual({ N: "50" });
  });
});

describe("batches", () => {
  const keys = (count: number) => Array.from({ length: count }, () => ({ pk: { S: randomUUID() } }));
  const batchGet = (Keys: Image[]) =>
    target.client.batchGetItem({ RequestItems: { [table]: { Keys, ConsistentRead: true } } });

  test("get 100 keys, with what is there and no unprocessed key", async () => {
    const all = keys(100);
    const PutRequests = all.slice(0, 25).map((Item) => ({ PutRequest: { Item } }));
    await target.client.batchWriteItem({ RequestItems: { [table]: PutRequests } });
    const { Responses, UnprocessedKeys } = await batchGet(all);
    expect(Responses?.[table]).toHaveLength(25);
    expect(UnprocessedKeys ?? {}).toEqual({});
  });

  test("get refuses 101 keys, none, and one key twice", async () => {
    const [one = { pk: { S: "" } }] = keys(1);
    for (const wrong of [keys(101), [], [one, { ...one }]])
      expect((await refusedBy(batchGet(wrong))).name).toBe("ValidationException");
  });

  test("get answers too much at once with unprocessed keys, in the form of a request", async () => {
    const many = await Promise.all(Array.from({ length: 50 }, () => fresh({ text: { S: "x".repeat(380_000) } })));
    const Keys = many.map((pk) => ({ pk: { S: pk } }));
    const { Responses, UnprocessedKeys } = await batchGet(Keys);
    const left = UnprocessedKeys?.[table];
    expect(left?.ConsistentRead).toBe(true);
    expect((Responses?.[table]?.length ?? 0) + (left?.Keys?.length ?? 0)).toBe(50);
  });

  test("write refuses 26 items over two tables, and one item twice", async () => {
    const puts = (count: number) => keys(count).map((Item) => ({ PutRequest: { Item } }));
    const elsewhere = keys(13).map((Item) => ({ PutRequest: { Item: { ...Item, sk: { S: "a" } } } }));
    const [twice = { PutRequest: { Item: {} } }] = puts(1);
    for (const RequestItems of [
      { [table]: puts(26) },
      { [table]: puts(13), [indexed]: elsewhere },
      { [table]: [twice, twice] },
    ]) {
      expect((await refusedBy(target.client.batchWriteItem({ RequestItems }))).name).toBe("ValidationException");
    }
  });
});

describe("time to live", () => {
  test("is described as enabled, and refused when it already is", async () => {
    const switchTo = (Enabled: boolean, AttributeName = "expires") =>
      target.client.updateTimeToLive({ TableName: table, TimeToLiveSpecification: { AttributeName, Enabled } });
    await switchTo(true);
    const { TimeToLiveDescription } = await target.client.describeTimeToLive({ TableName: table });
    expect(TimeToLiveDescription?.AttributeName).toBe("expires");
    expect(["ENABLED", "ENABLING"]).toContain(TimeToLiveDescription?.TimeToLiveStatus);
    expect((await refusedBy(switchTo(true))).name).toBe("ValidationException");
    expect((await refusedBy(switchTo(true, "other"))).name).toBe("ValidationException");
  });

  test("leaves an expired item readable until the sweep: readers must check it themselves", async () => {
    const pk = await fresh({ expires: { N: "1700000000" } });
    expect(await get(pk)).toBeDefined();
  });
});
