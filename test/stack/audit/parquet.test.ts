import { describe, expect, test } from "vitest";
import { ocsfClasses } from "../../../core/audit/classes.ts";
import { parquetClasses } from "../../../lib/audit/parquet/classes.ts";
import { account, region, synthesized } from "../synthesized.ts";
import { read } from "./ground.ts";

const made = (parquet: object | undefined) => synthesized(parquet === undefined ? {} : { parquet }).templates.Audit;
const of = (template: ReturnType<typeof made>, type: string) =>
  Object.entries(template.Resources).filter(([id, { Type }]) => Type === type && id.startsWith("Parquet"));
const own = made({});

interface Stream {
  readonly BucketARN: unknown;
  readonly Prefix: unknown;
  readonly ErrorOutputPrefix: string;
  readonly CompressionFormat: string;
  readonly BufferingHints: object;
  readonly EncryptionConfiguration?: object;
  readonly DataFormatConversionConfiguration: { readonly SchemaConfiguration: { readonly TableName: unknown } };
}
const streams = (template = own) =>
  of(template, "AWS::KinesisFirehose::DeliveryStream").map(
    ([, { Properties }]) => Properties.ExtendedS3DestinationConfiguration as Stream,
  );

test("a stage without parquet has nothing of it", () => {
  expect(Object.keys(made(undefined).Resources).filter((id) => id.startsWith("Parquet"))).toEqual([]);
});

describe("a stage with parquet", () => {
  test("has one stream, table and folder for each class that records are written as, as Security Lake lays them out", () => {
    const classes = [...new Set(Object.values(ocsfClasses).map(({ className }) => className))].sort();
    expect(parquetClasses.map(({ className }) => className).sort()).toEqual(classes);
    expect(streams().map(({ Prefix }) => read(Prefix))).toEqual(
      parquetClasses.map(
        ({ name }) => `ext/lanyard_${name}/region=${region}/accountId=${account}/eventDay=!{timestamp:yyyyMMdd}/`,
      ),
    );
    const rules = of(own, "AWS::Events::Rule").map(([, { Properties }]) => Properties.EventPattern);
    expect(rules).toEqual(parquetClasses.map(({ className }) => ({ source: ["lanyard"], "detail-type": [className] })));
  });

  test("converts by the class's own table, whose partitions are projected from the folders", () => {
    for (const { CompressionFormat, BufferingHints } of streams())
      expect([CompressionFormat, BufferingHints]).toEqual(["UNCOMPRESSED", { IntervalInSeconds: 300, SizeInMBs: 64 }]);
    for (const [, { Properties }] of of(own, "AWS::Glue::Table")) {
      const { Parameters, PartitionKeys } = Properties.TableInput as {
        Parameters: Record<string, unknown>;
        PartitionKeys: { Name: string }[];
      };
      for (const { Name } of PartitionKeys)
        expect(JSON.stringify(Parameters["storage.location.template"])).toContain(`\${${Name}}`);
      expect(JSON.stringify(Parameters["storage.location.template"])).toMatch(/\/ext\/lanyard_\w+\/region=/);
    }
  });

  test("writes into a bucket of its own that ends what it holds, never into the audit's", () => {
    const [bucket, ...others] = of(own, "AWS::S3::Bucket");
    expect(others).toEqual([]);
    expect(JSON.stringify(bucket?.[1].Properties.LifecycleConfiguration)).toContain('"ExpirationInDays":365');
    expect(bucket?.[1].Properties).not.toHaveProperty("ObjectLockEnabled");
    for (const { BucketARN } of streams()) expect(JSON.stringify(BucketARN)).toContain(bucket?.[0]);
  });

  test("may add objects and read its tables, and delete or read nothing", () => {
    const policies = of(own, "AWS::IAM::Policy").map(([, { Properties }]) => JSON.stringify(Properties));
    const actions = policies.flatMap((text) => text.match(/\b(?:s3|kms|glue|firehose):\w+/g) ?? []);
    expect(actions.filter((action) => /Delete|GetObject|Retention|\*/.test(action))).toEqual([]);
    expect(actions).toContain("s3:PutObject");
  });

  test("writes into the bucket that is named, under that bucket's key, and makes none", () => {
    const key = `arn:aws:kms:${region}:${account}:key/11111111-2222-4333-8444-555555555555`;
    const named = made({ bucket: "aws-security-data-lake", key });
    expect(of(named, "AWS::S3::Bucket")).toEqual([]);
    for (const { BucketARN, EncryptionConfiguration } of streams(named)) {
      expect(JSON.stringify(read(BucketARN))).toContain("aws-security-data-lake");
      expect(EncryptionConfiguration).toEqual({ KMSEncryptionConfig: { AWSKMSKeyARN: key } });
    }
    for (const { EncryptionConfiguration } of streams(made({ bucket: "aws-security-data-lake" })))
      expect(EncryptionConfiguration).toBeUndefined();
  });

  test.each([
    [{ parquet: {}, lake: { enabled: false } }, /parquet: its tables are of the lake/],
    [{ parquet: { key: `arn:aws:kms:eu-west-1:${account}:key/1` } }, /parquet\.key: belongs to a bucket that is named/],
    [{ parquet: { bucket: "No" } }, /parquet\.bucket/],
    [{ parquet: { bufferSeconds: 1 } }, /parquet\.bufferSeconds/],
  ])("is refused where it cannot be: %j", (settings, message) => {
    expect(() => synthesized(settings)).toThrow(message);
  });
});
