import batchGetItem from "dynalite/actions/batchGetItem.js";
import batchWriteItem from "dynalite/actions/batchWriteItem.js";
import deleteItem from "dynalite/actions/deleteItem.js";
import getItem from "dynalite/actions/getItem.js";
import putItem from "dynalite/actions/putItem.js";
import query from "dynalite/actions/query.js";
import scan from "dynalite/actions/scan.js";
import updateItem from "dynalite/actions/updateItem.js";
import type { Action, Parsed, Store } from "dynalite/db/index.js";
import batchGetItemRules from "dynalite/validations/batchGetItem.js";
import batchWriteItemRules from "dynalite/validations/batchWriteItem.js";
import createTableRules from "dynalite/validations/createTable.js";
import deleteItemRules from "dynalite/validations/deleteItem.js";
import getItemRules from "dynalite/validations/getItem.js";
import validations from "dynalite/validations/index.js";
import putItemRules from "dynalite/validations/putItem.js";
import queryRules from "dynalite/validations/query.js";
import scanRules from "dynalite/validations/scan.js";
import updateItemRules from "dynalite/validations/updateItem.js";
import { rememberExpressions } from "./expressions.ts";
import { checkConditionMeaning, checkRaw } from "./limits.ts";
import { invalid, refusalBody } from "./refusal.ts";

rememberExpressions();

/** dynalite's action of each operation on items. */
export const ACTIONS = {
  PutItem: putItem,
  UpdateItem: updateItem,
  DeleteItem: deleteItem,
  BatchWriteItem: batchWriteItem,
  GetItem: getItem,
  BatchGetItem: batchGetItem,
  Query: query,
  Scan: scan,
} satisfies Record<string, Action>;

const RULES = {
  PutItem: putItemRules,
  UpdateItem: updateItemRules,
  DeleteItem: deleteItemRules,
  BatchWriteItem: batchWriteItemRules,
  GetItem: getItemRules,
  BatchGetItem: batchGetItemRules,
  Query: queryRules,
  Scan: scanRules,
  CreateTable: createTableRules,
};

/** An operation whose input dynalite can check. */
export type CheckedOperation = keyof typeof RULES;

/** A checked request, and the member that dynalite does not know. */
export interface CheckedRequest {
  readonly data: Parsed;
  /** True when a failed condition is to be answered with the item that failed it. */
  readonly returnsItemOnFailure: boolean;
}

/**
 * Checks a request and parses its expressions. The input is copied: dynalite deletes what it does not know from it.
 * @throws ValidationException or SerializationException
 */
export function checkRequest(
  store: Store,
  operation: CheckedOperation,
  input: Record<string, unknown>,
): CheckedRequest {
  checkRaw(operation, input);
  const wish = input.ReturnValuesOnConditionCheckFailure;
  if (wish !== undefined && wish !== "ALL_OLD" && wish !== "NONE") {
    throw invalid(
      "1 validation error detected: returnValuesOnConditionCheckFailure must satisfy enum value set: [ALL_OLD, NONE]",
    );
  }
  const rules = RULES[operation];
  const data = refusingOnly(() => {
    const typed = validations.checkTypes(JSON.parse(JSON.stringify(input)), rules.types);
    validations.checkValidations(typed, rules.types, rules.custom, store);
    return typed;
  });
  checkConditionMeaning(data);
  return { data, returnsItemOnFailure: wish === "ALL_OLD" };
}

/** dynalite trips over nulls where DynamoDB answers with a validation error; so do we. */
function refusingOnly<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (refusalBody(error) !== undefined) throw error;
    throw invalid(`the request is malformed: ${error instanceof Error ? error.message : "unknown cause"}`);
  }
}
