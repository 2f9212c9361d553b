import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { describedBy } from "../../bin/lanyard/login/described.ts";
import { env } from "../../lambdas/env.ts";
import { resolved } from "./resolved.ts";
import { rightsOf } from "./rights.ts";
import { account, all, one, region, type StackName, synthesized } from "./synthesized.ts";

const { templates } = synthesized();
const { Service, Issuer } = templates;
const read = (value: unknown) => resolved(templates, "Service", value);
const logical = (value: unknown) => JSON.stringify(value);

describe("addresses", () => {
  const urls = all(templates, "AWS::Lambda::Url");
  const permissions = all(templates, "AWS::Lambda::Permission");
  const permissionsOf = (id: string) =>
    permissions
      .filter(({ it }) => logical(it.Properties.FunctionName).includes(`"${id}Function`))
      .map(({ it }) => it.Properties);

  test("ten functions have one, and only the operator's and the second attest ask IAM", () => {
    expect(urls.map(({ id, it }) => `${id.split("Function")[0]} ${it.Properties.AuthType}`).sort()).toEqual([
      "AdminRead AWS_IAM",
      "AdminRevoke AWS_IAM",
      "AdminRotate AWS_IAM",
      "AdminWrite AWS_IAM",
      "Attest NONE",
      "AttestIam AWS_IAM",
      "Discovery NONE",
      "Introspect NONE",
      "Revoke NONE",
      "Token NONE",
    ]);
  });

  test.each(["Attest", "Token", "Introspect", "Revoke", "Discovery"])(
    "%s has both permissions of a public URL",
    (id) => {
      expect(permissionsOf(id)).toEqual([
        expect.objectContaining({ Action: "lambda:InvokeFunctionUrl", FunctionUrlAuthType: "NONE", Principal: "*" }),
        expect.objectContaining({ Action: "lambda:InvokeFunction", InvokedViaFunctionUrl: true, Principal: "*" }),
      ]);
    },
  );

  test("threat 18: only the functions that believe IAM carry a policy of their own", () => {
    const policies = all(templates, "AWS::Lambda::ResourcePolicy");
    expect(policies.map(({ id }) => id.split("OnlyThroughTheUrl")[0]).sort()).toEqual([
      "AdminRead",
      "AdminRevoke",
      "AdminRotate",
      "AdminWrite",
      "AttestIam",
    ]);
  });

  test.each(["AdminRead", "AdminRevoke", "AdminRotate", "AdminWrite", "AttestIam"])(
    "threat 18: nobody invokes %s but through its URL, and no permission opens another way",
    (id) => {
      expect(permissionsOf(id)).toEqual([]);
      const policy = one(Service, "AWS::Lambda::ResourcePolicy", id);
      const { ResourceArn, PolicyDocument } = read(policy.Properties) as Record<string, unknown>;
      expect(ResourceArn).toContain(`function:${id}Function`);
      expect(PolicyDocument).toEqual({
        Version: "2012-10-17",
        Statement: [
          {
            Sid: "OnlyThroughTheUrl",
            Effect: "Deny",
            Principal: "*",
            Action: ["lambda:InvokeFunction", "lambda:InvokeAsync"],
            Resource: ResourceArn,
            // plain Bool would let a call pass that carries no such key
            Condition: { BoolIfExists: { "lambda:InvokedViaFunctionUrl": "false" } },
          },
        ],
      });
    },
  );

  test("relay, publisher and transmitter have no URL, and only the clock may invoke the publisher", () => {
    expect(permissionsOf("Relay")).toEqual([]);
    expect(permissionsOf("Transmitter")).toEqual([]);
    expect(permissionsOf("Publisher")).toEqual([
      expect.objectContaining({ Principal: "events.amazonaws.com", SourceArn: expect.anything() }),
    ]);
    expect(one(Service, "AWS::Events::Rule", "PublisherEveryMinute").Properties.ScheduleExpression).toBe(
      "rate(1 minute)",
    );
  });
});

