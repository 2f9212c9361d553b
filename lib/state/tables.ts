import { RemovalPolicy } from "aws-cdk-lib";
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
import { type NamedRole, roleArn } from "../function/roles.ts";
import type { Stage } from "../settings/stage.ts";

const text = (name: string) => ({ name, type: AttributeType.STRING });

/**
 * The tables. They have no physical names, so that a failed first deployment leaves nothing in the way of the next,
 * and no indexes: an index may lag behind its table, and what revocation has to find must not (threat 6).
 */
export class Tables extends Construct {
  readonly sessions: TableV2;
  readonly subjects: TableV2;
  readonly markers: TableV2;
  readonly counters: TableV2;
  readonly tombstones: TableV2;
  readonly revocations: TableV2;
  readonly lists: TableV2;
  readonly registry: TableV2;
  readonly outbox: TableV2;
  readonly keyring: TableV2;
  readonly orders: TableV2;
  readonly traces: TableV2;

  /** All of them. */
  readonly all: TableV2[] = [];

  /** @param dataKey customer-managed key of all tables */
  constructor(scope: Construct, id: string, stage: Stage, dataKey: IKey) {
    super(scope, id);
    const table = (name: keyof typeof writers, props: TablePropsV2) => {
      const made = new TableV2(this, name, {
        billing: Billing.onDemand(),
        encryption: TableEncryptionV2.customerManagedKey(dataKey),
        pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
        deletionProtection: true,
        removalPolicy: RemovalPolicy.RETAIN,
        resourcePolicy: writtenBy(stage, writers[name](stage)),
        ...props,
      });
      this.all.push(made);
      return made;
    };
    this.sessions = table("Sessions", {
      partitionKey: text("root"),
      sortKey: text("sid"),
      timeToLiveAttribute: "expiresAt",
    });
    this.subjects = table("Subjects", {
      partitionKey: text("subject"),
      sortKey: text("session"),
      timeToLiveAttribute: "expiresAt",
    });
    this.markers = table("Markers", { partitionKey: text("key"), timeToLiveAttribute: "expiresAt" });
    this.counters = table("Counters", { partitionKey: text("key"), timeToLiveAttribute: "expiresAt" });
    // a public function writes here: a table apart from the one that says who is blocked
    this.tombstones = table("Tombstones", {
      partitionKey: text("session"),
      timeToLiveAttribute: "expiresAt",
      dynamoStream: StreamViewType.NEW_IMAGE,
    });
    // no TTL: a counter that went would begin again at 0, and bring dead sessions back to life
    this.revocations = table("Revocations", {
      partitionKey: text("subject"),
      dynamoStream: StreamViewType.NEW_IMAGE,
    });
    this.lists = table("Lists", { partitionKey: text("list"), timeToLiveAttribute: "expiresAt" });
    this.registry = table("Registry", { partitionKey: text("kind"), sortKey: text("name") });
    this.outbox = table("Outbox", {
      partitionKey: text("eventId"),
      timeToLiveAttribute: "expiresAt",
      dynamoStream: StreamViewType.NEW_IMAGE,
    });
    this.keyring = table("Keyring", {
      partitionKey: text("ring"),
    });
    // a function with a URL writes here, and so not into the rings
    this.orders = table("Orders", {
      partitionKey: text("ring"),
      dynamoStream: StreamViewType.NEW_IMAGE,
    });
    this.traces = table("Traces", { partitionKey: text("kind"), sortKey: text("name") });
  }
}

/** A function that is there only where a stage asks for it must not be trusted by name where it is not. */
const appliers = (stage: Stage): readonly NamedRole[] => (stage.registry === undefined ? [] : ["registry-applier"]);

/**
 * Whose rows a table holds. Whoever may write any table of the account could otherwise revoke, un-revoke, register an
 * agent, say which key counts or forge a record (threat 45); each writer's own role says which rows.
 */
const writers = {
  Sessions: () => ["token"],
  Subjects: () => ["token"],
  Markers: () => ["attest", "attest-iam", "token", "introspect", "revoke"],
  Counters: () => ["attest", "attest-iam", "token", "introspect", "revoke"],
  Tombstones: () => ["revoke", "admin-revoke"],
  Revocations: (stage) => ["admin-revoke", "admin-write", ...appliers(stage)],
  Lists: () => ["publisher"],
  Registry: (stage) => ["admin-write", ...appliers(stage)],
  Outbox: (stage) => [
    "attest",
    "attest-iam",
    "token",
    "introspect",
    "revoke",
    "admin-revoke",
    "admin-write",
    "admin-read",
    "admin-rotate",
    "rotator",
    "lifecycle-watch",
    "drift-watch",
    "transmitter",
    ...appliers(stage),
  ],
  Keyring: () => ["rotator"],
  Orders: () => ["admin-rotate"],
  Traces: () => ["lifecycle-watch", "drift-watch"],
} as const satisfies Record<string, (stage: Stage) => readonly NamedRole[]>;

/** An explicit deny beats every allow: an administrator's too, and every later one's. */
function writtenBy(stage: Stage, roles: readonly NamedRole[]): PolicyDocument {
  const actions = ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"];
  const partiQl = ["PartiQLInsert", "PartiQLUpdate", "PartiQLDelete"];
  return new PolicyDocument({
    statements: [
      new PolicyStatement({
        sid: "OnlyTheseWrite",
        effect: Effect.DENY,
        principals: [new AnyPrincipal()],
        actions: [...actions, ...partiQl].map((action) => `dynamodb:${action}`),
        // the table's own ARN here would be a circle
        resources: ["*"],
        conditions: { ArnNotEquals: { "aws:PrincipalArn": roles.map((role) => roleArn(stage, role)) } },
      }),
    ],
  });
}
