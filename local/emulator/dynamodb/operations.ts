import type { Parsed } from "dynalite/db/index.js";
import db from "dynalite/db/index.js";
import { readingStore } from "./indexes.ts";
import { openOverlay } from "./overlay.ts";
import { invalid, Refusal, refusalName } from "./refusal.ts";
import { ACTIONS, checkRequest } from "./requests.ts";
import { describeTable } from "./tables.ts";
import { type TransactionGround, transactGet, transactWrite } from "./transact.ts";
import { describeTimeToLive, updateTimeToLive } from "./ttl.ts";

/** What each operation name runs. */
type Operations = Record<string, (input: Record<string, unknown>) => Promise<Record<string, unknown>>>;
/** Runs work after all earlier work has ended, one at a time. */
type Serial = <T>(work: () => Promise<T>) => Promise<T>;

/** One writer: each piece of work starts when the one before has ended, whatever its end. */
export function createSerial(): Serial {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work, work);
    last = next.catch(() => undefined);
    return next;
  };
}

/** Operations on items: writes go through the single writer, reads pass it by. */
export function itemOperations(ground: TransactionGround, serial: Serial): Operations {
  const { store, tables, points } = ground;
  const write =
    (operation: "PutItem" | "UpdateItem" | "DeleteItem" | "BatchWriteItem") => (input: Record<string, unknown>) => {
      const { data, returnsItemOnFailure } = checkRequest(store, operation, input);
      return serial(async () => {
        if (points.takeConflict())
          throw new Refusal(400, "TransactionConflictException", "Transaction is ongoing for the item");
        const overlay = openOverlay(store, tables);
        let body: Record<string, unknown>;
        try {
          body = await overlay.run(ACTIONS[operation], data);
        } catch (error) {
          if (!returnsItemOnFailure || refusalName(error) !== "ConditionalCheckFailedException") throw error;
          const key = db.createKey(data.Item ?? data.Key ?? {}, tables.get(data.TableName).description);
          const item = await overlay.read(data.TableName, key);
          throw new Refusal(400, "ConditionalCheckFailedException", {
            message: "The conditional request failed",
            ...(item === undefined ? {} : { Item: item }),
          });
        }
        await ground.commit(overlay.changes());
        return body;
      });
    };
  const read = (operation: "Query" | "Scan") => async (input: Record<string, unknown>) => {
    const { data } = checkRequest(store, operation, input);
    return readBy(operation, data, readingStore(ground, data, points.indexSnapshot()));
  };
  return {
    PutItem: async (input) => write("PutItem")(input),
    UpdateItem: async (input) => write("UpdateItem")(input),
    DeleteItem: async (input) => write("DeleteItem")(input),
    BatchWriteItem: async (input) => write("BatchWriteItem")(input),
    TransactWriteItems: (input) => serial(() => transactWrite(ground, input)),
    TransactGetItems: (input) => serial(() => transactGet(ground, input)),
    GetItem: async (input) =>
      openOverlay(store, tables).run(ACTIONS.GetItem, checkRequest(store, "GetItem", input).data),
    BatchGetItem: async (input) => {
      const { data } = checkRequest(store, "BatchGetItem", input);
      if (points.takeUnprocessed()) return { Responses: {}, UnprocessedKeys: structuredClone(input.RequestItems) };
      return openOverlay(store, tables).run(ACTIONS.BatchGetItem, data);
    },
    Query: read("Query"),
    Scan: read("Scan"),
  };
}

function readBy(operation: "Query" | "Scan", data: Parsed, view: ReturnType<typeof readingStore>) {
  return new Promise<Record<string, unknown>>((resolve, reject) => {
    ACTIONS[operation](view, data, (error, body) => (error ? reject(error) : resolve(body ?? {})));
  });
}

/** Operations on tables. */
export function tableOperations({ store, tables, nowMillis }: TransactionGround, serial: Serial): Operations {
  const named = (input: Record<string, unknown>): string => {
    if (typeof input.TableName === "string") return input.TableName;
    throw invalid("The parameter 'TableName' is required but was not present in the request");
  };
  return {
    CreateTable: (input) =>
      serial(async () => {
        const row = await tables.create(checkRequest(store, "CreateTable", input).data, input, nowMillis());
        return { TableDescription: { ...describeTable(row), TableStatus: "CREATING" } };
      }),
    DescribeTable: async (input) => ({ Table: describeTable(tables.get(named(input))) }),
    ListTables: async () => ({ TableNames: tables.names() }),
    DeleteTable: (input) =>
      serial(async () => ({
        TableDescription: { ...describeTable(await tables.delete(named(input))), TableStatus: "DELETING" },
      })),
    UpdateTimeToLive: (input) => serial(() => updateTimeToLive(tables, input)),
    DescribeTimeToLive: async (input) => describeTimeToLive(tables, input),
  };
}
