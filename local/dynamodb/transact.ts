import { createHash } from "node:crypto";
import deleteItem from "dynalite/actions/deleteItem.js";
import getItem from "dynalite/actions/getItem.js";
import putItem from "dynalite/actions/putItem.js";
import updateItem from "dynalite/actions/updateItem.js";
import type { Action, BatchOperation, Item, Parsed, Store, Table } from "dynalite/db/index.js";
import db from "dynalite/db/index.js";
import { transactionCapacity } from "./capacity.ts";
import type { Commit } from "./commit.ts";
import type { FaultPoints } from "./faults.ts";
import { canonicalJson, itemSizeBytes } from "./images.ts";
import { isRecord } from "./limits.ts";
import { type Change, type Overlay, openOverlay } from "./overlay.ts";
import { invalid, Refusal, refusalBody, refusalName } from "./refusal.ts";
import { type CheckedOperation, type CheckedRequest, checkRequest } from "./requests.ts";
import type { Tables } from "./tables.ts";

/** Actions in one transaction. */
export const MAX_ACTIONS = 100;
/** 4 MB: all items of one transaction together. */
export const MAX_TRANSACTION_BYTES = 4 * 1024 * 1024;
/** How long a ClientRequestToken answers its request again. */
export const TOKEN_LIFE_MILLIS = 600_000;

/** What a transaction needs of the engine. */
export interface TransactionGround {
  readonly store: Store;
  readonly tables: Tables;
  readonly commit: Commit;
  readonly points: FaultPoints;
  readonly nowMillis: () => number;
}

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

const WRITES: Record<string, Kind> = {
  Put: { rules: "PutItem", action: putItem },
  Update: { rules: "UpdateItem", action: updateItem, required: "UpdateExpression" },
  Delete: { rules: "DeleteItem", action: deleteItem },
  ConditionCheck: { rules: "DeleteItem", action: conditionCheck, required: "ConditionExpression" },
};
const READS: Record<string, Kind> = { Get: { rules: "GetItem", action: getItem } };
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

interface Step extends CheckedRequest {
  readonly action: Action;
  readonly table: Table;
  /** The item's key within its table; undefined when it does not fit the schema. */
  readonly key: string | undefined;
}

/** TransactWriteItems; runs in the single writer. All of it or nothing, with a reason per action when nothing. */
export async function transactWrite(
  ground: TransactionGround,
  input: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const steps = readSteps(ground, input, WRITES);
  const token = readToken(input.ClientRequestToken);
  const hash = createHash("sha256").update(canonicalJson(input.TransactItems)).digest("base64");
  if (token !== undefined && (await isReplay(ground, token, hash))) return {};
  if (ground.points.takeConflict()) throw cancelled(steps.map((_, at) => (at === 0 ? CONFLICT : NONE)));

  const overlay = openOverlay(ground.store, ground.tables);
  const reasons: Reason[] = [];
  for (const step of steps) reasons.push((await attempt(overlay, step)).reason);
  if (reasons.some((reason) => reason.Code !== "None")) throw cancelled(reasons);
  const changes = overlay.changes();
  await checkSize(overlay, steps, changes);
  await ground.commit(changes, token === undefined ? {} : { token: tokenRow(token, hash, ground.nowMillis()) });
  return transactionCapacity(input.ReturnConsumedCapacity, changes);
}

/** TransactGetItems; runs in the single writer, so that no transaction is seen half. */
export async function transactGet(
  ground: TransactionGround,
  input: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const steps = readSteps(ground, input, READS);
  if (ground.points.takeConflict()) throw cancelled(steps.map((_, at) => (at === 0 ? CONFLICT : NONE)));
  const overlay = openOverlay(ground.store, ground.tables);
  const outcomes = [];
  for (const step of steps) outcomes.push(await attempt(overlay, step));
  if (outcomes.some(({ reason }) => reason.Code !== "None")) throw cancelled(outcomes.map(({ reason }) => reason));
  await checkSize(overlay, steps, []);
  return { Responses: outcomes.map(({ body }) => (body.Item === undefined ? {} : { Item: body.Item })) };
}

