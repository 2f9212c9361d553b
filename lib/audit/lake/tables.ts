import { Aws } from "aws-cdk-lib";
import { CfnDatabase, CfnTable } from "aws-cdk-lib/aws-glue";
import type { Bucket } from "aws-cdk-lib/aws-s3";
import { Construct } from "constructs";
import { lakeNames, rawTables } from "../../../core/lineage/athena.ts";
import type { Stage } from "../../settings/stage.ts";
import { auditColumns, type Column, trailColumns } from "./columns.ts";

/** Where a table's objects are, and how they are read. */
interface Raw {
  readonly name: string;
  readonly description: string;
  readonly location: string;
  /** Location of one partition. */
  readonly template: string;
  readonly columns: readonly Column[];
  /** Names of the partitions' keys, with the values that Athena is to try. */
  readonly keys: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly input: string;
  readonly serde: { readonly serializationLibrary: string; readonly parameters: Readonly<Record<string, string>> };
}

/** Days, from the oldest that can be there until now. */
const days = (format: string, first: string): Readonly<Record<string, string>> => ({
  type: "date",
  format,
  range: `${first},NOW`,
  interval: "1",
  "interval.unit": "DAYS",
});
const oneOf = (values: readonly string[]): Readonly<Record<string, string>> => ({
  type: "enum",
  values: values.join(","),
});

/** Before this day there was no record of ours, and CloudTrail had no line that names one. */
const firstDay = { dashes: "2026-01-01", slashes: "2026/01/01" } as const;

/**
 * The database of a deployment: its audit bucket as a table, and CloudTrail's. Partitions are projected: nothing has to be
 * added, crawled or paid for while nobody asks.
 */
export class LakeTables extends Construct {
  constructor(
    scope: Construct,
    id: string,
    { stage, bucket }: { readonly stage: Stage; readonly bucket: Pick<Bucket, "bucketName"> },
  ) {
    super(scope, id);
    const { database } = lakeNames(stage.name);
    const made = new CfnDatabase(this, "Database", {
      catalogId: Aws.ACCOUNT_ID,
      databaseInput: {
        name: database,
        description: `lanyard ${stage.name}: our audit, and CloudTrail where the stage names it`,
      },
    });
    for (const [id, raw] of [
      ["Audit", auditOf(bucket.bucketName)],
      ...(stage.cloudTrail ? ([["CloudTrail", trailOf(stage.cloudTrail)]] as const) : []),
    ] as const)
      this.table(id, database, raw).addResourceDependency(made);
  }

  private table(id: string, databaseName: string, raw: Raw): CfnTable {
    const { name, description, location, template, columns, keys, input, serde } = raw;
    const projections = Object.entries(keys).flatMap(([key, of]) =>
      Object.entries(of).map(([what, value]) => [`projection.${key}.${what}`, value]),
    );
    return new CfnTable(this, id, {
      catalogId: Aws.ACCOUNT_ID,
      databaseName,
      tableInput: {
        name,
        description,
        tableType: "EXTERNAL_TABLE",
        partitionKeys: Object.keys(keys).map((key) => ({ name: key, type: "string" })),
        parameters: {
          EXTERNAL: "TRUE",
          "projection.enabled": "true",
          ...Object.fromEntries(projections),
          "storage.location.template": template,
        },
        storageDescriptor: {
          columns: [...columns],
          location,
          inputFormat: input,
          outputFormat: "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
          serdeInfo: { serializationLibrary: serde.serializationLibrary, parameters: serde.parameters },
        },
      },
    });
  }
}

/** One record a line, below the day of its arrival, as the delivery stream writes them. */
const auditOf = (bucket: string): Raw => ({
  name: rawTables.audit,
  description: "Every decision of this deployment, as OCSF; our own facts in unmapped.lanyard",
  location: `s3://${bucket}/audit/`,
  template: `s3://${bucket}/audit/dt=\${dt}/`,
  columns: auditColumns,
  keys: { dt: days("yyyy-MM-dd", firstDay.dashes) },
  input: "org.apache.hadoop.mapred.TextInputFormat",
  serde: {
    serializationLibrary: "org.openx.data.jsonserde.JsonSerDe",
    // a line that is no JSON must not hide all others
    parameters: { "ignore.malformed.json": "true" },
  },
});

/** As CloudTrail lays its files out, by account, Region and day; of an organization's trail below the organization's id. */
function trailOf({ bucket, prefix, organization, accounts, regions }: NonNullable<Stage["cloudTrail"]>): Raw {
  const below = ["AWSLogs", ...(organization === undefined ? [] : [organization])];
  const root = `s3://${[bucket, ...(prefix === undefined ? [] : [prefix]), ...below].join("/")}/`;
  return {
    name: rawTables.trail,
    description: "CloudTrail, with SourceIdentity and what credentials were issued to",
    location: root,
    template: `${root}\${account}/CloudTrail/\${region}/\${dt}/`,
    columns: trailColumns,
    keys: { account: oneOf(accounts), region: oneOf(regions), dt: days("yyyy/MM/dd", firstDay.slashes) },
    input: "com.amazon.emr.cloudtrail.CloudTrailInputFormat",
    serde: { serializationLibrary: "org.apache.hive.hcatalog.data.JsonSerDe", parameters: {} },
  };
}
