import { describe, expect, test } from "vitest";
import { env } from "../../../lambdas/env.ts";
import type { Statement } from "../resolved.ts";
import { account, all, one, region } from "../synthesized.ts";
import { Audit, read, templates } from "./ground.ts";

const busArn = `arn:aws:events:${region}:${account}:event-bus/lanyard-dev-audit`;

describe("from the bus to the bucket", () => {
  const rule = one(Audit, "AWS::Events::Rule", "DeliveryRule").Properties;
  const [target] = read(rule.Targets) as [Record<string, unknown>];
  const firehose = one(Audit, "AWS::KinesisFirehose::DeliveryStream").Properties;
  const destination = firehose.ExtendedS3DestinationConfiguration as Record<string, unknown>;

  test("the rule hands on the record itself, not a text made of it", () => {
    expect(target.InputPath).toBe("$.detail");
    expect(target.InputTransformer).toBeUndefined();
    expect(target.Input).toBeUndefined();
  });

  test("Firehose ends each record with a newline", () => {
    expect(destination.ProcessingConfiguration).toEqual({
      Enabled: true,
      Processors: [
        { Type: "AppendDelimiterToRecord", Parameters: [{ ParameterName: "Delimiter", ParameterValue: "\\n" }] },
      ],
    });
  });

  test("what the rule cannot deliver within a day lands in its dead-letter queue", () => {
    expect(target.DeadLetterConfig).toEqual({ Arn: expect.stringMatching(/:DeliveryUndelivered/) });
    expect(target.RetryPolicy).toEqual({ MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 });
  });

  test("that queue lets this rule send, and nobody else", () => {
    const { Statement } = read(
      one(Audit, "AWS::SQS::QueuePolicy", "DeliveryUndelivered").Properties.PolicyDocument,
    ) as { Statement: Statement[] };
    const allowed = Statement.filter(({ Effect }) => Effect === "Allow");
    expect(allowed).toHaveLength(1);
    expect(allowed[0]).toMatchObject({
      Action: "sqs:SendMessage",
      Principal: { Service: "events.amazonaws.com" },
      Condition: { ArnEquals: { "aws:SourceArn": expect.stringMatching(/:rule\/DeliveryRule/) } },
    });
  });

  test("objects are gzipped, by the day they arrived, 15 seconds or 5 MB apart", () => {
    expect(destination).toMatchObject({
      Prefix: "audit/dt=!{timestamp:yyyy-MM-dd}/",
      ErrorOutputPrefix: "errors/!{firehose:error-output-type}/dt=!{timestamp:yyyy-MM-dd}/",
      CompressionFormat: "GZIP",
      BufferingHints: { IntervalInSeconds: 15, SizeInMBs: 5 },
    });
    expect(firehose.DeliveryStreamEncryptionConfigurationInput).toEqual({ KeyType: "AWS_OWNED_CMK" });
  });
});

