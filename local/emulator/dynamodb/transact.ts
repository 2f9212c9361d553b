import type { Item, Store } from "dynalite/db/index.js";
import { transactionCapacity } from "./capacity.ts";
import type { Commit } from "./commit.ts";
import type { FaultPoints } from "./faults.ts";
import { isReplay, readOnce, tokenRow } from "./idempotency.ts";
import { itemSizeBytes } from "./images.ts";
import { type Change, type Overlay, openOverlay } from "./overlay.ts";
import { invalid, Refusal, refusalBody, refusalName } from "./refusal.ts";
import { READS, readSteps, type Step, WRITES } from "./steps.ts";
import type { Tables } from "./tables.ts";

/** 4 MB: all items of one transaction together. */
const MAX_TRANSACTION_BYTES = 4 * 1024 * 1024;

/** What a transaction needs of the engine. */
export interface TransactionGround {
  readonly store: Store;
  readonly tables: Tables;
  readonly commit: Commit;
  readonly points: FaultPoints;
  readonly nowMillis: () => number;
}

/** TransactWriteItems; runs in the single writer. All of it or nothing, with a reason per action when nothing. */
export async function transactWrite(
  ground: TransactionGround,
  input: Record<string, unknown>,
): Promise<Record<string, unknown>> {
  const steps = readSteps(ground, input, WRITES);
  const once = readOnce(input.ClientRequestToken, input.TransactItems);
  if (once !== undefined && (await isReplay(ground.store, once, ground.nowMillis()))) return {};
  if (ground.points.takeConflict()) throw cancelled(steps.map((_, at) => (at === 0 ? CONFLICT : NONE)));

  const overlay = openOverlay(ground.store, ground.tables);
  const reasons: Reason[] = [];
  for (const step of steps) reasons.push((await attempt(overlay, step)).reason);
  if (reasons.some((reason) => reason.Code !== "None")) throw cancelled(reasons);
  const changes = overlay.changes();
  await checkSize(overlay, steps, changes);
  await ground.commit(changes, once === undefined ? {} : { token: tokenRow(once, ground.nowMillis()) });
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
  return new Refusal(400, "TransactionCanceledException", { message, CancellationReasons: reasons });
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
