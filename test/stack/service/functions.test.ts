import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { env } from "../../../lambdas/env.ts";
import { rightsOf } from "../rights/lines.ts";
import { all, one, type StackName, synthesized } from "../synthesized.ts";
import { logical, read, Service, templates } from "./ground.ts";

describe("every function", () => {
  const functions = all(templates, "AWS::Lambda::Function");

  test("runs Node 24 on arm64, traced, with its own role and log group", () => {
    for (const { it } of functions) {
      expect(it.Properties).toMatchObject({
        Runtime: "nodejs24.x",
        Architectures: ["arm64"],
        Handler: "index.handler",
        TracingConfig: { Mode: "Active" },
      });
    }
    const distinct = (pick: (properties: Record<string, unknown>) => unknown) =>
      new Set(functions.map(({ stack, it }) => `${stack} ${logical(pick(it.Properties))}`)).size;
    expect(distinct(({ Role }) => Role)).toBe(functions.length);
    expect(distinct(({ LoggingConfig }) => LoggingConfig)).toBe(functions.length);
  });

  test("finds only variables that lambdas/env.ts names, and those of Powertools", () => {
    const known = [...Object.values(env), "POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE", "LOG_LEVEL"];
    for (const { it } of functions) {
      const { Variables } = it.Properties.Environment as { Variables: Record<string, string> };
      expect(Object.keys(Variables).filter((name) => !known.includes(name))).toEqual([]);
      expect(Variables).toMatchObject({
        [env.stage]: "dev",
        [env.trustDomain]: "dev.lanyard.internal",
        LOG_LEVEL: "INFO",
      });
    }
  });

  test("has alarms on failures and throttles where the stage wants them of each, each with somewhere to go", () => {
    const alarms = all(synthesized({ alarms: { eachFunction: true } }).templates, "AWS::CloudWatch::Alarm");
    const watched = alarms.filter(({ it }) => it.Properties.MetricName === "Errors");
    expect(watched).toHaveLength(functions.length);
    expect(alarms.filter(({ it }) => it.Properties.MetricName === "Throttles")).toHaveLength(functions.length);
    for (const { it } of alarms) expect(it.Properties.AlarmActions).toHaveLength(1);
  });

  test.each([
    ["WatchPublisherSilent", 180],
    ["WatchRotatorSilent", 900],
    ["WatchLifecycleWatchSilent", 64_800],
  ])("%s rings when its function is not called, though a function that is not called has no metrics", (id, period) => {
    const { Properties } = one(templates.Service, "AWS::CloudWatch::Alarm", id);
    expect(Properties.TreatMissingData).toBe("breaching");
    expect(Properties.EvaluationPeriods).toBe(2);
    const { Metrics } = Properties as {
      Metrics: { MetricStat?: { Period: number; Metric: { MetricName: string } } }[];
    };
    const [stat] = Metrics.flatMap(({ MetricStat }) => MetricStat ?? []);
    expect(stat).toMatchObject({ Period: period, Metric: { MetricName: "Invocations" } });
  });

  test("has an alarm on security events that nobody fetches: after a day the queue would drop them unseen", () => {
    const { Properties } = one(templates.Service, "AWS::CloudWatch::Alarm", "WatchEventsAge");
    expect(Properties).toMatchObject({ MetricName: "ApproximateAgeOfOldestMessage", Threshold: 2 * 3_600 });
    const [queue] = Properties.Dimensions as { Name: string; Value: unknown }[];
    const events = all(templates, "AWS::SQS::Queue").find(({ id }) => /^Events[0-9A-F]{8}$/.test(id));
    expect(queue).toEqual({ Name: "QueueName", Value: { "Fn::GetAtt": [events?.id, "QueueName"] } });
    expect(events?.it.Properties.MessageRetentionPeriod).toBe(86_400);
  });

  test("reserves no concurrency unless the stage says so", () => {
    for (const { it } of functions) expect(it.Properties.ReservedConcurrentExecutions).toBeUndefined();
    const reserved = synthesized({
      lambdaConcurrency: 1_000,
      reservedConcurrency: { token: 50, discovery: 5 },
    }).templates;
    expect(one(reserved.Service, "AWS::Lambda::Function", "Token").Properties.ReservedConcurrentExecutions).toBe(50);
    expect(one(reserved.Issuer, "AWS::Lambda::Function").Properties.ReservedConcurrentExecutions).toBe(5);
  });
});

test("the account's federation switch is there only when the stage asks for it, with the switch's two rights", () => {
  expect(JSON.stringify(templates)).not.toContain("OutboundWebIdentityFederation");
  const asked = synthesized({ outboundIdentityFederation: true }).templates;
  expect(rightsOf(asked, "Service", "Federation").filter((line) => line.startsWith("iam:"))).toEqual([
    "iam:EnableOutboundWebIdentityFederation on *",
    "iam:GetOutboundWebIdentityFederationInfo on *",
  ]);
  const { ServiceToken } = one(asked.Service, "Custom::OutboundIdentityFederation").Properties;
  expect(ServiceToken).toEqual({ "Fn::GetAtt": [expect.stringMatching(/^FederationFunction/), "Arn"] });
});

test("the publisher wakes for what ends sessions, and never for what it wrote itself", () => {
  for (const table of ["Tombstones", "Revocations"]) {
    const { FilterCriteria, EventSourceArn } = one(
      Service,
      "AWS::Lambda::EventSourceMapping",
      `Publisher${table}`,
    ).Properties;
    expect(read(EventSourceArn)).toMatch(new RegExp(`table/Tables${table}[^/]*/stream/`));
    const [filter] = (FilterCriteria as { Filters: { Pattern: string }[] }).Filters;
    expect(JSON.parse(filter?.Pattern ?? "")).toEqual({ eventName: ["INSERT", "MODIFY"] });
  }
  expect(all(templates, "AWS::Lambda::EventSourceMapping").filter(({ id }) => id.startsWith("Publisher"))).toHaveLength(
    2,
  );
});

