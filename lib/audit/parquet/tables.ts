import { Aws } from "aws-cdk-lib";
import { CfnTable } from "aws-cdk-lib/aws-glue";
import type { Construct } from "constructs";
import { lakeNames } from "../../../core/lineage/athena.ts";
import type { Stage } from "../../settings/stage.ts";
import type { ParquetClass } from "./classes.ts";

/** Where a class's objects are, as Security Lake lays out a source. */
export const folderOf = ({ name }: ParquetClass): string => `ext/lanyard_${name}`;

/** A class's table: the form that Firehose writes, and Athena reads, of the same objects. */
export function parquetTable(
  scope: Construct,
  of: ParquetClass,
  { stage, bucket }: { readonly stage: Stage; readonly bucket: string },
): CfnTable {
  const root = `s3://${bucket}/${folderOf(of)}/`;
  const serde = "org.apache.hadoop.hive.ql.io.parquet";
  return new CfnTable(scope, `Table-${of.name}`, {
    catalogId: Aws.ACCOUNT_ID,
    databaseName: lakeNames(stage.name).database,
    tableInput: {
      name: `parquet_${of.name}`,
      description: `Records of class ${of.className} as Parquet, for queries alone: evidence is the audit bucket`,
      tableType: "EXTERNAL_TABLE",
      partitionKeys: ["region", "accountid", "eventday"].map((name) => ({ name, type: "string" })),
      parameters: {
        EXTERNAL: "TRUE",
        "projection.enabled": "true",
        "projection.region.type": "enum",
        "projection.region.values": Aws.REGION,
        "projection.accountid.type": "enum",
        "projection.accountid.values": Aws.ACCOUNT_ID,
        "projection.eventday.type": "date",
        "projection.eventday.format": "yyyyMMdd",
        "projection.eventday.range": "20260101,NOW",
        "storage.location.template": `${root}region=\${region}/accountId=\${accountid}/eventDay=\${eventday}/`,
      },
      storageDescriptor: {
        columns: [...of.columns],
        location: root,
        inputFormat: `${serde}.MapredParquetInputFormat`,
        outputFormat: `${serde}.MapredParquetOutputFormat`,
        serdeInfo: { serializationLibrary: `${serde}.serde.ParquetHiveSerDe` },
      },
    },
  });
}
