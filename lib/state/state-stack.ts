import { CfnOutput, Stack } from "aws-cdk-lib";
import type { Bucket } from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";
import type { Stage } from "../settings/stage.ts";
import { stackProps } from "../stack-props.ts";
import { auditBucket } from "./audit-bucket.ts";
import { Keys } from "./keys.ts";
import { Tables } from "./tables.ts";

/** What lasts: tables, keys and the audit bucket. Nothing here can fail, be replaced or be deleted with the stack. */
export class StateStack extends Stack {
  readonly keys: Keys;
  readonly tables: Tables;
  readonly auditBucket: Bucket;

  constructor(scope: Construct, stage: Stage) {
    super(scope, "State", {
      ...stackProps(stage, "state", "tables, keys and the audit bucket; outlives everything else"),
      terminationProtection: stage.terminationProtection,
    });
    this.keys = new Keys(this, "Keys", stage);
    this.tables = new Tables(this, "Tables", stage, this.keys.data);
    this.auditBucket = auditBucket(this, "AuditBucket", stage, this.keys.data);
    this.outputs(stage);
  }

  private outputs(stage: Stage): void {
    const {
      sessions,
      subjects,
      markers,
      counters,
      tombstones,
      revocations,
      lists,
      registry,
      outbox,
      keyring,
      orders,
      traces,
    } = this.tables;
    const values = {
      TrustDomain: stage.trustDomain,
      Region: this.region,
      AuditBucketName: this.auditBucket.bucketName,
      SessionsTable: sessions.tableName,
      SubjectsTable: subjects.tableName,
      MarkersTable: markers.tableName,
      CountersTable: counters.tableName,
      TombstonesTable: tombstones.tableName,
      RevocationsTable: revocations.tableName,
      ListsTable: lists.tableName,
      RegistryTable: registry.tableName,
      OutboxTable: outbox.tableName,
      KeyringTable: keyring.tableName,
      OrdersTable: orders.tableName,
      TracesTable: traces.tableName,
    };
    for (const [name, value] of Object.entries(values)) new CfnOutput(this, name, { value });
    // by these a later deployment adopts the keys again (docs/day-two.md)
    for (const [name, key] of Object.entries(this.keys.all)) new CfnOutput(this, `${name}KeyId`, { value: key.keyId });
  }
}
