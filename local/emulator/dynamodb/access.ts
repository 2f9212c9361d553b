/** Which permissions a DynamoDB call needs, as AWS's service authorization reference states them. */

import { type Access, contextOf, type Json, ServiceError } from "../service.ts";
import { attributesOf } from "./attributes.ts";

/** A table as far as permissions are concerned. */
export interface TableFace {
  readonly name: string;
  readonly arn: string;
  readonly partitionKey: string;
  /** Partition key by index name. */
  readonly indexes: ReadonlyMap<string, string>;
}

/** What AWS does not say, so that a test may have it either way. */
export interface Unsaid {
  /**
   * Whether `dynamodb:LeadingKeys` and `dynamodb:Attributes` are filled for the writes of a transaction: documented for
   * ConditionCheckItem alone.
   */
  namesRowsInTransactions: boolean;
}

const transactActions = [
  ["Put", "PutItem"],
  ["Update", "UpdateItem"],
  ["Delete", "DeleteItem"],
  ["ConditionCheck", "ConditionCheckItem"],
  ["Get", "GetItem"],
] as const;

/**
 * Lists the permissions of a call. A transaction has no action of its own: each of its parts needs the part's, with
 * `dynamodb:EnclosingOperation` set.
 * @throws ServiceError ResourceNotFoundException for a table that does not exist
 */
export function dynamoDbAccess(
  { tables, unsaid }: { readonly tables: ReadonlyMap<string, TableFace>; readonly unsaid: Unsaid },
  operation: string,
  input: Json,
): Access[] {
  const find = (given: unknown): TableFace => {
    const name = String(given ?? "").replace(/^arn:.*:table\//, "");
    const table = tables.get(name);
    if (table === undefined) throw new ServiceError("ResourceNotFoundException", "Requested resource not found");
    return table;
  };
  const on = (table: TableFace, action: string, keys: readonly (string | undefined)[]): Access => ({
    action: `dynamodb:${action}`,
    resource: table.arn,
    context: contextOf({
      "dynamodb:LeadingKeys": keys.every(isText) && keys.length > 0 ? keys.filter(isText) : undefined,
    }),
  });
  const requestItems = Object.entries((input.RequestItems ?? {}) as Record<string, unknown>);

  switch (operation) {
    case "TransactWriteItems":
    case "TransactGetItems":
      return (asList(input.TransactItems) as Json[]).flatMap((item) =>
        transactActions.flatMap(([member, action]) => {
          const part = item[member] as Json | undefined;
          if (part === undefined) return [];
          const table = find(part.TableName);
          const more = contextOf({ "dynamodb:EnclosingOperation": operation });
          const isNamed = unsaid.namesRowsInTransactions || action === "ConditionCheckItem";
          const one = on(table, action, isNamed ? [keyOf(table, part.Key ?? part.Item)] : []);
          const attributes = isNamed ? namesOf(part) : {};
          return [{ ...one, context: { ...one.context, ...attributes, ...more } }];
        }),
      );
    case "BatchGetItem":
      return requestItems.map(([name, request]) => {
        const table = find(name);
        return on(
          table,
          operation,
          asList((request as Json).Keys).map((key) => keyOf(table, key)),
        );
      });
    case "BatchWriteItem":
      return requestItems.map(([name, requests]) => {
        const table = find(name);
        const keys = (asList(requests) as { PutRequest?: Json; DeleteRequest?: Json }[]).map(
          ({ PutRequest, DeleteRequest }) => keyOf(table, PutRequest?.Item ?? DeleteRequest?.Key),
        );
        return on(table, operation, keys);
      });
    case "ListTables":
      return [{ action: "dynamodb:ListTables", resource: "*", context: {} }];
    case "Query":
    case "Scan": {
      const table = find(input.TableName);
      const index = typeof input.IndexName === "string" ? input.IndexName : undefined;
      const partitionKey = index === undefined ? table.partitionKey : (table.indexes.get(index) ?? "");
      const resource = index === undefined ? table.arn : `${table.arn}/index/${index}`;
      return [
        { ...on(table, operation, [operation === "Query" ? queriedKey(partitionKey, input) : undefined]), resource },
      ];
    }
    default: {
      const table = find(input.TableName);
      const one = on(table, operation, [keyOf(table, input.Key ?? input.Item)]);
      return [{ ...one, context: { ...one.context, ...namesOf(input) } }];
    }
  }
}

const namesOf = (part: Json) => contextOf({ "dynamodb:Attributes": attributesOf(part) });

function keyOf(table: TableFace, item: unknown): string | undefined {
  return attributeText((item as Json | undefined)?.[table.partitionKey]);
}

/** The partition key's value in a Query, from the key condition's equality. */
function queriedKey(partitionKey: string, input: Json): string | undefined {
  const names = (input.ExpressionAttributeNames ?? {}) as Record<string, string>;
  const values = (input.ExpressionAttributeValues ?? {}) as Record<string, unknown>;
  for (const [, name = "", value = ""] of String(input.KeyConditionExpression ?? "").matchAll(
    /([#\w]+)\s*=\s*(:\w+)/g,
  )) {
    if ((names[name] ?? name) === partitionKey) return attributeText(values[value]);
  }
  return undefined;
}

function attributeText(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { S, N, B } = value as Record<string, unknown>;
  return [S, N, B].find(isText);
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
