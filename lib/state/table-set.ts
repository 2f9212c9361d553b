import { RemovalPolicy } from "aws-cdk-lib";
import {
  AttributeType,
  Billing,
  ProjectionType,
  StreamViewType,
  TableEncryptionV2,
  type TablePropsV2,
  TableV2,
} from "aws-cdk-lib/aws-dynamodb";
import type { PolicyDocument, Role } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { Construct } from "constructs";
import { tableIndexes } from "../../lambdas/env.ts";
import { functionNames } from "../../lambdas/manifest.ts";
import { allow, type Conditions } from "../function/grant.ts";
import type { LanyardFunction } from "../function/lanyard-function.ts";
import { type NamedRole, roleArn } from "../function/roles.ts";
import type { Stage } from "../settings/stage.ts";
import { grantDataKey } from "./data-key.ts";
import { nobodyWrites, onlyTheseRead, onlyTheseWrite, type reading, writing } from "./table-policy.ts";

const text = (name: string) => ({ name, type: AttributeType.STRING });

/** Indexes of what is not done yet: an entry leaves them with its partition's attribute (docs/decisions/0052). */
const worklists = Object.entries(tableIndexes.leaves).map(([indexName, { partition, sort }]) => ({
  indexName,
  partitionKey: text(partition),
  sortKey: { name: sort, type: AttributeType.NUMBER },
  projectionType: ProjectionType.KEYS_ONLY,
}));

/** The tables: their keys, whether their rows expire, and whether they have a stream. */
const kept = {
  sessions: { partitionKey: text("root"), sortKey: text("sid"), timeToLiveAttribute: "expiresAt" },
  // of its own, so that the function that vends can change no session (threat 45)
  vends: { partitionKey: text("root"), sortKey: text("vend"), timeToLiveAttribute: "expiresAt" },
  subjects: { partitionKey: text("subject"), sortKey: text("session"), timeToLiveAttribute: "expiresAt" },
  markers: { partitionKey: text("key"), timeToLiveAttribute: "expiresAt" },
  counters: { partitionKey: text("key"), timeToLiveAttribute: "expiresAt" },
  // of its own, so that who counts calls can refill neither uses nor an agent's rate (threat 60)
  budgets: { partitionKey: text("key"), timeToLiveAttribute: "expiresAt" },
  // a public function writes here, so this is not the table that says who is blocked
  tombstones: {
    partitionKey: text("session"),
    timeToLiveAttribute: "expiresAt",
    dynamoStream: StreamViewType.NEW_IMAGE,
  },
  // no TTL: a counter that expired would begin again at 0, and make dead sessions alive
  revocations: { partitionKey: text("subject"), dynamoStream: StreamViewType.NEW_IMAGE },
  lists: { partitionKey: text("list"), timeToLiveAttribute: "expiresAt" },
  registry: { partitionKey: text("kind"), sortKey: text("name") },
  outbox: {
    partitionKey: text("eventId"),
    timeToLiveAttribute: "expiresAt",
    dynamoStream: StreamViewType.NEW_IMAGE,
  },
  // no TTL either: a key that expired would erase a person whom nobody asked to erase
  people: { partitionKey: text("person") },
  // a public function writes here, so this is not the table that says who is blocked (docs/decisions/0057)
  confirmations: { partitionKey: text("principal"), timeToLiveAttribute: "expiresAt" },
  leaves: { partitionKey: text("event"), timeToLiveAttribute: "expiresAt", globalSecondaryIndexes: worklists },
  approvals: { partitionKey: text("key"), sortKey: text("item"), timeToLiveAttribute: "expiresAt" },
  // of its own, so that the function that asks can answer nothing (threat 55)
  decisions: { partitionKey: text("approval"), sortKey: text("approver"), timeToLiveAttribute: "expiresAt" },
  // of its own, so that whoever decides about calls can make no request of an agent wait (threat 69)
  changes: { partitionKey: text("key"), sortKey: text("item"), timeToLiveAttribute: "expiresAt" },
  keyring: { partitionKey: text("ring") },
  // a function with a URL writes here, so these rows are not in the table of rings
  orders: { partitionKey: text("ring"), dynamoStream: StreamViewType.NEW_IMAGE },
  traces: { partitionKey: text("kind"), sortKey: text("name") },
} as const satisfies Readonly<Record<string, TablePropsV2>>;

/** Name of a table. */
export type TableName = keyof typeof kept;

/** Tables whose only writer is a function that a stage may leave out: the settings that all it takes. */
const writtenWith: Partial<Record<TableName, readonly ("awsCredentials" | "approvals" | "decisions")[]>> = {
  vends: ["awsCredentials"],
  approvals: ["approvals"],
  decisions: ["approvals"],
  changes: ["approvals", "decisions"],
};

/** Tables that nobody may read but the functions that use them: whoever has a person's key reads what it encrypts. */
const secret: ReadonlySet<TableName> = new Set(["people"]);

/** All names. */
export const tableNames = Object.keys(kept) as TableName[];

/** An action on a table, by its short name. There is no action for transactions: IAM checks each of their parts. */
type TableAction = (typeof writing)[number] | (typeof reading)[number];

const isWrite = (action: TableAction): boolean => writing.some((one) => one === action);

/** Input of the tables. */
interface TableSetProps {
  readonly stage: Stage;
  /** Customer-managed key of all tables. */
  readonly dataKey: IKey;
}

