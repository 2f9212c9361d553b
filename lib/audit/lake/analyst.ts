import { Aws } from "aws-cdk-lib";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { lakeNames, rawTables } from "../../../core/lineage/athena.ts";
import type { Stage } from "../../settings/stage.ts";
import type { StateStack } from "../../state/state-stack.ts";

/** Below this the audit's objects are; what the delivery could not write is below another. */
const auditPrefix = "audit/";

/** Bucket and folder of all of a trail's files. */
export const trailFolder = ({ bucket, prefix }: NonNullable<Stage["cloudTrail"]>): string =>
  `${bucket}/${prefix === undefined ? "" : `${prefix}/`}AWSLogs`;

/**
 * Everything that whoever asks and traces needs, and nothing that writes: Athena reads tables and objects with the rights of its
 * caller.
 */
export function analystStatements({
  stage,
  state,
}: {
  readonly stage: Stage;
  readonly state: StateStack;
}): PolicyStatement[] {
  const { workgroup, database } = lakeNames(stage.name);
  const of = (service: string, path: string) =>
    `arn:${Aws.PARTITION}:${service}:${Aws.REGION}:${Aws.ACCOUNT_ID}:${path}`;
  const { cloudTrail } = stage;
  const { auditBucket, keys } = state;
  const tables = cloudTrail ? Object.values(rawTables) : [rawTables.audit];
  const reading = (bucket: string, prefix: string) => [
    new PolicyStatement({ actions: ["s3:GetBucketLocation"], resources: [bucket] }),
    new PolicyStatement({
      actions: ["s3:ListBucket"],
      resources: [bucket],
      conditions: { StringLike: { "s3:prefix": [`${prefix}*`] } },
    }),
    new PolicyStatement({ actions: ["s3:GetObject"], resources: [`${bucket}/${prefix}*`] }),
  ];
  return [
    new PolicyStatement({
      actions: [
        "athena:StartQueryExecution",
        "athena:StopQueryExecution",
        "athena:GetQueryExecution",
        "athena:GetQueryResults",
        "athena:GetQueryResultsStream",
        "athena:GetWorkGroup",
        "athena:ListNamedQueries",
        "athena:BatchGetNamedQuery",
        "athena:GetNamedQuery",
      ],
      resources: [of("athena", `workgroup/${workgroup}`)],
    }),
    new PolicyStatement({
      actions: ["glue:GetDatabase", "glue:GetTable", "glue:GetTables", "glue:GetPartitions"],
      resources: [
        of("glue", "catalog"),
        of("glue", `database/${database}`),
        ...tables.map((table) => of("glue", `table/${database}/${table}`)),
      ],
    }),
    ...reading(auditBucket.bucketArn, auditPrefix),
    ...(cloudTrail
      ? reading(
          `arn:${Aws.PARTITION}:s3:::${cloudTrail.bucket}`,
          `${trailFolder(cloudTrail).slice(cloudTrail.bucket.length + 1)}/`,
        )
      : []),
    new PolicyStatement({
      actions: ["kms:Decrypt"],
      resources: [keys.data.keyArn, ...(cloudTrail?.key === undefined ? [] : [cloudTrail.key])],
      // of objects, through S3 in whichever Region the trail's bucket is
      conditions: { StringLike: { "kms:ViaService": "s3.*.amazonaws.com" } },
    }),
  ];
}
