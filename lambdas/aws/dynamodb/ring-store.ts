import { BatchGetCommand, type DynamoDBDocumentClient, GetCommand } from "@aws-sdk/lib-dynamodb";
import type { AuditRecord } from "../../../core/audit/record.ts";
import type { OrderStore } from "../../../core/endpoints/admin-rotate.ts";
import type { RingReader, RingStore } from "../../../core/ring/ports.ts";
import { type Tables, transact, words } from "./dynamo.ts";
import { outboxPut } from "./outbox.ts";
import { orderItem, orderOf, ringItem, ringOf } from "./ring-rows.ts";

/** Names of the tables that a ring's writer uses. */
export interface KeyringTables extends Pick<Tables, "outbox"> {
  /** Rings, one for each purpose. */
  readonly keyring: string;
  /** Operators' orders about rings, under the same keys. */
  readonly orders: string;
}

/** Creates the reader of rings, for every function with keys. */
export function createRingReader(client: DynamoDBDocumentClient, tables: Pick<KeyringTables, "keyring">): RingReader {
  return {
    async read(purpose) {
      const found = await client.send(
        new GetCommand({ TableName: tables.keyring, Key: { ring: purpose }, ConsistentRead: true }),
      );
      return found.Item && ringOf(found.Item);
    },
  };
}

/** Creates the rotator's store. */
export function createRingStore(client: DynamoDBDocumentClient, tables: KeyringTables): RingStore {
  return {
    async view(purpose) {
      const command = new BatchGetCommand({
        RequestItems: {
          [tables.keyring]: { Keys: [{ ring: purpose }], ConsistentRead: true },
          [tables.orders]: { Keys: [{ ring: purpose }], ConsistentRead: true },
        },
      });
      const answeredAt = noteDate(command);
      const { Responses, UnprocessedKeys } = await client.send(command);
      if (Object.keys(UnprocessedKeys ?? {}).length > 0) throw new Error(`the ring of ${purpose} stayed unread`);
      const [ring] = Responses?.[tables.keyring] ?? [];
      const [order] = Responses?.[tables.orders] ?? [];
      return {
        witnessSeconds: answeredAt(),
        ...(ring ? { ring: ringOf(ring) } : {}),
        ...(order ? { order: orderOf(order) } : {}),
      };
    },
    async write(ring, records) {
      const { version } = ring;
      const isFirst = version === 1;
      const written = await transact(client, [
        {
          conflict: "behind" as const,
          item: {
            Put: {
              TableName: tables.keyring,
              Item: ringItem(ring),
              ConditionExpression: isFirst ? "attribute_not_exists(#ring)" : "#version = :before",
              ...words([isFirst ? "ring" : "version"], isFirst ? undefined : { before: version - 1 }),
            },
          },
        },
        ...records.map((record: AuditRecord) => ({ item: { Put: outboxPut(tables, record) } })),
      ]);
      return written.ok;
    },
  };
}

/** Creates the store of operators' orders, for `admin-rotate`. */
export function createOrderStore(client: DynamoDBDocumentClient, tables: KeyringTables): OrderStore {
  return {
    view: createRingStore(client, tables).view,
    async put(order, before, record) {
      const written = await transact(client, [
        {
          conflict: "behind" as const,
          item: {
            Put: {
              TableName: tables.orders,
              Item: orderItem(order),
              ConditionExpression: before === undefined ? "attribute_not_exists(#ring)" : "#id = :before",
              ...words([before === undefined ? "ring" : "id"], before === undefined ? undefined : { before }),
            },
          },
        },
        { item: { Put: outboxPut(tables, record) } },
      ]);
      return written.ok;
    },
  };
}

/** Notes the `Date` header of DynamoDB's answer: a second clock beside our own, without another call. */
function noteDate(command: BatchGetCommand): () => number {
  let date: string | undefined;
  command.middlewareStack.add(
    (next) => async (args) => {
      const done = await next(args);
      const { headers = {} } = (done as { response?: { headers?: Record<string, string> } }).response ?? {};
      date = headers.date;
      return done;
    },
    // without `override`, the document client would add a command's middleware twice
    { step: "deserialize", priority: "low", name: "lanyardDate", override: true },
  );
  return () => Math.floor(Date.parse(date ?? "") / 1000);
}