/**
 * The tables. They have no physical names, so that a failed first deployment does not block the next one. Only table
 * Leaves has indexes, as lists of work: an index may lag behind its table, and a revocation must find every session
 * (threat 6).
 */
export class TableSet extends Construct {
  readonly table: Readonly<Record<TableName, TableV2>>;
  readonly #stage: Stage;
  readonly #dataKey: IKey;
  readonly #writers = new Map<TableName, Set<NamedRole>>();
  readonly #readers = new Map<TableName, Set<NamedRole>>();

  constructor(scope: Construct, id: string, { stage, dataKey }: TableSetProps) {
    super(scope, id);
    this.#stage = stage;
    this.#dataKey = dataKey;
    const made = tableNames.map((name) => [name, this.make(name)] as const);
    this.table = Object.fromEntries(made) as Record<TableName, TableV2>;
  }

  /**
   * Lets a function use a table: it gets the right, the use of the data key, and the variable with the table's name. If
   * it writes, it is also added to the table's own policy, which forbids writing to everybody else.
   */
  protected use(of: LanyardFunction, name: TableName, use: TableUse): void {
    const { actions, conditions, why } = use;
    const { tableArn: arn, tableName } = this.table[name];
    if (actions.some(isWrite)) {
      if (!this.isWritten(name)) throw new Error(`this stage has nobody who writes table ${name}`);
      among(this.#writers, name).add(of.namedRole);
    }
    if (secret.has(name) && !actions.every(isWrite)) among(this.#readers, name).add(of.namedRole);
    of.grant(
      {
        actions: actions.map((action) => `dynamodb:${action}`),
        on: [{ name: constructId(name), arn }],
        why,
        ...(conditions && { conditions }),
      },
      { [`${name}Table`]: tableName },
    );
    grantDataKey(of, this.#dataKey);
  }

  /**
   * Lets the operators' role use a table when no function answers. It is no function, so it gets no variable, and the
   * table's own policy is told of it here.
   */
  protected useOutOfBand(role: Role, name: TableName, { actions, conditions, why }: TableUse): void {
    if (actions.some(isWrite)) among(this.#writers, name).add("operator-kill");
    allow(role, {
      actions: actions.map((action) => `dynamodb:${action}`),
      on: [{ name: constructId(name), arn: this.table[name].tableArn }],
      why,
      ...(conditions && { conditions }),
    });
    grantDataKey({ role }, this.#dataKey);
  }

  /** Lets a function look into an index of table Leaves. */
  protected look(of: LanyardFunction, index: keyof typeof tableIndexes.leaves, why: string): void {
    const { tableArn, tableName } = this.table.leaves;
    const target = { name: `Leaves/${index}`, arn: `${tableArn}/index/${index}` };
    of.grant({ actions: ["dynamodb:Query"], on: [target], why }, { leavesTable: tableName });
    grantDataKey(of, this.#dataKey);
  }

  /** Lets a function receive a table's stream through an event source mapping. */
  grantStream(of: LanyardFunction, name: TableName): string {
    const arn = this.table[name].tableStreamArn;
    if (!arn) throw new Error(`table ${name} has no stream`);
    of.grant({
      actions: ["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"].map((one) => `dynamodb:${one}`),
      on: [{ name: `stream of ${constructId(name)}`, arn }],
      why: "is told of each row that is written",
      byAws: true,
    });
    grantDataKey(of, this.#dataKey);
    return arn;
  }

  private make(name: TableName): TableV2 {
    return new TableV2(this, constructId(name), {
      billing: Billing.onDemand(),
      encryption: TableEncryptionV2.customerManagedKey(this.#dataKey),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: true,
      removalPolicy: RemovalPolicy.RETAIN,
      resourcePolicy: this.policyOf(name),
      ...kept[name],
    });
  }

  /**
   * Whether a stage has a function that writes a table. A table that none writes is made all the same: other stacks
   * read it, and CloudFormation drops no export that is still imported when the setting is taken out.
   */
  private isWritten(name: TableName): boolean {
    return (writtenWith[name] ?? []).every((setting) => Boolean(this.#stage[setting]));
  }

  private policyOf(name: TableName): PolicyDocument {
    if (!this.isWritten(name)) return nobodyWrites();
    const document = onlyTheseWrite(() => this.arnsAmong(this.#writers, name));
    if (secret.has(name)) document.addStatements(onlyTheseRead(() => this.arnsAmong(this.#readers, name)));
    return document;
  }

  /** @throws when no function uses a table so, since a policy without names would forbid nothing */
  private arnsAmong(roles: Map<TableName, Set<NamedRole>>, name: TableName): string[] {
    const users = among(roles, name);
    if (users.size === 0) throw new Error(`nobody may use table ${name}: leave it out`);
    const ordered = [...functionNames, "operator-kill"].filter((one) => users.has(one as NamedRole)) as NamedRole[];
    return ordered.map((role) => roleArn(this.#stage, role));
  }
}

function among(roles: Map<TableName, Set<NamedRole>>, name: TableName): Set<NamedRole> {
  const known = roles.get(name) ?? new Set();
  roles.set(name, known);
  return known;
}

/** One way of using a table. */
interface TableUse {
  readonly actions: readonly TableAction[];
  readonly conditions?: Conditions;
  /** Why, as a phrase. */
  readonly why: string;
}

/** Logical ids are made from it. */
const constructId = (name: TableName): string => `${name.charAt(0).toUpperCase()}${name.slice(1)}`;
