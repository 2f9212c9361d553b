import type { Item, Parsed, Table } from "dynalite/db/index.js";
import db from "dynalite/db/index.js";
import { itemSizeBytes, nestsTooDeep } from "./images.ts";
import { invalid, type Refusal } from "./refusal.ts";

/** 400 KB: the largest item. */
const MAX_ITEM_BYTES = 400 * 1024;
const MAX_EXPRESSION_BYTES = 4096;
/** An attribute value 32 deep is about 70 JSON levels deep; beyond this nothing legal remains. */
const MAX_JSON_DEPTH = 100;

/** The parameters from before expressions; dynalite knows them, but nothing of ours may be built on them. */
const LEGACY = [
  "Expected",
  "AttributeUpdates",
  "KeyConditions",
  "QueryFilter",
  "ScanFilter",
  "AttributesToGet",
  "ConditionalOperator",
];

/**
 * What DynamoDB refuses in a raw request and dynalite lets pass. Run before dynalite walks the input recursively.
 * @throws ValidationException
 */
export function checkRaw(operation: string, input: Record<string, unknown>): void {
  if (jsonDeeperThan(input, MAX_JSON_DEPTH)) throw invalid("Nesting Levels have exceeded supported limits");
  for (const values of [input.Item, input.ExpressionAttributeValues]) {
    if (isRecord(values) && Object.values(values).some((value) => nestsTooDeep(value))) {
      throw invalid("Nesting Levels have exceeded supported limits");
    }
  }
  const legacy = LEGACY.find((name) => input[name] != null);
  if (legacy !== undefined) throw invalid(`the embedded DynamoDB has no legacy parameter ${legacy}: use an expression`);
  for (const [name, value] of Object.entries(input)) {
    if (!name.endsWith("Expression") || typeof value !== "string") continue;
    if (Buffer.byteLength(value) > MAX_EXPRESSION_BYTES)
      throw invalid(`Invalid ${name}: Expression size has exceeded the maximum allowed size`);
  }
  if (operation === "BatchWriteItem") checkBatchWrite(input.RequestItems);
}

function checkBatchWrite(requests: unknown): void {
  if (!isRecord(requests)) return;
  const all = Object.values(requests).flatMap((list) => (Array.isArray(list) ? list : []));
  if (all.length > 25) throw invalid("Too many items requested for the BatchWriteItem call");
  for (const request of all) {
    const item = isRecord(request) && isRecord(request.PutRequest) ? request.PutRequest.Item : undefined;
    if (isRecord(item) && Object.values(item).some((value) => nestsTooDeep(value))) {
      throw invalid("Nesting Levels have exceeded supported limits");
    }
  }
}

/** True for a JSON object, and so not for null and arrays. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function jsonDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((member) => jsonDeeperThan(member, levels - 1));
}

/** What DynamoDB refuses in an item as it would be stored. Returns the refusal instead of throwing it: dynalite wants it in a callback. */
export function refuseImage(table: Table, image: Item): Refusal | undefined {
  if (itemSizeBytes(image) > MAX_ITEM_BYTES) return invalid("Item size has exceeded the maximum allowed size");
  if (Object.values(image).some((value) => nestsTooDeep(value)))
    return invalid("Nesting Levels have exceeded supported limits");
  const indexes = [...(table.GlobalSecondaryIndexes ?? []), ...(table.LocalSecondaryIndexes ?? [])];
  for (const schema of [table.KeySchema, ...indexes.map((index) => index.KeySchema)]) {
    for (const { AttributeName, KeyType } of schema) {
      const bytes = keyBytes(image[AttributeName]);
      if (bytes === 0)
        return invalid(
          `One or more parameter values are not valid. The key attribute ${AttributeName} cannot be empty`,
        );
      if (bytes !== undefined && bytes > (KeyType === "HASH" ? 2048 : 1024)) {
        return invalid(`One or more parameter values were invalid: the key attribute ${AttributeName} is too long`);
      }
    }
  }
  return undefined;
}

function keyBytes(value: Record<string, unknown> | undefined): number | undefined {
  if (typeof value?.S === "string") return Buffer.byteLength(value.S);
  if (typeof value?.B === "string") return Buffer.byteLength(value.B, "base64");
  return undefined;
}

/**
 * dynalite never finds two maps or lists equal, finds two missing attributes equal, and answers `contains` wrongly for
 * other than strings, numbers and binaries. A condition that silently means something else is worse than none: refuse it.
 * @throws ValidationException
 */
export function checkConditionMeaning(data: Parsed): void {
  for (const expression of [data._condition?.expression, data._filter?.expression]) walk(expression, refuseLiteral);
}

/** The same for operands that only the stored item can tell. */
export function refuseByItem(data: Parsed, item: Item | undefined): Refusal | undefined {
  let refusal: Refusal | undefined;
  walk(data._condition?.expression, (node) => {
    if (node.type !== "=" && node.type !== "<>" && node.type !== "in") return;
    const paths = node.args.filter((argument) => Array.isArray(argument));
    if (paths.length < 2) return;
    const values = paths.map((path) => db.mapPath(path, item ?? {}));
    if (values.some((value) => value == null || "M" in value || "L" in value)) {
      refusal = invalid(
        "the embedded DynamoDB cannot compare missing attributes, maps or lists with each other: compare scalars",
      );
    }
  });
  return refusal;
}

interface ExpressionNode {
  type: string;
  name?: string;
  args: unknown[];
}

function refuseLiteral(node: ExpressionNode): void {
  const compares = node.type === "=" || node.type === "<>" || node.type === "in";
  const contains = node.type === "function" && node.name === "contains";
  for (const argument of node.args) {
    if (!isRecord(argument) || "args" in argument) continue;
    const type = Object.keys(argument)[0] ?? "";
    if ((compares && (type === "M" || type === "L")) || (contains && !["S", "N", "B"].includes(type))) {
      throw invalid(
        `the embedded DynamoDB cannot evaluate ${node.name ?? node.type} on a value of type ${type}: compare scalars`,
      );
    }
  }
}

function walk(node: unknown, visit: (node: ExpressionNode) => void): void {
  if (!isRecord(node) || !Array.isArray(node.args) || typeof node.type !== "string") return;
  visit({ type: node.type, args: node.args, ...(typeof node.name === "string" ? { name: node.name } : {}) });
  for (const argument of node.args) walk(argument, visit);
}
