/** The only way a role gets a right here: exact actions on exact resources, with the reason; never a construct's own `grant*`. */
import { Effect, type Policy, PolicyStatement, type Role } from "aws-cdk-lib/aws-iam";

/** Condition block of a statement. */
export type Conditions = Record<string, Record<string, string | string[]>>;

/** What a right is about. */
export interface Target {
  /** As a reader knows it, such as `Sessions`. */
  readonly name: string;
  readonly arn: string;
}

/** One right of a role, or what a role is denied whatever else allows it. */
export interface Grant {
  /** Full names, such as `sqs:SendMessage`; never a wildcard. */
  readonly actions: readonly string[];
  readonly on: readonly Target[];
  readonly conditions?: Conditions;
  /** What the role needs it for, in words for docs/resources.md. */
  readonly why: string;
  /** Lambda and DynamoDB use it with the role; the function's own code makes no such call. */
  readonly byAws?: true;
  /** A deny, which beats every allow: an administrator's and a resource's own included. */
  readonly denied?: true;
}

const given = new WeakMap<Role, Grant[]>();

/** Everything a role was given and denied, in that order. */
export const grantsOf = (role: Role): readonly Grant[] => given.get(role) ?? [];

/**
 * Gives a role one right, or denies it one.
 * @param policy where the statement goes; the role's default policy unless said otherwise
 * @throws on an action with a wildcard: that is a bug
 */
export function allow(role: Role, grant: Grant, policy?: Policy): void {
  const { actions, on, conditions, denied } = grant;
  const wild = actions.find((action) => action.includes("*"));
  if (wild) throw new Error(`${wild}: name the actions one by one`);
  given.set(role, [...grantsOf(role), grant]);
  const statement = new PolicyStatement({
    effect: denied ? Effect.DENY : Effect.ALLOW,
    actions: [...actions],
    resources: on.map(({ arn }) => arn),
    ...(conditions && { conditions }),
  });
  if (policy) policy.addStatements(statement);
  else role.addToPolicy(statement);
}

/** Every resource there is: for actions that know none, and for denials. */
export const everything: Target = { name: "*", arn: "*" };

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
