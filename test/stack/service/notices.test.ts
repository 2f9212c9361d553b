import { readFileSync } from "node:fs";
import { App, Stack } from "aws-cdk-lib";
import { SubscriptionFilter, Topic } from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import { describe, expect, test } from "vitest";
import { stageOf } from "../../../lib/settings/stage.ts";
import { resolved } from "../resolved.ts";
import { outcome, role, templates } from "../simulate/ground.ts";
import { account, all, one, region, synthesized } from "../synthesized.ts";

const { Service } = templates;
const topic = one(Service, "AWS::SNS::Topic", "ApprovalNotices").Properties;
const topicArn = `arn:aws:sns:${region}:${account}:notices`;

/** A resource's policy, with the resource's own name in place. */
function policyOf(type: "AWS::SNS::TopicPolicy" | "AWS::SQS::QueuePolicy", id: string, arn: string): unknown {
  const document = resolved(templates, "Service", one(Service, type, id).Properties.PolicyDocument);
  const { Statement } = document as { Statement: object[] };
  return { Version: "2012-10-17", Statement: Statement.map((statement) => ({ ...statement, Resource: arn })) };
}

describe("the topic of notices", () => {
  const resourcePolicy = policyOf("AWS::SNS::TopicPolicy", "ApprovalNotices", topicArn);
  const publish = (principal: string, more = {}) =>
    outcome({
      ...{ principal, policies: "administrator", action: "sns:Publish", resource: topicArn, resourcePolicy },
      context: { "aws:PrincipalArn": principal, "aws:SecureTransport": "true", ...more },
    });

  test("threat 65: is published to by the function alone, over TLS, not by the account's administrators", async () => {
    expect(await publish(role("lanyard-dev-eu-west-1-notices"))).toBe("Allowed");
    expect(await publish(role("Administrator"))).toBe("ExplicitlyDenied");
    expect(await publish(role("lanyard-dev-eu-west-1-approve"))).toBe("ExplicitlyDenied");
    expect(await publish(role("lanyard-dev-eu-west-1-notices"), { "aws:SecureTransport": "false" })).toBe(
      "ExplicitlyDenied",
    );
  });

  test("can be subscribed to by whom IAM lets subscribe", async () => {
    const principal = role("Administrator");
    const call = { principal, policies: "administrator" as const, action: "sns:Subscribe", resource: topicArn };
    const context = { "aws:PrincipalArn": principal, "aws:SecureTransport": "true" };
    expect(await outcome({ ...call, context, resourcePolicy })).toBe("Allowed");
  });

  test("is encrypted under the account's own key for SNS, and makes none", () => {
    expect(JSON.stringify(resolved(templates, "Service", topic.KmsMasterKeyId))).toContain("alias/aws/sns");
    expect(all({ ...templates }, "AWS::KMS::Key").filter(({ stack }) => stack === "Service")).toEqual([]);
    expect(Service.Outputs.ApprovalNoticesTopic).toBeDefined();
  });
});