function readSteps(ground: TransactionGround, input: Record<string, unknown>, kinds: Record<string, Kind>): Step[] {
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

function readStep(ground: TransactionGround, item: unknown, kinds: Record<string, Kind>): Step {
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

interface Reason {
  readonly Code: string;
  readonly Message?: string;
  readonly Item?: Item;
}
const NONE: Reason = { Code: "None" };
const CONFLICT: Reason = { Code: "TransactionConflict", Message: "Transaction is ongoing for the item" };

async function attempt(overlay: Overlay, step: Step): Promise<{ reason: Reason; body: Record<string, unknown> }> {
  try {
    return { reason: NONE, body: await overlay.run(step.action, step.data) };
  } catch (error) {
    return { reason: await reasonOf(error, overlay, step), body: {} };
  }
}

async function reasonOf(error: unknown, overlay: Overlay, step: Step): Promise<Reason> {
  const name = refusalName(error);
  const Message = refusalBody(error)?.body.message ?? "";
  if (name === "ValidationException") return { Code: "ValidationError", Message };
  if (name !== "ConditionalCheckFailedException") throw error;
  const item =
    step.returnsItemOnFailure && step.key !== undefined
      ? await overlay.read(step.table.TableName, step.key)
      : undefined;
  return { Code: "ConditionalCheckFailed", Message, ...(item === undefined ? {} : { Item: item }) };
}

function cancelled(reasons: readonly Reason[]): Refusal {
  const codes = reasons.map((reason) => reason.Code).join(", ");
  const message = `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`;
  return new Refusal(400, "TransactionCanceledException", message, { CancellationReasons: reasons });
}

async function checkSize(overlay: Overlay, steps: readonly Step[], changes: readonly Change[]): Promise<void> {
  let bytes = 0;
  for (const { before, after } of changes) bytes += Math.max(itemSizeBytes(before), itemSizeBytes(after));
  const written = new Set(changes.map(({ row, key }) => `${row.description.TableName}~${key}`));
  for (const { table, key } of steps) {
    if (key === undefined || written.has(`${table.TableName}~${key}`)) continue;
    bytes += itemSizeBytes(await overlay.read(table.TableName, key));
  }
  if (bytes > MAX_TRANSACTION_BYTES) throw invalid("Collection size of items in transaction cannot exceed 4MB");
}

function readToken(token: unknown): string | undefined {
  if (token === undefined) return undefined;
  if (typeof token !== "string" || token.length < 1 || token.length > 36)
    throw invalid("ClientRequestToken must have 1 to 36 characters");
  return token;
}

interface TokenRow {
  readonly hash: string;
  readonly expiresMillis: number;
}

async function isReplay(ground: TransactionGround, token: string, hash: string): Promise<boolean> {
  const known = (await ground.store.db.get(`token~${token}`)) as TokenRow | undefined;
  if (known === undefined || known.expiresMillis <= ground.nowMillis()) return false;
  if (known.hash === hash) return true;
  throw new Refusal(
    400,
    "IdempotentParameterMismatchException",
    "the token was used with other parameters within 10 minutes",
  );
}

function tokenRow(token: string, hash: string, nowMillis: number): BatchOperation {
  const value: TokenRow = { hash, expiresMillis: nowMillis + TOKEN_LIFE_MILLIS };
  return { type: "put", key: `token~${token}`, value };
}

/** Deletes the tokens that answer nothing any more; returns how many. */
export async function forgetTokens(store: Store, nowMillis: number): Promise<number> {
  const deletes: BatchOperation[] = [];
  for await (const [key, row] of store.db.iterator({ gte: "token~", lt: "token~\xff" })) {
    if ((row as TokenRow).expiresMillis <= nowMillis) deletes.push({ type: "del", key });
  }
  await store.db.batch(deletes);
  return deletes.length;
}
