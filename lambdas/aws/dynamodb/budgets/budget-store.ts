import { type AttributeValue, ConditionalCheckFailedException } from "@aws-sdk/client-dynamodb";
import { type DynamoDBDocumentClient, GetCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import type { BudgetLeft, BudgetStore } from "../../../../core/budgets/store.ts";
import type { BudgetCharge } from "../../../../core/model/budget.ts";
import { limits } from "../../../../core/model/limits.ts";
import { err, ok, type Result } from "../../../../core/model/result.ts";
import { budgetKeys } from "../../../../core/model/row-keys.ts";
import type { Item } from "../codec.ts";
import { insistent, type Tables, transact, words } from "../dynamo.ts";
import { callsIn, emptiedIn, moneyIn, reservedIn } from "./budget-rows.ts";
import { reportOf } from "./report-rows.ts";
import { settle } from "./settlement.ts";

/** Budgets on DynamoDB, table Budgets. */
export function createBudgetStore(client: DynamoDBDocumentClient, tables: Tables): BudgetStore {
  return {
    take: (charge) => take(client, tables, charge),
    giveBack: (charges) => giveBack(client, tables, charges),
    settle: (settlement) => settle(client, tables, settlement),
    async readReport(id) {
      const Key = { key: budgetKeys.report(id) };
      const { Item } = await client.send(new GetCommand({ TableName: tables.budgets, Key, ConsistentRead: true }));
      return Item && reportOf(Item);
    },
  };
}

/** What a charge adds, by the attribute it is counted in: `calls`, or the currency's code. */
const parts = ({ calls, money }: BudgetCharge) => [
  ...(calls ? [{ name: "calls", by: calls.by, most: calls.most }] : []),
  ...(money ? [{ name: money.currency, by: money.by, most: money.most }] : []),
];

/** What is reserved of a charge's money until it is settled. */
const reservations = ({ money }: BudgetCharge) => (money ? [{ name: reservedIn(money.currency), by: money.by }] : []);

/**
 * One conditional UpdateItem, and no transaction: concurrent calls meet on this row, and would cancel each other. The
 * SDK may send it again after a lost answer, which counts twice what was taken once: too much, never too little.
 */
async function take(
  client: DynamoDBDocumentClient,
  tables: Tables,
  charge: BudgetCharge,
): Promise<Result<void, BudgetLeft>> {
  const added = parts(charge);
  const all = [...added, ...reservations(charge)];
  // what is larger than the whole fits no row, nor one that is not there yet
  const room = added.map(({ name, by, most }) =>
    by > most ? `#${name} < :none` : `(attribute_not_exists(#${name}) OR #${name} <= :${name}Before)`,
  );
  const bounds = added.map(({ name, by, most }) => (by > most ? ["none", 0] : [`${name}Before`, most - by]));
  const update = new UpdateCommand({
    TableName: tables.budgets,
    Key: { key: charge.key },
    UpdateExpression: `ADD ${all.map(({ name }) => `#${name} :${name}`).join(", ")} SET #expiresAt = :expiresAt`,
    ConditionExpression: ["attribute_not_exists(#emptied)", ...room].join(" AND "),
    ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    ...words([...all.map(({ name }) => name), "expiresAt", "emptied"], {
      ...Object.fromEntries([...all.map(({ name, by }) => [name, by]), ...bounds]),
      expiresAt: charge.endsAtSeconds + limits.budgetKeptSeconds,
    }),
  });
  try {
    await insistent(() => client.send(update));
    return ok(undefined);
  } catch (failure) {
    if (!(failure instanceof ConditionalCheckFailedException)) throw failure;
    return err(leftIn(plain(failure.Item ?? {}), charge));
  }
}

/** The row in a failure, which the document client leaves as it came: of its attributes, numbers and truth values. */
const plain = (item: Readonly<Record<string, AttributeValue>>): Item =>
  Object.fromEntries(Object.entries(item).map(([name, { N, BOOL }]) => [name, N === undefined ? BOOL : Number(N)]));

/** What a row has left of what a charge asked of it. */
function leftIn(item: Item, { calls, money }: BudgetCharge): BudgetLeft {
  const left = (most: number, spent: number) => (emptiedIn(item) ? 0 : Math.max(0, most - spent));
  return {
    ...(calls ? { calls: left(calls.most, callsIn(item)) } : {}),
    ...(money ? { money: left(money.most, moneyIn(item, money.currency)) } : {}),
  };
}

/** One transaction, since its token makes it count once however often it is sent: given back twice is spent twice. */
async function giveBack(
  client: DynamoDBDocumentClient,
  tables: Tables,
  charges: readonly BudgetCharge[],
): Promise<void> {
  const actions = charges.map((charge) => {
    const given = [...parts(charge), ...reservations(charge)];
    return {
      conflict: "gone" as const,
      item: {
        Update: {
          TableName: tables.budgets,
          Key: { key: charge.key },
          UpdateExpression: `ADD ${given.map(({ name }) => `#${name} :${name}`).join(", ")}`,
          // a row that was deleted must not begin again below nothing
          ConditionExpression: "attribute_exists(#key)",
          ...words(
            ["key", ...given.map(({ name }) => name)],
            Object.fromEntries(given.map((one) => [one.name, -one.by])),
          ),
        },
      },
    };
  });
  // a row is gone only long after its window, where there is nothing to give back to
  await transact(client, actions);
}