describe("the issuer", () => {
  const issuer = "https://discoveryfunctionfunctionurl46c1da03.lambda-url.eu-west-1.on.aws";

  test("is discovery's URL without its slash, scheme kept, in every function that names it", () => {
    const named = all(templates, "AWS::Lambda::Function").filter(({ stack, it }) => {
      const { Variables } = it.Properties.Environment as { Variables: Record<string, unknown> };
      const value = Variables[env.issuer];
      if (value !== undefined) expect(resolved(templates, stack, value)).toBe(issuer);
      return value !== undefined;
    });
    expect(named.map(({ id }) => id.split("Function")[0]).sort()).toEqual([
      "AdminRevoke",
      "AdminWrite",
      "Attest",
      "AttestIam",
      "Introspect",
      "Publisher",
      "Revoke",
      "Token",
      "Transmitter",
    ]);
  });

  test("depends on State alone: the parameter's name is a literal, so that no circle closes", () => {
    const imports = JSON.stringify(Issuer).match(/"Fn::ImportValue":"lanyard-dev-[a-z]+/g) ?? [];
    expect([...new Set(imports)]).toEqual(['"Fn::ImportValue":"lanyard-dev-state']);
    const { Environment } = one(Issuer, "AWS::Lambda::Function").Properties as {
      Environment: { Variables: Record<string, unknown> };
    };
    expect(Environment.Variables[env.urlsParameter]).toBe("/lanyard/dev/urls");
  });

  test("publishes the functions' URLs as JSON under that name", () => {
    const urls = JSON.parse(parameters()["/lanyard/dev/urls"] ?? "") as Record<string, string>;
    expect(Object.keys(urls)).toEqual([
      "attest",
      "token",
      "introspect",
      "revoke",
      "adminRevoke",
      "adminWrite",
      "adminRead",
      "attestIam",
      "adminRotate",
    ]);
    for (const url of Object.values(urls))
      expect(url).toMatch(/^https:\/\/[a-z0-9]+\.lambda-url\.eu-west-1\.on\.aws\/$/);
    expect(new Set(Object.values(urls)).size).toBe(9);
  });

  test("tells operators where the deployment is under a name of its own, as lanyard login believes it", () => {
    const value = parameters()["/lanyard/dev/deployment"] ?? "";
    const told = describedBy(value, `arn:aws:ssm:${region}:${account}:parameter/lanyard/dev/deployment`, "dev");
    const urls = JSON.parse(parameters()["/lanyard/dev/urls"] ?? "") as Record<string, string>;
    const { adminRevoke, adminWrite, adminRead, adminRotate } = urls;
    expect(told).toMatchObject({
      trustDomain: "dev.lanyard.internal",
      adminRevoke,
      adminWrite,
      adminRead,
      adminRotate,
    });
    expect(told.auditBucket).toBeTruthy();
  });

  test("lets no function read it", () => {
    const readable = JSON.stringify(
      all(templates, "AWS::IAM::Policy").map(
        ({ it }) => JSON.stringify(it).match(/parameter\/lanyard\/[a-z/]+/g) ?? [],
      ),
    );
    expect(readable).toContain("parameter/lanyard/dev/urls");
    expect(readable).not.toContain("/deployment");
  });
});

/** What the template puts into Parameter Store, by name. */
const parameters = (): Record<string, string> =>
  Object.fromEntries(
    all(templates, "AWS::SSM::Parameter").map(({ it }) => [
      String(it.Properties.Name),
      String(read(it.Properties.Value)),
    ]),
  );

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

  test("has alarms on failures and throttles, each with somewhere to go", () => {
    const alarms = all(templates, "AWS::CloudWatch::Alarm");
    const watched = alarms.filter(({ it }) => it.Properties.MetricName === "Errors");
    expect(watched).toHaveLength(functions.length);
    expect(alarms.filter(({ it }) => it.Properties.MetricName === "Throttles")).toHaveLength(functions.length);
    for (const { it } of alarms) expect(it.Properties.AlarmActions).toHaveLength(1);
  });

  test.each([
    ["WatchPublisherSilent", 180],
    ["WatchRotatorSilent", 900],
    ["WatchLifecycleWatchSilent", 64_800],
    ["WatchDriftWatchSilent", 1_800],
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
      "AttestIamUrl",
      "AttestUrl",
      "AuditBucketName",
      "AuditBusArn",
      "AuditBusName",
      "CountersTable",
      "DataKeyId",
      "DpopNonceKeyId",
      "EventsKeyId",
      "IdentityKeyId",
      "IntrospectUrl",
      "IssuerUrl",
      "KeyringTable",
      "ListsTable",
      "MarkersTable",
      "NonceKeyId",
      "OrdersTable",
      "OutboxTable",
      "RefusedRecordsUrl",
      "Region",
      "RegistryTable",
      "RevocationsTable",
      "RevokeUrl",
      "RsaSessionKeyId",
      "SealKeyId",
      "SessionKeyId",
      "SessionsTable",
      "StatusKeyId",
      "SubjectsTable",
      "TokenUrl",
      "TombstonesTable",
      "TracesTable",
      "TrustDomain",
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
    expect(own.find(({ Sid }) => Sid === "OnlyRuleAndTransmitterSend")).toMatchObject({
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