describe("the relay", () => {
  test("reads the outbox from its oldest record, takes only inserted ones and gives up on none silently", () => {
    const mapping = one(Audit, "AWS::Lambda::EventSourceMapping").Properties;
    expect(read(mapping.EventSourceArn)).toMatch(/table\/TablesOutbox[^/]*\/stream\//);
    expect(mapping).toMatchObject({
      StartingPosition: "TRIM_HORIZON",
      FilterCriteria: { Filters: [{ Pattern: '{"eventName":["INSERT"]}' }] },
      BisectBatchOnFunctionError: true,
      FunctionResponseTypes: ["ReportBatchItemFailures"],
      MaximumRetryAttempts: 20,
      MaximumRecordAgeInSeconds: 72_000,
      ParallelizationFactor: 1,
      DestinationConfig: {
        OnFailure: { Destination: { "Fn::GetAtt": [expect.stringMatching(/^RelayFailures/), "Arn"] } },
      },
    });
  });

  test("knows the queue for what the bus refuses for good, which is not the one for places in the stream", () => {
    const { Variables } = one(Audit, "AWS::Lambda::Function", "Relay").Properties.Environment as {
      Variables: Record<string, { Ref?: string }>;
    };
    expect(Variables[env.refusedQueue]?.Ref).toMatch(/^Refused/);
  });

  test("threat 23: nobody but the relay may place a record among the refused ones, whatever IAM allows", () => {
    const { Statement } = read(one(Audit, "AWS::SQS::QueuePolicy", "Refused").Properties.PolicyDocument) as {
      Statement: Statement[];
    };
    expect(Statement.filter(({ Effect }) => Effect === "Allow")).toEqual([]);
    expect(Statement).toContainEqual({
      Sid: "OnlyTheRelaySends",
      Effect: "Deny",
      Principal: { AWS: "*" },
      Action: "sqs:SendMessage",
      Resource: expect.stringMatching(/:Refused/),
      Condition: { ArnNotEquals: { "aws:PrincipalArn": `arn:aws:iam::${account}:role/lanyard-dev-eu-west-1-relay` } },
    });
  });

  test("threat 23: the bus refuses events from anybody else", () => {
    const roleOf = (name: string) => `arn:aws:iam::${account}:role/lanyard-dev-eu-west-1-${name}`;
    const policies = Object.values(Audit.Resources).filter(({ Type }) => Type === "AWS::Events::EventBusPolicy");
    const statement = (Sid: string, Condition: object) => ({
      EventBusName: "lanyard-dev-audit",
      StatementId: Sid,
      Statement: { Sid, Effect: "Deny", Principal: "*", Action: "events:PutEvents", Resource: busArn, Condition },
    });
    expect(policies.map(({ Properties }) => read(Properties))).toEqual([
      statement("OnlyTheRelayPuts", { ArnNotEquals: { "aws:PrincipalArn": [roleOf("relay"), roleOf("sealer")] } }),
      // who writes the log writes no record
      statement("TheSealerPutsCheckpoints", {
        ArnEquals: { "aws:PrincipalArn": roleOf("sealer") },
        "ForAnyValue:StringNotEquals": { "events:detail-type": "Lanyard Checkpoint" },
      }),
    ]);
  });
});

test("every queue of dead letters is encrypted by SQS itself, keeps two weeks and refuses plain HTTP", () => {
  const queues = all(templates, "AWS::SQS::Queue").filter(({ it }) => it.Properties.RedrivePolicy === undefined);
  expect(queues).toHaveLength(8);
  for (const { it } of queues) {
    expect(it.Properties).toEqual({ MessageRetentionPeriod: 1_209_600, SqsManagedSseEnabled: true });
  }
  expect(all(templates, "AWS::SQS::QueuePolicy")).toHaveLength(all(templates, "AWS::SQS::Queue").length);
});

describe("the trust of roles that services take on", () => {
  const trusts = all(templates, "AWS::IAM::Role").map(({ stack, it }) => {
    const { Statement } = it.Properties.AssumeRolePolicyDocument as {
      Statement: { Principal: { Service: string }; Condition?: unknown }[];
    };
    return { stack, statements: Statement };
  });
  const of = (service: string) =>
    trusts.flatMap(({ statements }) => statements.filter(({ Principal }) => Principal.Service === service));

  test("asks Firehose for the account as external id, as AWS publishes it, and EventBridge for its source account", () => {
    const account = { Ref: "AWS::AccountId" };
    expect(of("firehose.amazonaws.com").map(({ Condition }) => Condition)).toEqual([
      { StringEquals: { "sts:ExternalId": account } },
    ]);
    expect(of("events.amazonaws.com").map(({ Condition }) => Condition)).toEqual([
      { StringEquals: { "aws:SourceAccount": account } },
    ]);
  });

  test("is one statement, for one service, in every role", () => {
    for (const { statements } of trusts) expect(statements).toHaveLength(1);
    expect(of("lambda.amazonaws.com").length).toBe(trusts.length - 2);
  });
});
