import { Lazy, RemovalPolicy } from "aws-cdk-lib";
import {
  AttributeType,
  Billing,
  StreamViewType,
  TableEncryptionV2,
  type TablePropsV2,
  TableV2,
} from "aws-cdk-lib/aws-dynamodb";
import { AnyPrincipal, Effect, PolicyDocument, PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import { Construct } from "constructs";
import { functionNames } from "../../lambdas/manifest.ts";
import type { Conditions } from "../function/grant.ts";
import type { LanyardFunction } from "../function/lanyard-function.ts";
import { type NamedRole, roleArn } from "../function/roles.ts";
import type { Stage } from "../settings/stage.ts";
import { grantDataKey } from "./data-key.ts";

const text = (name: string) => ({ name, type: AttributeType.STRING });

/** What a table holds, how its rows are found, whether they go and who is told of them. */
const kept = {
  sessions: { partitionKey: text("root"), sortKey: text("sid"), timeToLiveAttribute: "expiresAt" },
  subjects: { partitionKey: text("subject"), sortKey: text("session"), timeToLiveAttribute: "expiresAt" },
  markers: { partitionKey: text("key"), timeToLiveAttribute: "expiresAt" },
  counters: { partitionKey: text("key"), timeToLiveAttribute: "expiresAt" },
  // a public function writes here: a table apart from the one that says who is blocked
  tombstones: {
    partitionKey: text("session"),
    timeToLiveAttribute: "expiresAt",
    dynamoStream: StreamViewType.NEW_IMAGE,
  },
  // no TTL: a counter that went would begin again at 0, and bring dead sessions back to life
  revocations: { partitionKey: text("subject"), dynamoStream: StreamViewType.NEW_IMAGE },
  lists: { partitionKey: text("list"), timeToLiveAttribute: "expiresAt" },
  registry: { partitionKey: text("kind"), sortKey: text("name") },
  outbox: {
    partitionKey: text("eventId"),
    timeToLiveAttribute: "expiresAt",
    dynamoStream: StreamViewType.NEW_IMAGE,
  },
  keyring: { partitionKey: text("ring") },
  // a function with a URL writes here, and so not into the rings
  orders: { partitionKey: text("ring"), dynamoStream: StreamViewType.NEW_IMAGE },
  traces: { partitionKey: text("kind"), sortKey: text("name") },
} as const satisfies Readonly<Record<string, TablePropsV2>>;

/** Name of a table. */
export type TableName = keyof typeof kept;

/** All names. */
export const tableNames = Object.keys(kept) as TableName[];

const writing = ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"] as const;
const reading = ["GetItem", "BatchGetItem", "Query", "ConditionCheckItem"] as const;

/** A call on a table, by its short name. Transactions have no name of their own: IAM asks for each of their parts. */
type TableAction = (typeof writing)[number] | (typeof reading)[number];

const isWrite = (action: TableAction): boolean => writing.some((one) => one === action);

/** What tables are made with. */
interface TableSetProps {
  readonly stage: Stage;
  /** Customer-managed key of all tables. */
  readonly dataKey: IKey;
}

/**
 * The tables. They have no physical names, so that a failed first deployment leaves nothing in the way of the next,
 * and no indexes: an index may lag behind its table, and what revocation has to find must not (threat 6).
 */
export class TableSet extends Construct {
  readonly table: Readonly<Record<TableName, TableV2>>;
  readonly #stage: Stage;
  readonly #dataKey: IKey;
  readonly #writers = new Map<TableName, Set<NamedRole>>();

  constructor(scope: Construct, id: string, { stage, dataKey }: TableSetProps) {
    super(scope, id);
    this.#stage = stage;
    this.#dataKey = dataKey;
    const made = tableNames.map((name) => [name, this.make(name)] as const);
    this.table = Object.fromEntries(made) as Record<TableName, TableV2>;
  }

  /**
   * Lets a function do something with a table: gives it the right, the key of the data, the variable that holds the
   * table's name, and, where it writes, its place in the table's own policy, which keeps everybody else from writing.
   */
  protected use(of: LanyardFunction, name: TableName, use: TableUse): void {
    const { actions, conditions, why } = use;
    const { tableArn: arn, tableName } = this.table[name];
    if (actions.some(isWrite)) this.writersOf(name).add(of.namedRole);
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

  /** Lets a function be fed from a table's stream, as an event source mapping does it. */
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
      resourcePolicy: onlyTheseWrite(() => this.writerArns(name)),
      ...kept[name],
    });
  }

  private writersOf(name: TableName): Set<NamedRole> {
    const known = this.#writers.get(name) ?? new Set();
    this.#writers.set(name, known);
    return known;
  }

  /** @throws when nobody writes a table: a policy without names would keep nobody out */
  private writerArns(name: TableName): string[] {
    const writers = this.writersOf(name);
    if (writers.size === 0) throw new Error(`nobody may write table ${name}: leave it out`);
    const ordered = functionNames.filter((one) => writers.has(one as NamedRole)) as NamedRole[];
    return ordered.map((role) => roleArn(this.#stage, role));
  }
}

/** One way of using a table. */
interface TableUse {
  readonly actions: readonly TableAction[];
  readonly conditions?: Conditions;
  /** What for, in words. */
  readonly why: string;
}

/** Logical ids are made from it. */
const constructId = (name: TableName): string => `${name.charAt(0).toUpperCase()}${name.slice(1)}`;

/**
 * Whoever may write any table of the account could otherwise revoke, un-revoke, register an agent, say which key counts or
 * forge a record (threat 45); each writer's own role says which rows. An explicit deny beats every allow: an administrator's
 * too, and every later one's. The writers are known when every function is made, and so asked for last: a function that a
 * stage leaves out is trusted nowhere.
 */
function onlyTheseWrite(writers: () => string[]): PolicyDocument {
  const partiQl = ["PartiQLInsert", "PartiQLUpdate", "PartiQLDelete"];
  return new PolicyDocument({
    statements: [
      new PolicyStatement({
        sid: "OnlyTheseWrite",
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: [...writing, ...partiQl].map((action) => `dynamodb:${action}`),
        // the table's own ARN here would be a circle
        resources: ["*"],
        conditions: { ArnNotEquals: { "aws:PrincipalArn": Lazy.list({ produce: writers }) } },
      }),
    ],
  });
}
