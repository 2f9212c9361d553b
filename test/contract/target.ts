import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type CreateTableCommandInput,
  DynamoDB,
  waitUntilTableExists,
  waitUntilTableNotExists,
} from "@aws-sdk/client-dynamodb";
import { clientOf, openTables } from "../kit/embedded/dynamodb.ts";

/** What the contract suite runs against. */
export interface Target {
  readonly client: DynamoDB;
  /** True on the embedded engine, which must not be kinder than DynamoDB but may be stricter. */
  readonly embedded: boolean;
  /** Creates a table under a name of its own and waits until it is there. */
  createTable(input: Omit<CreateTableCommandInput, "TableName">): Promise<string>;
  /** Deletes what was created. */
  close(): Promise<void>;
}

/** The engine on disk, where reads and writes really interleave; or, with DYNAMODB_ENDPOINT set, that endpoint (`aws`: the account of the default credential chain). */
export async function openTarget(): Promise<Target> {
  const endpoint = process.env.DYNAMODB_ENDPOINT;
  if (endpoint === "aws") return overClient(new DynamoDB({}), false, async () => undefined);
  if (endpoint !== undefined) return overClient(clientOf(endpoint), false, async () => undefined);
  const directory = mkdtempSync(join(tmpdir(), "lanyard-contract-"));
  const { dynamo, close } = await openTables({}, { directory });
  return overClient(dynamo, true, async () => {
    await close();
    rmSync(directory, { recursive: true });
  });
}

function overClient(client: DynamoDB, embedded: boolean, closeServer: () => Promise<void>): Target {
  const created: string[] = [];
  const patience = { client, maxWaitTime: 60, minDelay: 1, maxDelay: 2 };
  return {
    client,
    embedded,
    async createTable(input) {
      const TableName = `contract-${randomUUID()}`;
      await client.createTable({ ...input, TableName });
      created.push(TableName);
      await waitUntilTableExists(patience, { TableName });
      return TableName;
    },
    async close() {
      for (const TableName of created) await client.deleteTable({ TableName });
      if (!embedded) for (const TableName of created) await waitUntilTableNotExists(patience, { TableName });
      client.destroy();
      await closeServer();
    },
  };
}

/** A table with `pk` and `sk`, and an index by `owner` with KEYS_ONLY. */
export const SESSION_LIKE: Omit<CreateTableCommandInput, "TableName"> = {
  BillingMode: "PAY_PER_REQUEST",
  AttributeDefinitions: [
    { AttributeName: "pk", AttributeType: "S" },
    { AttributeName: "sk", AttributeType: "S" },
    { AttributeName: "owner", AttributeType: "S" },
  ],
  KeySchema: [
    { AttributeName: "pk", KeyType: "HASH" },
    { AttributeName: "sk", KeyType: "RANGE" },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: "byOwner",
      KeySchema: [{ AttributeName: "owner", KeyType: "HASH" }],
      Projection: { ProjectionType: "KEYS_ONLY" },
    },
  ],
};

/** A table with `pk` alone. */
export const PLAIN: Omit<CreateTableCommandInput, "TableName"> = {
  BillingMode: "PAY_PER_REQUEST",
  AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
  KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
};

/** What a refused call is compared by: its name, and per action the reason code and whether an item came along. */
interface Refused {
  readonly name: string;
  readonly reasons?: readonly string[];
  readonly items?: readonly unknown[];
  readonly item?: unknown;
}

/** Runs a call that must be refused. Fails the test when it succeeds. */
export async function refusedBy(call: Promise<unknown>): Promise<Refused> {
  try {
    await call;
  } catch (error) {
    const { name, CancellationReasons, Item } = error as {
      name: string;
      CancellationReasons?: { Code?: string; Item?: unknown }[];
      Item?: unknown;
    };
    return {
      name,
      ...(Item === undefined ? {} : { item: Item }),
      ...(CancellationReasons === undefined
        ? {}
        : {
            reasons: CancellationReasons.map(({ Code }) => Code ?? ""),
            items: CancellationReasons.map((reason) => reason.Item),
          }),
    };
  }
  throw new Error("the call succeeded but must be refused");
}
