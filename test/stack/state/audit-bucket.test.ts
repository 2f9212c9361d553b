import { describe, expect, test } from "vitest";
import { resolved, type Statement } from "../resolved.ts";
import { account, one, region, synthesized } from "../synthesized.ts";

const { templates } = synthesized();
const { State } = templates;
const role = (name: string) => `arn:aws:iam::${account}:role/lanyard-dev-${region}-${name}`;

describe("the audit bucket", () => {
  const { Properties } = one(State, "AWS::S3::Bucket");
  const statements = (
    resolved(templates, "State", one(State, "AWS::S3::BucketPolicy").Properties.PolicyDocument) as {
      Statement: Statement[];
    }
  ).Statement;
  const bySid = (sid: string) => statements.find((statement) => statement.Sid === sid);

  test("is versioned and locked without a default retention, which might refuse Firehose, private, and encrypted by the data key", () => {
    expect(Properties).toMatchObject({
      ObjectLockEnabled: true,
      VersioningConfiguration: { Status: "Enabled" },
      PublicAccessBlockConfiguration: {
        BlockPublicAcls: true,
        BlockPublicPolicy: true,
        IgnorePublicAcls: true,
        RestrictPublicBuckets: true,
      },
      BucketEncryption: { ServerSideEncryptionConfiguration: [{ BucketKeyEnabled: true }] },
    });
    expect(Properties.ObjectLockConfiguration).toBeUndefined();
  });

  const bucketArn = (below: string) => expect.stringMatching(new RegExp(`^arn:aws:s3:::auditbucket\\w*/${below}$`));
  const but = (...names: string[]) => ({ ArnNotEquals: { "aws:PrincipalArn": names.map(role) } });

  test("threat 23: nobody deletes, and only the sealer and the reader of new objects retain", () => {
    expect(bySid("NobodyRewritesHistory")).toMatchObject({ Effect: "Deny", Principal: { AWS: "*" } });
    expect(bySid("NobodyRewritesHistory")?.Condition).toBeUndefined();
    expect(bySid("NobodyRewritesHistory")?.Action).toEqual([
      "s3:BypassGovernanceRetention",
      "s3:DeleteObject",
      "s3:DeleteObjectVersion",
      "s3:PutBucketObjectLockConfiguration",
      "s3:PutObjectLegalHold",
    ]);
    expect(bySid("OnlyReadersAndTheSealerRetain")).toMatchObject({
      Effect: "Deny",
      Action: "s3:PutObjectRetention",
      Condition: but("object-reader", "sealer"),
    });
  });

  test("threat 23: only Firehose writes records, only the sealer the log, and nobody anything else", () => {
    const puts = { Effect: "Deny", Principal: { AWS: "*" }, Action: "s3:PutObject" };
    expect(bySid("OnlyFirehoseWrites")).toMatchObject({
      ...puts,
      Resource: [bucketArn("audit/\\*"), bucketArn("errors/\\*")],
      Condition: but("firehose"),
    });
    expect(bySid("OnlyTheSealerWritesTheLog")).toMatchObject({
      ...puts,
      Resource: bucketArn("log/\\*"),
      Condition: but("sealer"),
    });
    expect(bySid("NobodyWritesElsewhere")).toMatchObject({
      ...puts,
      NotResource: [bucketArn("audit/\\*"), bucketArn("errors/\\*"), bucketArn("log/\\*")],
    });
    expect(bySid("NobodyWritesElsewhere")?.Condition).toBeUndefined();
  });

  test("threat 23: what a verifier has seen is overwritten by nobody, the sealer included", () => {
    expect(bySid("NoTileIsOverwritten")).toMatchObject({
      Effect: "Deny",
      Principal: { AWS: "*" },
      Action: "s3:PutObject",
      Resource: [bucketArn("log/checkpoints/\\*"), bucketArn("log/tile/\\*")],
      Condition: { Null: { "s3:if-none-match": "true" } },
    });
  });

  test("threat 45: a tag that ends an object's life comes from the sealer alone, and nothing else of the log has an end", () => {
    expect(bySid("OnlyTheSealerTags")).toMatchObject({
      Effect: "Deny",
      Action: [
        "s3:DeleteObjectTagging",
        "s3:DeleteObjectVersionTagging",
        "s3:PutObjectTagging",
        "s3:PutObjectVersionTagging",
      ],
      Condition: but("sealer"),
    });
    const { Rules } = Properties.LifecycleConfiguration as { Rules: { Prefix?: string; TagFilters?: object[] }[] };
    expect(Rules.map(({ Prefix, TagFilters }) => Prefix ?? TagFilters)).toEqual([
      "audit/",
      "errors/",
      [{ Key: "lanyard-log", Value: "partial" }],
    ]);
  });

  test("threat 45: only the deployment says how long objects live: by CloudFormation's own role, or through it", () => {
    expect(bySid("OnlyTheDeploymentAges")).toMatchObject({
      Effect: "Deny",
      Principal: { AWS: "*" },
      Action: "s3:PutLifecycleConfiguration",
      Condition: {
        ArnNotEquals: {
          "aws:PrincipalArn": `arn:aws:iam::${account}:role/cdk-hnb659fds-cfn-exec-role-${account}-eu-west-1`,
        },
        "ForAllValues:StringNotEquals": { "aws:CalledVia": "cloudformation.amazonaws.com" },
      },
    });
  });

  test("threat 45: tells of every object, with no function that may change buckets", () => {
    expect(Properties.NotificationConfiguration).toEqual({ EventBridgeConfiguration: { EventBridgeEnabled: true } });
    expect(JSON.stringify(templates)).not.toContain("Custom::S3BucketNotifications");
  });

  test("refuses everything that comes without TLS, and TLS below 1.2", () => {
    const conditions = statements.map(({ Effect, Action, Condition }) => JSON.stringify([Effect, Action, Condition]));
    expect(conditions).toContain('["Deny","s3:*",{"Bool":{"aws:SecureTransport":"false"}}]');
    expect(conditions).toContain('["Deny","s3:*",{"NumericLessThan":{"s3:TlsVersion":1.2}}]');
  });
});
