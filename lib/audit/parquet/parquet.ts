import { Aws, Duration, RemovalPolicy } from "aws-cdk-lib";
import { CfnRule, type EventBus } from "aws-cdk-lib/aws-events";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { CfnDeliveryStream } from "aws-cdk-lib/aws-kinesisfirehose";
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from "aws-cdk-lib/aws-s3";
import { Construct } from "constructs";
import { acknowledgeParquet } from "../../acknowledged.ts";
import type { Stage } from "../../settings/stage.ts";
import type { StateStack } from "../../state/state-stack.ts";
import type { Lake } from "../lake/lake.ts";
import { type ParquetClass, parquetClasses } from "./classes.ts";
import { carries, type ParquetBucket, parquetRole, type Streamed } from "./role.ts";
import { folderOf, parquetTable } from "./tables.ts";

/** What the second delivery is made from. */
interface ParquetProps {
  readonly stage: Stage;
  readonly state: StateStack;
  readonly bus: EventBus;
  /** Whose database has the tables. */
  readonly lake: Lake;
  readonly parquet: NonNullable<Stage["parquet"]>;
}

/**
 * Records once more, as Parquet, one stream and one folder a class, laid out as Security Lake wants a source. For queries
 * alone: it is no evidence, nothing retains its objects, and what cannot be delivered is tried for a day and then let go,
 * since every record is in the audit bucket.
 */
export class Parquet extends Construct {
  constructor(scope: Construct, id: string, { stage, state, bus, lake, parquet }: ParquetProps) {
    super(scope, id);
    const bucket: ParquetBucket =
      parquet.bucket === undefined
        ? this.ownBucket(state, parquet.days)
        : Bucket.fromBucketName(this, "Given", parquet.bucket);
    const key = parquet.bucket === undefined ? state.keys.data.keyArn : parquet.key;
    const role = parquetRole(this, { stage, bucket, ...(key === undefined ? {} : { key }) });
    acknowledgeParquet(
      role,
      parquet.bucket === undefined ? "<ParquetBucket5E978C8E.Arn>" : `arn:<AWS::Partition>:s3:::${parquet.bucket}`,
    );
    const caller = new Role(this, "RuleRole", {
      // conditions that stop a rule of another account from using this role (confused deputy)
      assumedBy: new ServicePrincipal("events.amazonaws.com", {
        conditions: { StringEquals: { "aws:SourceAccount": Aws.ACCOUNT_ID } },
      }),
    });
    for (const one of parquetClasses) {
      const table = parquetTable(this, one, { stage, bucket: bucket.bucketName });
      table.node.addDependency(lake);
      const stream = this.stream(one, { role, bucket, parquet, table, key });
      caller.addToPolicy(carries(stream.attrArn));
      new CfnRule(this, `Rule-${one.name}`, {
        eventBusName: bus.eventBusName,
        description: `Records of class ${one.className}, as Parquet`,
        eventPattern: { source: ["lanyard"], "detail-type": [one.className] },
        targets: [
          {
            id: "Firehose",
            arn: stream.attrArn,
            roleArn: caller.roleArn,
            inputPath: "$.detail",
            retryPolicy: { maximumEventAgeInSeconds: 86_400, maximumRetryAttempts: 185 },
          },
        ],
      }).node.addDependency(caller);
    }
  }

  private ownBucket(state: StateStack, days: number): Bucket {
    const bucket = new Bucket(this, "Bucket", {
      encryption: BucketEncryption.KMS,
      encryptionKey: state.keys.data,
      bucketKeyEnabled: true,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      lifecycleRules: [{ expiration: Duration.days(days), abortIncompleteMultipartUploadAfter: Duration.days(7) }],
    });
    acknowledgeParquet(bucket);
    return bucket;
  }

  private stream(one: ParquetClass, { role, bucket, parquet, table, key }: Streamed): CfnDeliveryStream {
    const stream = new CfnDeliveryStream(this, `Firehose-${one.name}`, {
      deliveryStreamType: "DirectPut",
      deliveryStreamEncryptionConfigurationInput: { keyType: "AWS_OWNED_CMK" },
      extendedS3DestinationConfiguration: {
        bucketArn: bucket.bucketArn,
        roleArn: role.roleArn,
        // a conversion asks for 64 MB at least; the interval rules before that is reached
        bufferingHints: { intervalInSeconds: parquet.bufferSeconds, sizeInMBs: 64 },
        compressionFormat: "UNCOMPRESSED",
        prefix: `${folderOf(one)}/region=${Aws.REGION}/accountId=${Aws.ACCOUNT_ID}/eventDay=!{timestamp:yyyyMMdd}/`,
        errorOutputPrefix: `errors/lanyard_${one.name}/!{firehose:error-output-type}/`,
        ...(key === undefined ? {} : { encryptionConfiguration: { kmsEncryptionConfig: { awskmsKeyArn: key } } }),
        dataFormatConversionConfiguration: {
          enabled: true,
          inputFormatConfiguration: { deserializer: { openXJsonSerDe: { caseInsensitive: true } } },
          outputFormatConfiguration: { serializer: { parquetSerDe: { compression: "SNAPPY" } } },
          schemaConfiguration: {
            catalogId: Aws.ACCOUNT_ID,
            databaseName: table.databaseName,
            tableName: table.ref,
            region: Aws.REGION,
            roleArn: role.roleArn,
            versionId: "LATEST",
          },
        },
      },
    });
    stream.node.addDependency(role);
    return stream;
  }
}
