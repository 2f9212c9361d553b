import deleteItem from "dynalite/actions/deleteItem.js";
import getItem from "dynalite/actions/getItem.js";
import putItem from "dynalite/actions/putItem.js";
import updateItem from "dynalite/actions/updateItem.js";
import type { Action, Parsed, Store, Table } from "dynalite/db/index.js";
import db from "dynalite/db/index.js";
import { isRecord } from "./limits.ts";
import { invalid } from "./refusal.ts";
import { type CheckedOperation, type CheckedRequest, checkRequest } from "./requests.ts";
import type { Tables } from "./tables.ts";

/** Actions in one transaction. */
const MAX_ACTIONS = 100;

interface StepGround {
  readonly store: Store;
  readonly tables: Tables;
}

/** One kind of action: whose rules it is checked by, and what runs it. */
interface Kind {
  readonly rules: CheckedOperation;
  readonly action: Action;
  readonly required?: "UpdateExpression" | "ConditionExpression";
}

const conditionCheck: Action = (store, data, callback) => {
  store.getTable(data.TableName, (error, table) => {
    if (error || table === undefined) return callback(error ?? invalid("no such table"));
    const malformed = db.validateKey(data.Key ?? {}, table);
    if (malformed) return callback(malformed);
    store.getItemDb(data.TableName).get(db.createKey(data.Key ?? {}, table), (failed, item) => {
      callback(failed ?? db.checkConditional(data, item) ?? null, {});
    });
  });
};

/** What a TransactWriteItems may hold. */
export const WRITES: Record<string, Kind> = {
  Put: { rules: "PutItem", action: putItem },
  Update: { rules: "UpdateItem", action: updateItem, required: "UpdateExpression" },
  Delete: { rules: "DeleteItem", action: deleteItem },
  ConditionCheck: { rules: "DeleteItem", action: conditionCheck, required: "ConditionExpression" },
};
/** What a TransactGetItems may hold. */
export const READS: Record<string, Kind> = { Get: { rules: "GetItem", action: getItem } };
/** Legacy parameters and ReturnValues do not exist in a transaction; DynamoDB ignores members it does not know. */
const MEMBERS = [
  "TableName",
  "Item",
  "Key",
  "UpdateExpression",
  "ConditionExpression",
  "ProjectionExpression",
  "ExpressionAttributeNames",
  "ExpressionAttributeValues",
  "ReturnValuesOnConditionCheckFailure",
];

/** One checked action. */
export interface Step extends CheckedRequest {
  readonly action: Action;
  readonly table: Table;
  /** The item's key within its table; undefined when it does not fit the schema. */
  readonly key: string | undefined;
}

/**
 * Checks all actions of a transaction, statically.
 * @throws ValidationException or ResourceNotFoundException, without reasons: nothing was tried yet
 */
export function readSteps(ground: StepGround, input: Record<string, unknown>, kinds: Record<string, Kind>): Step[] {
  const items = input.TransactItems;
  if (!Array.isArray(items) || items.length < 1 || items.length > MAX_ACTIONS) {
    throw invalid(`TransactItems must be a list of 1 to ${MAX_ACTIONS} actions`);
  }
  const wish = input.ReturnConsumedCapacity;
  if (wish !== undefined && wish !== "INDEXES" && wish !== "TOTAL" && wish !== "NONE")
    throw invalid("ReturnConsumedCapacity must be INDEXES, TOTAL or NONE");
  const steps = items.map((item) => readStep(ground, item, kinds));
  const seen = new Set<string>();
  for (const { table, key } of steps) {
    if (key === undefined) continue;
    const path = `${table.TableName}~${key}`;
    if (seen.has(path)) throw invalid("Transaction request cannot include multiple operations on one item");
    seen.add(path);
  }
  return steps;
}

function readStep(ground: StepGround, item: unknown, kinds: Record<string, Kind>): Step {
  const given = isRecord(item) ? Object.entries(item).filter(([, value]) => value != null) : [];
  const [name, body] = given[0] ?? [];
  const kind = name === undefined || !Object.hasOwn(kinds, name) ? undefined : kinds[name];
  if (given.length !== 1 || kind === undefined || !isRecord(body)) {
    throw invalid(`TransactItems can only contain one of ${Object.keys(kinds).join(", ")}`);
  }
  if (kind.required !== undefined && typeof body[kind.required] !== "string")
    throw invalid(`The ${name} action needs ${kind.required}`);
  const known = Object.fromEntries(Object.entries(body).filter(([member]) => MEMBERS.includes(member)));
  const checked = checkRequest(ground.store, kind.rules, known);
  const table = ground.tables.get(checked.data.TableName).description;
  return { ...checked, action: kind.action, table, key: keyOf(checked.data, table) };
}

function keyOf({ Item, Key }: Parsed, table: Table): string | undefined {
  const malformed = Item === undefined ? db.validateKey(Key ?? {}, table) : db.validateItem(Item, table);
  return malformed ? undefined : db.createKey(Item ?? Key ?? {}, table);
}