describe("the stacks", () => {
  test("refer to one another by exports only, in one direction", () => {
    expect(JSON.stringify(templates)).not.toContain("Fn::GetStackOutput");
    const below = (stack: StackName) =>
      [...new Set(JSON.stringify(templates[stack]).match(/"Fn::ImportValue":"lanyard-dev-[a-z]+/g) ?? [])]
        .map((found) => found.split("lanyard-dev-")[1])
        .sort();
    expect(below("State")).toEqual([]);
    expect(below("Audit")).toEqual(["state"]);
    expect(below("Issuer")).toEqual(["state"]);
    expect(below("Service")).toEqual(["audit", "issuer", "state"]);
  });

  test("of state and issuer cannot be deleted by accident", () => {
    const { folder } = synthesized();
    const { artifacts } = JSON.parse(readFileSync(`${folder}/manifest.json`, "utf8")) as {
      artifacts: Record<string, { properties?: { terminationProtection?: boolean } }>;
    };
    const protectedOnes = Object.entries(artifacts).filter(([, { properties }]) => properties?.terminationProtection);
    expect(protectedOnes.map(([name]) => name).sort()).toEqual(["Issuer", "State"]);
  });

  test("tell every URL, the bucket, the bus, the tables, the trust domain and the Region", () => {
    const told = Object.values(templates).flatMap(({ Outputs }) =>
      Object.keys(Outputs ?? {}).filter((name) => !name.startsWith("Exports")),
    );
    expect(told.sort()).toEqual([
      "AdminReadUrl",
      "AdminRevokeUrl",
      "AdminRotateUrl",
      "AdminWriteUrl",
      "AlarmTopic",
      "AnalystPolicyArn",
      "ApprovalNoticesTopic",
      "ApprovalsTable",
      "ApproveTokenUrl",
      "ApproveUrl",
      "AttestIamUrl",
      "AttestUrl",
      "AuditBucketName",
      "AuditBusArn",
      "AuditBusName",
      "BudgetsTable",
      "ChangesTable",
      "ConfirmationsTable",
      "CountersTable",
      "CredentialsUrl",
      "DataKeyId",
      "DecideIamUrl",
      "DecideUrl",
      "DecisionsTable",
      "EcSessionKeyId",
      "EventsKeyId",
      "IdentityKeyId",
      "IntrospectUrl",
      "IssuerUrl",
      "KeyringTable",
      "LeavesTable",
      "ListsTable",
      "LogKeyId",
      "MarkersTable",
      "NonceKeyId",
      "OrdersTable",
      "OutboxTable",
      "PeopleTable",
      "RefusedRecordsUrl",
      "Region",
      "RegistryTable",
      "RelayName",
      "RevocationsTable",
      "RevokeUrl",
      "SessionKeyId",
      "SessionsTable",
      "SignalsUrl",
      "StatusKeyId",
      "SubjectsTable",
      "TokenUrl",
      "TombstonesTable",
      "TraceWorkgroup",
      "TracesTable",
      "TrustDomain",
      "VendsTable",
    ]);
  });
});

describe("the way of security events to the transmitter", () => {
  const rule = one(Service, "AWS::Events::Rule", "TransmitterRevocations").Properties;
  const queue = one(Service, "AWS::SQS::Queue", "Events").Properties;
  const statements = (id: string) =>
    (read(one(Service, "AWS::SQS::QueuePolicy", id).Properties.PolicyDocument) as { Statement: unknown[] }).Statement;

  test("begins on the audit bus, with revocations that were carried out and nothing else", () => {
    expect(rule.EventPattern).toEqual({
      source: ["lanyard"],
      detail: { unmapped: { lanyard: { operation: ["revoke", "session.end"], outcome: ["allowed"] } } },
    });
    expect(rule.Targets).toEqual([
      expect.objectContaining({
        InputPath: "$.detail",
        DeadLetterConfig: { Arn: expect.anything() },
        RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
      }),
    ]);
  });

  test("repeats for an hour, then sets aside where an alarm watches", () => {
    expect(queue).toMatchObject({ VisibilityTimeout: 180, RedrivePolicy: { maxReceiveCount: 20 } });
    expect(logical((queue.RedrivePolicy as { deadLetterTargetArn: unknown }).deadLetterTargetArn)).toContain(
      "UndeliveredEvents",
    );
    const mapping = one(Service, "AWS::Lambda::EventSourceMapping", "Transmitter").Properties;
    expect(mapping).toMatchObject({
      BatchSize: 5,
      FunctionResponseTypes: ["ReportBatchItemFailures"],
      ScalingConfig: { MaximumConcurrency: 2 },
    });
  });

  test("threat 23: nobody but the rule and the transmitter puts anything on it", () => {
    const own = statements("EventsPolicy").map((statement) => statement as { Sid?: string });
    expect(own.find(({ Sid }) => Sid === "NobodyElseSends")).toMatchObject({
      Effect: "Deny",
      Principal: { AWS: "*" },
      Action: "sqs:SendMessage",
      Condition: {
        ArnNotEquals: { "aws:PrincipalArn": expect.stringMatching(/:role\/lanyard-dev-eu-west-1-transmitter$/) },
        Bool: { "aws:PrincipalIsAWSService": "false" },
      },
    });
    expect(own.find(({ Sid }) => Sid === "TheRuleSends")).toMatchObject({
      Effect: "Allow",
      Principal: { Service: "events.amazonaws.com" },
      Condition: { ArnEquals: { "aws:SourceArn": expect.anything() } },
    });
  });
});
