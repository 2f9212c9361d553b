import { randomUUID } from "node:crypto";
import type { AttributeValue, QueryCommandInput } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { patience } from "../kit/patience.ts";
import { openTarget, refusedBy, SESSION_LIKE, type Target } from "./target.ts";

/** Under one index key: more than one page of answers, and enough to lose some if entries shared keys. */
const ITEMS = 2500;
let target: Target;
let table: string;

beforeAll(async () => {
  target = await openTarget();
  table = await target.createTable(SESSION_LIKE);
  await writeAll(Array.from({ length: ITEMS }, (_, n) => ({ PutRequest: { Item: item("busy", n) } })));
});
afterAll(() => target.close());

type Image = Record<string, AttributeValue>;
const sk = (n: number) => String(n).padStart(5, "0");
const item = (owner: string, n: number): Image => ({
  pk: { S: `root-${n % 7}` },
  sk: { S: sk(n) },
  owner: { S: owner },
  more: { S: "x" },
});

async function writeAll(requests: { PutRequest: { Item: Image } }[]): Promise<void> {
  for (let at = 0; at < requests.length; at += 25) {
    let left: typeof requests | undefined = requests.slice(at, at + 25);
    while (left !== undefined && left.length > 0) {
      const answer = await target.client.batchWriteItem({ RequestItems: { [table]: left } });
      left = answer.UnprocessedItems?.[table] as typeof requests | undefined;
    }
  }
}

async function pages(input: Partial<QueryCommandInput>): Promise<Image[]> {
  const found: Image[] = [];
  let ExclusiveStartKey: Image | undefined;
  do {
    const page = await target.client.query({
      TableName: table,
      ...input,
      ...(ExclusiveStartKey ? { ExclusiveStartKey } : {}),
    });
    found.push(...(page.Items ?? []));
    ExclusiveStartKey = page.LastEvaluatedKey;
    if (found.length > 2 * ITEMS) throw new Error("paging goes round in circles");
  } while (ExclusiveStartKey !== undefined);
  return found;
}
const byOwner = (owner: string, more: Partial<QueryCommandInput> = {}) =>
  pages({
    IndexName: "byOwner",
    KeyConditionExpression: "#owner = :owner",
    ExpressionAttributeNames: { "#owner": "owner" },
    ExpressionAttributeValues: { ":owner": { S: owner } },
    ...more,
  });
const byRoot = (condition: string, values: Image, more: Partial<QueryCommandInput> = {}) =>
  pages({
    KeyConditionExpression: `pk = :pk${condition}`,
    ExpressionAttributeValues: values,
    ConsistentRead: true,
    ...more,
  });
const sks = (items: Image[]) => items.map((found) => found.sk?.S ?? "");
/** An index on AWS catches up in its own time. */
const settled = (check: () => Promise<void>) => (target.embedded ? check() : vi.waitFor(check, patience));

describe("a global secondary index", () => {
  test(`holds all ${ITEMS} items of one key, each once, in whatever page size, both ways`, async () => {
    const expected = Array.from({ length: ITEMS }, (_, n) => sk(n));
    for (const Limit of [7, 1000]) {
      for (const ScanIndexForward of [true, false]) {
        expect(sks(await byOwner("busy", { Limit, ScanIndexForward })).sort()).toEqual(expected);
      }
    }
  });

  test("keeps items apart whose table keys read the same end to end", async () => {
    const owner = randomUUID();
    const keys = [
      ["a", "bc"],
      ["ab", "c"],
    ].map(([pk = "", sk = ""]) => ({ pk: { S: owner + pk }, sk: { S: sk } }));
    await writeAll(keys.map((key) => ({ PutRequest: { Item: { ...key, owner: { S: owner } } } })));
    for (const ScanIndexForward of [true, false]) {
      const each = () => byOwner(owner, { Limit: 1, ScanIndexForward });
      await settled(async () => expect(sks(await each()).sort()).toEqual(["bc", "c"]));
    }
    await target.client.deleteItem({ TableName: table, Key: keys[0] ?? {} });
    await settled(async () => expect(sks(await byOwner(owner))).toEqual(["c"]));
  });

  test("reads backwards what it reads forwards", async () => {
    const forwards = sks(await byOwner("busy", { Limit: 100 }));
    const backwards = sks(await byOwner("busy", { Limit: 33, ScanIndexForward: false }));
    expect(backwards.reverse()).toEqual(forwards);
  });

  test("of KEYS_ONLY shows its keys and the table's, no more", async () => {
    const [first] = await byOwner("busy", { Limit: 1000 });
    expect(Object.keys(first ?? {}).sort()).toEqual(["owner", "pk", "sk"]);
  });

  test("pages item by item, following an item that moves, loses its key and goes", async () => {
    const owner = randomUUID();
    await writeAll([1, 2, 3, 4].map((n) => ({ PutRequest: { Item: { ...item(owner, n), pk: { S: owner } } } })));
    const at = (n: number) => ({ TableName: table, Key: { pk: { S: owner }, sk: { S: sk(n) } } });
    const names = { ExpressionAttributeNames: { "#owner": "owner" } };
    await target.client.updateItem({ ...at(1), UpdateExpression: "REMOVE #owner", ...names });
    await target.client.transactWriteItems({
      TransactItems: [
        {
          Update: {
            ...at(2),
            UpdateExpression: "SET #owner = :new",
            ...names,
            ExpressionAttributeValues: { ":new": { S: `${owner}-2` } },
          },
        },
        { Delete: at(3) },
      ],
    });
    await settled(async () => {
      expect(sks(await byOwner(owner, { Limit: 1 }))).toEqual([sk(4)]);
      expect(sks(await byOwner(`${owner}-2`, { Limit: 1 }))).toEqual([sk(2)]);
    });
  });

  test("refuses a strongly consistent read", async () => {
    expect((await refusedBy(byOwner("busy", { ConsistentRead: true }))).name).toBe("ValidationException");
  });

  test("refuses all attributes where it projects only keys, and an index that is not there", async () => {
    expect((await refusedBy(byOwner("busy", { Select: "ALL_ATTRIBUTES" }))).name).toBe("ValidationException");
    expect((await refusedBy(byOwner("busy", { IndexName: "byNobody" }))).name).toBe("ValidationException");
  });

  test("is scanned whole, page by page", async () => {
    const found: string[] = [];
    let ExclusiveStartKey: Image | undefined;
    do {
      const page = await target.client.scan({
        TableName: table,
        IndexName: "byOwner",
        Limit: 400,
        ...(ExclusiveStartKey ? { ExclusiveStartKey } : {}),
      });
      found.push(...(page.Items ?? []).filter(({ owner }) => owner?.S === "busy").map((one) => one.sk?.S ?? ""));
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey !== undefined);
    expect(found.sort()).toEqual(Array.from({ length: ITEMS }, (_, n) => sk(n)));
  });
});

