import { randomUUID } from "node:crypto";
import type { TransactWriteItem } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTarget, SESSION_LIKE, type Target } from "./target.ts";

const ACCOUNTS = 10;
const OPENING = 100;
const WORKERS = 20;
const TRANSFERS_EACH = 15;
/** What a caller tries again with the same token: the SDK does not. */
const TRY_AGAIN = ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];

let target: Target;
let table: string;
beforeAll(async () => {
  target = await openTarget();
  table = await target.createTable(SESSION_LIKE);
});
afterAll(() => target.close());

const account = (n: number) => ({ TableName: table, Key: { pk: { S: `account-${n}` }, sk: { S: "balance" } } });

function transfer(id: string, from: number, to: number, amount: number): TransactWriteItem[] {
  const values = { ":amount": { N: `${amount}` } };
  return [
    {
      Update: {
        ...account(from),
        UpdateExpression: "SET balance = balance - :amount",
        ConditionExpression: "balance >= :amount",
        ExpressionAttributeValues: values,
      },
    },
    {
      Update: {
        ...account(to),
        UpdateExpression: "SET balance = balance + :amount",
        ExpressionAttributeValues: values,
      },
    },
    {
      Put: {
        TableName: table,
        Item: {
          pk: { S: "ledger" },
          sk: { S: id },
          owner: { S: "bank" },
          payer: { N: `${from}` },
          payee: { N: `${to}` },
          amount: { N: `${amount}` },
        },
      },
    },
  ];
}

/** True when it went through, false when the payer was short. */
async function pay(id: string, TransactItems: TransactWriteItem[]): Promise<boolean> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    try {
      await target.client.transactWriteItems({ TransactItems, ClientRequestToken: id });
      return true;
    } catch (error) {
      const { name, CancellationReasons = [] } = error as { name: string; CancellationReasons?: { Code?: string }[] };
      if (CancellationReasons.some(({ Code }) => Code === "ConditionalCheckFailed")) return false;
      const transient =
        CancellationReasons.some(({ Code }) => TRY_AGAIN.includes(Code ?? "")) ||
        name === "TransactionInProgressException";
      if (!transient) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20 + Math.random() * 100));
    }
  }
  throw new Error("fifty conflicts in a row");
}

async function balances(): Promise<number[]> {
  const TransactItems = Array.from({ length: ACCOUNTS }, (_, n) => ({ Get: account(n) }));
  const { Responses = [] } = await target.client.transactGetItems({ TransactItems });
  return Responses.map(({ Item }) => Number(Item?.balance?.N));
}

test("a bank under concurrent transfers, some sent twice, keeps its money, its ledger and its snapshots whole", async () => {
  for (let n = 0; n < ACCOUNTS; n += 1) {
    await target.client.putItem({ TableName: table, Item: { ...account(n).Key, balance: { N: `${OPENING}` } } });
  }
  const total = ACCOUNTS * OPENING;
  const accepted = new Map<string, { from: number; to: number; amount: number }>();
  let short = 0;
  const worker = async () => {
    for (let n = 0; n < TRANSFERS_EACH; n += 1) {
      const id = randomUUID();
      const from = Math.floor(Math.random() * ACCOUNTS);
      const to = (from + 1 + Math.floor(Math.random() * (ACCOUNTS - 1))) % ACCOUNTS;
      const amount = 1 + Math.floor(Math.random() * 60);
      const items = transfer(id, from, to, amount);
      const twice = Math.random() < 0.2;
      const outcomes = await Promise.all(twice ? [pay(id, items), pay(id, items)] : [pay(id, items)]);
      if (outcomes.includes(true)) accepted.set(id, { from, to, amount });
      else short += 1;
    }
  };
  const torn: number[] = [];
  const watcher = async () => {
    for (let n = 0; n < 10; n += 1) {
      const snapshot = await balances().catch(() => undefined);
      const sum = snapshot?.reduce((left, right) => left + right, 0);
      if (sum !== undefined && sum !== total) torn.push(sum);
    }
  };
  await Promise.all([...Array.from({ length: WORKERS }, worker), watcher()]);

  const replayed = Array.from({ length: ACCOUNTS }, () => OPENING);
  for (const { from, to, amount } of accepted.values()) {
    replayed[from] = (replayed[from] ?? 0) - amount;
    replayed[to] = (replayed[to] ?? 0) + amount;
  }
  expect(torn).toEqual([]);
  expect(await balances()).toEqual(replayed);
  expect(Math.min(...replayed)).toBeGreaterThanOrEqual(0);
  expect(short).toBeGreaterThan(0);

  const ledger = () =>
    target.client.query({
      TableName: table,
      IndexName: "byOwner",
      KeyConditionExpression: "#owner = :owner",
      ExpressionAttributeNames: { "#owner": "owner" },
      ExpressionAttributeValues: { ":owner": { S: "bank" } },
    });
  const written = async () => ((await ledger()).Items ?? []).map(({ sk }) => sk?.S ?? "").sort();
  await expect.poll(written).toEqual([...accepted.keys()].sort());
});
