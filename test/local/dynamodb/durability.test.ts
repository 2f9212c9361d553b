import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openDynamoDb } from "../../../local/emulator/dynamodb/engine.ts";
import { createOutbox, owned, put, succeed, type WireItem } from "./table.ts";

const CHILD = fileURLToPath(new URL("./child.ts", import.meta.url));
let directory: string;
beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), "lanyard-store-")), "dynamodb");
});
afterEach(() => rmSync(join(directory, ".."), { recursive: true }));

const key = (id: string) => ({ TableName: "outbox", Key: { id: { S: id } } });
const add = (token: string) => ({
  ClientRequestToken: token,
  TransactItems: [
    { Update: { ...key("n"), UpdateExpression: "ADD n :one", ExpressionAttributeValues: { ":one": { N: "1" } } } },
  ],
});

test("a restart finds tables, items, indexes, time to live, tokens and stream as they were", async () => {
  let db = await openDynamoDb({ directory });
  await createOutbox(db);
  await succeed(db, "UpdateTimeToLive", {
    TableName: "outbox",
    TimeToLiveSpecification: { AttributeName: "expires", Enabled: true },
  });
  await put(db, "a", { owner: { S: "me" } });
  await Promise.all(Array.from({ length: 50 }, () => succeed(db, "TransactWriteItems", add("token"))));
  const described = await succeed(db, "DescribeTable", { TableName: "outbox" });
  const records = await db.streams.read("outbox", undefined, 100);
  const sequence = db.streams.latestSequence();
  await db.close();

  db = await openDynamoDb({ directory });
  expect(await succeed(db, "DescribeTable", { TableName: "outbox" })).toEqual(described);
  expect(await succeed(db, "DescribeTimeToLive", { TableName: "outbox" })).toMatchObject({
    TimeToLiveDescription: { AttributeName: "expires" },
  });
  expect(await owned(db, "me")).toEqual(["a"]);
  await succeed(db, "TransactWriteItems", add("token"));
  expect(await succeed(db, "GetItem", key("n"))).toEqual({ Item: { id: { S: "n" }, n: { N: "1" } } });
  expect(await db.streams.read("outbox", undefined, 100)).toEqual(records);
  await put(db, "b");
  expect(db.streams.latestSequence() > sequence).toBe(true);
  await db.close();
});

test("concurrent writes, alone and in transactions, take turns: no increment is lost and none counts twice", async () => {
  const db = await openDynamoDb({ directory });
  await createOutbox(db);
  const one = { ...key("n"), UpdateExpression: "ADD n :one", ExpressionAttributeValues: { ":one": { N: "1" } } };
  await Promise.all([
    ...Array.from({ length: 50 }, () => succeed(db, "UpdateItem", one)),
    ...Array.from({ length: 50 }, (_, n) => succeed(db, "TransactWriteItems", add(`token-${n % 25}`))),
  ]);
  expect(await succeed(db, "GetItem", key("n"))).toEqual({ Item: { id: { S: "n" }, n: { N: "75" } } });
  const counts = (await db.streams.read("outbox", undefined, 1000)).map(({ dynamodb }) =>
    Number(dynamodb.NewImage?.n?.N),
  );
  expect(counts).toEqual(Array.from({ length: 75 }, (_, n) => n + 1));
  await db.close();
});

test("the directory is its owner's alone, and one process's at a time", async () => {
  const db = await openDynamoDb({ directory });
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  await expect(openDynamoDb({ directory })).rejects.toThrow();
  await db.close();
});

test.each([
  ["before", undefined, []],
  ["after", { id: { S: "a" }, owner: { S: "me" } }, ["a"]],
] as const)("a crash right %s a commit leaves item, index and stream all or none", async (when, item, ids) => {
  let db = await openDynamoDb({ directory });
  await createOutbox(db);
  db.faults.stopAtCommit(when);
  await expect(put(db, "a", { owner: { S: "me" } })).rejects.toThrow("plays a crash");
  await db.close();

  db = await openDynamoDb({ directory });
  expect((await succeed(db, "GetItem", key("a"))).Item).toEqual(item);
  expect(await owned(db, "me")).toEqual(ids);
  expect((await db.streams.read("outbox", undefined, 10)).map(({ dynamodb }) => dynamodb.Keys.id?.S)).toEqual(ids);
  await db.close();
});

test("kill -9 under load loses nothing that was acknowledged and parts nothing", async () => {
  const made = await openDynamoDb({ directory });
  await createOutbox(made);
  await made.close();
  const acknowledged = await writeUntilKilled(300);

  const db = await openDynamoDb({ directory });
  const { Items } = (await succeed(db, "Scan", { TableName: "outbox" })) as { Items: WireItem[] };
  const entries = Items.filter(({ owner }) => owner !== undefined).map(({ id }) => String(id?.S));
  const counted = Items.reduce((sum, { n }) => sum + Number(n?.N ?? 0), 0);
  const inserted = (await db.streams.read("outbox", undefined, 1_000_000))
    .filter(({ dynamodb }) => dynamodb.NewImage?.owner !== undefined)
    .map(({ dynamodb }) => String(dynamodb.Keys.id?.S));
  const known = new Set(entries);
  expect(acknowledged.filter((id) => !known.has(id))).toEqual([]);
  expect(counted).toBe(entries.length);
  expect(await owned(db, "busy")).toEqual(entries.sort());
  expect(inserted.sort()).toEqual(entries);
  await db.close();
});

/** Starts the writer, kills it behind so many acknowledged writes, and returns those. */
function writeUntilKilled(writes: number): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CHILD, directory], { stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    child.stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      if (text.split("\n").length > writes) child.kill("SIGKILL");
    });
    child.on("close", (_code, signal) => {
      if (signal !== "SIGKILL") return reject(new Error("the writer ended by itself"));
      /** The last line may be cut. */
      resolve(text.split("\n").slice(0, -1));
    });
  });
}