describe("a query of the table", () => {
  const ofRoot = (root: number) =>
    Array.from({ length: ITEMS }, (_, n) => n)
      .filter((n) => n % 7 === root)
      .map(sk);

  test("answers in order, both ways, in pages of any size", async () => {
    const forwards = sks(await byRoot("", { ":pk": { S: "root-3" } }, { Limit: 50 }));
    expect(forwards).toEqual(ofRoot(3));
    expect(sks(await byRoot("", { ":pk": { S: "root-3" } }, { Limit: 7, ScanIndexForward: false })).reverse()).toEqual(
      forwards,
    );
  });

  test.each([
    [" AND sk < :a", (n: string) => n < "01000"],
    [" AND sk <= :a", (n: string) => n <= "01000"],
    [" AND sk > :a", (n: string) => n > "01000"],
    [" AND sk >= :a", (n: string) => n >= "01000"],
    [" AND begins_with(sk, :a)", (n: string) => n.startsWith("01000")],
  ])("by%s finds just those", async (condition, holds) => {
    expect(sks(await byRoot(condition, { ":pk": { S: "root-6" }, ":a": { S: "01000" } }))).toEqual(
      ofRoot(6).filter(holds),
    );
  });

  test("sorts by UTF-8 bytes", async () => {
    const pk = randomUUID();
    const order = ["A", "a", "z", "é", "～", "😀"];
    await writeAll([...order].reverse().map((name) => ({ PutRequest: { Item: { pk: { S: pk }, sk: { S: name } } } })));
    expect(sks(await byRoot("", { ":pk": { S: pk } }))).toEqual(order);
  });

  test("filters behind the limit: a page may be empty and still not the last", async () => {
    const page = await target.client
      .query({
        TableName: table,
        KeyConditionExpression: "pk = :pk",
        FilterExpression: "sk = :none OR more = :none",
        Limit: 5,
        ExpressionAttributeValues: { ":pk": { S: "root-1" }, ":none": { S: "none" } },
      })
      .catch((error: { name: string }) => error);
    /** A filter on a key attribute is refused, so that nobody mistakes it for a key condition. */
    expect(page).toHaveProperty("name", "ValidationException");
    const honest = await target.client.query({
      TableName: table,
      KeyConditionExpression: "pk = :pk",
      FilterExpression: "more = :none",
      Limit: 5,
      ExpressionAttributeValues: { ":pk": { S: "root-1" }, ":none": { S: "none" } },
    });
    expect([honest.Count, honest.ScannedCount, honest.LastEvaluatedKey]).toEqual([
      0,
      5,
      { pk: { S: "root-1" }, sk: { S: ofRoot(1)[4] } },
    ]);
  });

  test("refuses a start key of another partition and a condition on no key", async () => {
    const foreign = { ExclusiveStartKey: { pk: { S: "root-2" }, sk: { S: sk(2) } } };
    expect(
      (
        await refusedBy(
          target.client.query({
            TableName: table,
            KeyConditionExpression: "pk = :pk",
            ExpressionAttributeValues: { ":pk": { S: "root-1" } },
            ...foreign,
          }),
        )
      ).name,
    ).toBe("ValidationException");
    expect(
      (await refusedBy(pages({ KeyConditionExpression: "more = :m", ExpressionAttributeValues: { ":m": { S: "x" } } })))
        .name,
    ).toBe("ValidationException");
  });
});
