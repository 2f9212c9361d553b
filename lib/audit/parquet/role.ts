import { Aws } from "aws-cdk-lib";
import type { CfnTable } from "aws-cdk-lib/aws-glue";
import { PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { IBucket } from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";
import { lakeNames } from "../../../core/lineage/athena.ts";
import { allow } from "../../function/grant.ts";
import type { Stage } from "../../settings/stage.ts";
import { parquetClasses } from "./classes.ts";

/** What is asked of a bucket, its own or a given one. */
export type ParquetBucket = Pick<IBucket, "bucketArn" | "bucketName" | "arnForObjects">;

/** What a stream is made from, beside its class. */
export interface Streamed {
  readonly role: Role;
  readonly bucket: ParquetBucket;
  readonly parquet: NonNullable<Stage["parquet"]>;
  readonly table: CfnTable;
  readonly key: string | undefined;
}

/** Lets a rule's role carry records to one stream. */
export const carries = (streamArn: string): PolicyStatement =>
  new PolicyStatement({ actions: ["firehose:PutRecord", "firehose:PutRecordBatch"], resources: [streamArn] });

/** The role that Firehose reads tables and writes objects by; it can delete nothing. */
export function parquetRole(
  scope: Construct,
  { stage, bucket, key }: { readonly stage: Stage; readonly bucket: ParquetBucket; readonly key?: string },
): Role {
  const { database } = lakeNames(stage.name);
  const role = new Role(scope, "FirehoseRole", {
    // as AWS documents it: Firehose sends the account it works for as external id
    assumedBy: new ServicePrincipal("firehose.amazonaws.com", {
      conditions: { StringEquals: { "sts:ExternalId": Aws.ACCOUNT_ID } },
    }),
  });
  allow(role, {
    actions: ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
    on: ["ext/*", "errors/*"].map((below) => ({ name: `Parquet/${below}`, arn: bucket.arnForObjects(below) })),
    why: "adds objects; it can neither delete nor read them",
  });
  allow(role, {
    actions: ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"],
    on: [{ name: "Parquet", arn: bucket.bucketArn }],
    why: "as AWS publishes it for a delivery into a bucket",
  });
  if (key !== undefined)
    allow(role, {
      actions: ["kms:GenerateDataKey", "kms:Decrypt"],
      on: [{ name: "The objects' key", arn: key }],
      conditions: { StringEquals: { "kms:ViaService": `s3.${Aws.REGION}.amazonaws.com` } },
      why: "writes objects under their key",
    });
  const glue = (path: string) => `arn:${Aws.PARTITION}:glue:${Aws.REGION}:${Aws.ACCOUNT_ID}:${path}`;
  allow(role, {
    actions: ["glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"],
    on: [
      glue("catalog"),
      glue(`database/${database}`),
      ...parquetClasses.map(({ name }) => glue(`table/${database}/parquet_${name}`)),
    ].map((arn) => ({
      name: "Tables",
      arn,
    })),
    why: "reads the form that records are converted to",
  });
  return role;
}
