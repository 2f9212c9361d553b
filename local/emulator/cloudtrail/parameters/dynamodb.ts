/**
 * DynamoDB in CloudTrail: calls on items are data events. Key values are logged, and of everything else only the names:
 * neither items nor the values of expressions.
 */
import type { ServedCall } from "../../front/call.ts";
import type { Json } from "../../service.ts";
import { type Described, type Description, isReading, orNull, resourcesOf, small } from "./described.ts";

/** Names of a table's key attributes. */
export type Schemas = (table: string) => readonly string[];

const onTables = ["CreateTable", "DescribeTable", "ListTables", "UpdateTable", "DeleteTable", "UpdateTimeToLive"];
const parts = ["Put", "Update", "Delete", "ConditionCheck", "Get"] as const;

/** Describes a call. */
export function dynamoDb(call: ServedCall, schemas: Schemas): Description {
  const { operation, input } = call;
  const isManagement = onTables.includes(operation);
  const record: Described = {
    eventName: operation,
    requestParameters: orNull(parametersOf(input as Json, schemas)),
    responseElements: null,
    // an index's ARN is no resource of CloudTrail's: its table is
    ...resourcesOf(call, "AWS::DynamoDB::Table", ({ resource }) => resource.replace(/\/(index|stream)\/.*$/, "")),
    readOnly: isReading(operation),
    apiVersion: "2012-08-10",
  };
  return { record, category: isManagement ? "Management" : "Data" };
}

function parametersOf({ RequestItems, TransactItems, ...input }: Json, schemas: Schemas): Json {
  const requestItems = transaction(TransactItems, schemas) ?? batch(RequestItems, schemas);
  return { ...onOne(input, schemas), ...(requestItems === undefined ? {} : { requestItems }) };
}

/** One part: table, key, names of the item's attributes, and expressions without their values. */
function onOne(part: Json, schemas: Schemas): Json {
  const { Item, Key, ExpressionAttributeValues: _values, ClientRequestToken: _token, ...rest } = part;
  const keys = schemas(String(part.TableName ?? "").replace(/^arn:.*:table\//, ""));
  const key = keyOf(Item ?? Key, keys);
  const members = Object.entries(rest).map(([name, value]) => [small(name), value] as const);
  return {
    ...Object.fromEntries(members),
    ...(key === undefined ? {} : { key }),
    ...(Item === undefined ? {} : { item: Object.keys(Item as Json) }),
  };
}

function transaction(items: unknown, schemas: Schemas): Json[] | undefined {
  if (!Array.isArray(items)) return undefined;
  return (items as Json[]).flatMap((item) =>
    parts.flatMap((operation) => {
      if (item[operation] === undefined) return [];
      // in a transaction CloudTrail calls the names of a put's attributes `items`
      const { item: names, ...part } = onOne(item[operation] as Json, schemas);
      return [{ operation, ...part, ...(names === undefined ? {} : { items: names }) }];
    }),
  );
}

function batch(requests: unknown, schemas: Schemas): Json | undefined {
  if (typeof requests !== "object" || requests === null) return undefined;
  const entries = Object.entries(requests as Record<string, Json | Json[]>).map(([table, wanted]) => {
    const keys = schemas(table.replace(/^arn:.*:table\//, ""));
    if (!Array.isArray(wanted)) {
      const asked = Array.isArray(wanted.Keys) ? wanted.Keys : [];
      return [table, { keys: asked.map((key) => keyOf(key, keys)) }] as const;
    }
    const written = wanted.map(({ PutRequest, DeleteRequest }) => {
      const { Item } = (PutRequest ?? {}) as { Item?: Json };
      if (Item !== undefined) return { putRequest: { key: keyOf(Item, keys), items: Object.keys(Item) } };
      return { deleteRequest: { key: keyOf((DeleteRequest as Json | undefined)?.Key, keys) } };
    });
    return [table, written] as const;
  });
  return Object.fromEntries(entries);
}

/** Values of the key attributes alone, without their types. */
function keyOf(item: unknown, keys: readonly string[]): Json | undefined {
  if (typeof item !== "object" || item === null) return undefined;
  const found = Object.entries(item as Record<string, unknown>).filter(([name]) => keys.includes(name));
  return Object.fromEntries(found.map(([name, value]) => [name, textOf(value)]));
}

function textOf(value: unknown): unknown {
  const { S, N, B } = (value ?? {}) as Json;
  return S ?? N ?? B ?? null;
}
