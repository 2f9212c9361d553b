/**
 * The only way a role gets a right here: exact actions on exact resources, with a reason. A construct's own `grant*` is
 * never used.
 */
import { Effect, type Policy, PolicyStatement, type Role } from "aws-cdk-lib/aws-iam";

/** Condition block of a statement. */
export type Conditions = Record<string, Record<string, string | string[]>>;

/** The resource of a right. */
export interface Target {
  /** Its name for readers, such as `Sessions`. */
  readonly name: string;
  readonly arn: string;
}

/** One right of a role, or a denial that overrides every other right. */
export interface Grant {
  /** Full names, such as `sqs:SendMessage`; never a wildcard. */
  readonly actions: readonly string[];
  readonly on: readonly Target[];
  readonly conditions?: Conditions;
  /** Why the role needs it, as a phrase for docs/resources.md. */
  readonly why: string;
  /** Lambda or DynamoDB uses it in the name of the role; the function's own code makes no such call. */
  readonly byAws?: true;
  /** A deny, which overrides every allow, also an administrator's and a resource policy's. */
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

/** Every resource: for actions that cannot be restricted to resources, and for denials. */
export const everything: Target = { name: "*", arn: "*" };

/** Allows a write only as part of a transaction, so that IAM enforces "together or not at all". */
export const inTransaction: Conditions = { StringEquals: { "dynamodb:EnclosingOperation": "TransactWriteItems" } };

/**
 * Outside transactions: allows only rows whose partition key starts with one of these. A request that names no key is
 * refused. AWS does not document whether it fills the key within a transaction; there use {@link rowsInTransaction}.
 */
export const rows = (...prefixes: string[]): Conditions => ({
  "ForAllValues:StringLike": { "dynamodb:LeadingKeys": prefixes.map((prefix) => `${prefix}*`) },
  Null: { "dynamodb:LeadingKeys": "false" },
});

/**
 * Within a transaction: allows such rows, and of them these attributes alone, the key among them. Where AWS fills
 * neither there it allows nothing: for a right that would undo others' work if it were wider, and whose absence only
 * leaves undone what an operator can do.
 */
export const attributesInTransaction = (prefix: string, ...attributes: string[]): Conditions => ({
  "ForAllValues:StringLike": { "dynamodb:LeadingKeys": [`${prefix}*`] },
  "ForAllValues:StringEquals": { "dynamodb:Attributes": attributes },
  Null: { "dynamodb:LeadingKeys": "false", "dynamodb:Attributes": "false" },
  ...inTransaction,
});

/**
 * Within a transaction: allows only such rows where AWS fills the key there; where it does not, the whole table. Where
 * a wall must hold in both cases, the rows have a table of their own; docs/walls.md tells what each function could do
 * to the others' rows.
 */
export const rowsInTransaction = (...prefixes: string[]): Conditions => ({
  "ForAllValues:StringLike": { "dynamodb:LeadingKeys": prefixes.map((prefix) => `${prefix}*`) },
  ...inTransaction,
});
