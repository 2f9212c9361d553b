/** The only way a role gets a right here: exact actions on exact resources, never a construct's own `grant*`. */
import { Aws, type Resource } from "aws-cdk-lib";
import type { ITableV2 } from "aws-cdk-lib/aws-dynamodb";
import { Effect, PolicyStatement, type Role } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";

/** Denies exact actions whatever any other policy says, a resource's own included. */
export function forbid(role: Role, actions: readonly string[], resources: readonly string[]): void {
  role.addToPolicy(new PolicyStatement({ effect: Effect.DENY, actions: [...actions], resources: [...resources] }));
}

/** Condition block of a statement. */
export type Conditions = Record<string, Record<string, string | string[]>>;

/**
 * Allows exact actions.
 * @param actions full names; a wildcard is a bug and throws
 */
export function allow(
  role: Role,
  actions: readonly string[],
  resources: readonly string[],
  conditions?: Conditions,
): void {
  const wild = actions.find((action) => action.includes("*"));
  if (wild) throw new Error(`${wild}: name the actions one by one`);
  role.addToPolicy(
    new PolicyStatement({
      effect: Effect.ALLOW,
      actions: [...actions],
      resources: [...resources],
      ...(conditions && { conditions }),
    }),
  );
}

/** The write is part of a transaction: "together or not at all" as a fact of IAM. */
export const inTransaction: Conditions = { StringEquals: { "dynamodb:EnclosingOperation": "TransactWriteItems" } };

/**
 * Outside transactions: only rows whose partition key starts with one of these; a request that names no key is refused,
 * not waved through. Within one, AWS does not say that it fills the key: there, {@link rowsInTransaction}.
 */
export const rows = (...prefixes: string[]): Conditions => ({
  "ForAllValues:StringLike": { "dynamodb:LeadingKeys": prefixes.map((prefix) => `${prefix}*`) },
  Null: { "dynamodb:LeadingKeys": "false" },
});

/**
 * Within a transaction, and only such rows where AWS fills the key there; where it does not, the whole table. A wall that
 * must hold either way is a table of its own: docs/walls.md says what each function could do to the others' rows.
 */
export const rowsInTransaction = (...prefixes: string[]): Conditions => ({
  "ForAllValues:StringLike": { "dynamodb:LeadingKeys": prefixes.map((prefix) => `${prefix}*`) },
  ...inTransaction,
});

/** Burns one-use markers, within a transaction. Nothing else stands in that table. */
export function allowMarkers(role: Role, markers: ITableV2): void {
  allowTable(role, markers, ["PutItem"], inTransaction);
}

/** Table actions by their short names, such as `GetItem`. */
export function allowTable(role: Role, table: ITableV2, actions: readonly string[], conditions?: Conditions): void {
  allow(
    role,
    actions.map((action) => `dynamodb:${action}`),
    [table.tableArn],
    conditions,
  );
}

/** Puts an audit record: within the transaction of what it records, or, for a refusal, alone. */
export function allowOutbox(role: Role, outbox: ITableV2): void {
  allowTable(role, outbox, ["PutItem"], inTransaction);
  allowRefusals(role, outbox);
}

/** Puts the record of a refusal, which no transaction carries. */
export function allowRefusals(role: Role, outbox: ITableV2): void {
  allowTable(role, outbox, ["PutItem"], rows("denied#"));
}

/**
 * Use of the tables' own key: DynamoDB checks it with the caller's rights. Without `kms:ViaService` the same right would
 * decrypt anything that was ever encrypted under this key.
 */
export function allowDataKey(role: Role, dataKey: IKey): void {
  const actions = [
    "Decrypt",
    "Encrypt",
    "ReEncryptFrom",
    "ReEncryptTo",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "DescribeKey",
  ];
  allow(
    role,
    actions.map((action) => `kms:${action}`),
    [dataKey.keyArn],
    { StringEquals: { "kms:ViaService": `dynamodb.${Aws.REGION}.amazonaws.com` } },
  );
}

/** Makes MACs with one key: HMAC-SHA-256 and nothing else. */
export function allowMac(role: Role, key: IKey): void {
  allow(role, ["kms:GenerateMac"], [key.keyArn], { StringEquals: { "kms:MacAlgorithm": "HMAC_SHA_256" } });
}

/** Reads a table's stream, as an event source mapping does. */
export function allowStream(role: Role, table: ITableV2 & Resource): void {
  const stream = table.tableStreamArn;
  if (!stream) throw new Error(`${table.node.path} has no stream`);
  allow(
    role,
    ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"],
    [stream],
  );
}
