import { CfnOutput, Stack } from "aws-cdk-lib";
import type { Bucket } from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";
import type { Stage } from "../settings/stage.ts";
import { stackProps } from "../stack-props.ts";
import { auditBucket } from "./audit-bucket.ts";
import { Keys } from "./keys.ts";
import { OperatorKill } from "./operator-kill.ts";
import { Tables } from "./tables.ts";

/** The lasting resources: tables, keys and the audit bucket. None of them is replaced, or deleted with the stack. */
export class StateStack extends Stack {
  readonly keys: Keys;
  readonly tables: Tables;
  readonly auditBucket: Bucket;
  /** Where the stage names who may revoke without its functions. */
  readonly kill: OperatorKill | undefined;

  constructor(scope: Construct, id: string, { stage }: { readonly stage: Stage }) {
    super(scope, id, {
      ...stackProps(stage, "state", "tables, keys and the audit bucket; outlives everything else"),
      terminationProtection: stage.terminationProtection,
    });
    this.keys = new Keys(this, "Keys", { stage });
    this.tables = new Tables(this, "Tables", { stage, dataKey: this.keys.data });
    this.auditBucket = auditBucket(this, "AuditBucket", { stage, dataKey: this.keys.data });
    const named = stage.operators?.kill;
    this.kill = named && new OperatorKill(this, "OperatorKill", { stage, tables: this.tables, named });
    this.outputs(stage);
  }

  private outputs(stage: Stage): void {
    const values = {
      TrustDomain: stage.trustDomain,
      Region: this.region,
      AuditBucketName: this.auditBucket.bucketName,
    };
    for (const [name, value] of Object.entries(values)) new CfnOutput(this, name, { value });
    for (const { node, tableName: value } of Object.values(this.tables.table))
      new CfnOutput(this, `${node.id}Table`, { value });
    // a later deployment adopts the keys again by these outputs (docs/day-two.md)
    for (const [name, key] of Object.entries(this.keys.all)) new CfnOutput(this, `${name}KeyId`, { value: key.keyId });
  }
}