describe("the queue before it", () => {
  const arn = `arn:aws:sqs:${region}:${account}:asks`;

  test("threat 65: takes messages from the rule alone", async () => {
    const resourcePolicy = policyOf("AWS::SQS::QueuePolicy", "ApprovalNoticesAsks", arn);
    const principal = role("Administrator");
    const context = {
      "aws:PrincipalArn": principal,
      "aws:PrincipalIsAWSService": "false",
      "aws:SecureTransport": "true",
    };
    const call = { principal, policies: "administrator" as const, resource: arn, context, resourcePolicy };
    expect(await outcome({ ...call, action: "sqs:SendMessage" })).toBe("ExplicitlyDenied");
    expect(await outcome({ ...call, action: "sqs:ReceiveMessage" })).toBe("Allowed");
    expect(JSON.stringify(resourcePolicy)).toContain('"Service":"events.amazonaws.com"');
  });

  test("hides a message until the run that took it is over, and sets aside what no run can tell", () => {
    const queue = one(Service, "AWS::SQS::Queue", "ApprovalNoticesAsks").Properties;
    const made = one(Service, "AWS::Lambda::Function", "Notices").Properties;
    expect(Number(queue.VisibilityTimeout)).toBeGreaterThan(Number(made.Timeout));
    expect(queue).toMatchObject({ SqsManagedSseEnabled: true, RedrivePolicy: { maxReceiveCount: 20 } });
  });

  test("gets what began to wait, and is worked off once a minute", () => {
    const rules = all(templates, "AWS::Events::Rule").filter(({ id }) => id.startsWith("Notices"));
    const [asked, every] = [
      rules.find(({ id }) => id.includes("Asked")),
      rules.find(({ id }) => id.includes("Schedule")),
    ];
    expect(asked?.it.Properties).toMatchObject({
      EventPattern: {
        source: ["lanyard"],
        detail: { unmapped: { lanyard: { operation: ["approval.ask"], outcome: ["allowed"] } } },
      },
      Targets: [{ InputPath: "$.detail.unmapped.lanyard", DeadLetterConfig: { Arn: expect.anything() } }],
    });
    expect(every?.it.Properties).toMatchObject({
      ScheduleExpression: "rate(1 minute)",
      Targets: [{ RetryPolicy: { MaximumRetryAttempts: 0 } }],
    });
  });
});

/** What docs/approving.md says, word for word, in a team's own stack. */
function teamStack(approvalNoticesTopic: string): Stack {
  return new (class extends Stack {
    constructor() {
      super(new App(), "Team");
      // biome-ignore format: as the page has it
      {
const notices = Topic.fromTopicArn(this, "Notices", approvalNoticesTopic); // output ApprovalNoticesTopic
const deployers = SubscriptionFilter.stringFilter({ allowlist: ["people/deployers"] });
notices.addSubscription(
  new EmailSubscription("deployers@example.com", { filterPolicy: { group: deployers } }),
);
      }
    }
  })();
}

test("the lines of the page subscribe a group's people to their own group's notices", () => {
  const made = Object.values(
    (App.of(teamStack(topicArn)) as App).synth().getStackByName("Team").template.Resources as Record<string, unknown>,
  );
  expect(made).toContainEqual(
    expect.objectContaining({
      Type: "AWS::SNS::Subscription",
      Properties: {
        ...{ Protocol: "email", Endpoint: "deployers@example.com", TopicArn: topicArn },
        FilterPolicy: { group: ["people/deployers"] },
      },
    }),
  );
  const [page, own] = ["../../../docs/approving.md", import.meta.url].map((file) =>
    readFileSync(new URL(file, import.meta.url), "utf8"),
  );
  const [block = ""] = /```ts\n[^`]*```/.exec(page ?? "") ?? [];
  const lines = block.split("\n").slice(1, -1);
  expect(lines.length).toBeGreaterThan(5);
  for (const line of lines) expect(own).toContain(line);
});

describe("a stage that does not ask for notices", () => {
  test("has neither topic nor queue nor function, with approvals or without", () => {
    for (const approvals of [true, false]) {
      const without = synthesized({ approvals, approvalNotices: false }).templates;
      expect(all(without, "AWS::SNS::Topic").map(({ stack }) => stack)).toEqual(["Audit"]);
      expect(all(without, "AWS::Lambda::Function").filter(({ id }) => id.startsWith("Notices"))).toEqual([]);
      expect(JSON.stringify(without.Service.Resources)).not.toMatch(/ApprovalNotices|approval\.ask/);
    }
  });

  test("is what every stage is at first, and one without approvals can have none", () => {
    expect(stageOf("dev", {}).approvalNotices).toBe(false);
    expect(() => stageOf("dev", { approvalNotices: true })).toThrow("approvalNotices: nothing waits for people");
  });
});
