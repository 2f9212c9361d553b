import { describe, expect, test } from "vitest";
import type { DenialCode } from "../../../core/denial/denial.ts";
import { matchesPattern } from "../../kit/embedded/events.ts";
import type { Statement } from "../resolved.ts";
import { account, all, bare, one, synthesized } from "../synthesized.ts";
import { Audit, read, templates } from "./ground.ts";

describe("the watch on the keys", () => {
  const rules = all(templates, "AWS::Events::Rule").filter(({ id }) => id.startsWith("KeyWatch"));
  const pattern = (id: string) =>
    read(rules.find((rule) => rule.id.startsWith(`KeyWatch${id}`))?.it.Properties.EventPattern) as {
      detail: { eventName: string[]; resources: { ARN: string[] }; userIdentity?: unknown };
    };

  test("sees read events too, since Sign and GenerateMac are such", () => {
    expect(rules).toHaveLength(12);
    for (const { it } of rules) expect(it.Properties.State).toBe("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS");
  });

  test.each([
    ["Identity", ["attest", "attest-iam"]],
    ["Session", ["token"]],
    ["EcSession", ["token"]],
    ["Status", ["publisher"]],
    ["Log", ["sealer"]],
    ["Events", ["transmitter"]],
  ])("threat 11: tells of a Sign with %s by anybody but %s, root and users included", (key, signers) => {
    const { detail } = pattern(`Signed${key}`);
    expect(detail.eventName).toEqual(["Sign"]);
    expect(detail.resources.ARN).toEqual([expect.stringContaining(`key/Keys${key}`)]);
    const other = {
      "anything-but": signers.map((name) => `arn:aws:iam::${account}:role/lanyard-dev-eu-west-1-${name}`),
    };
    expect(detail.userIdentity).toEqual({ sessionContext: { sessionIssuer: { arn: [other, { exists: false }] } } });
  });

  test.each([
    ["Nonce", ["attest", "attest-iam"]],
    ["DpopNonce", ["attest", "attest-iam", "token", "introspect", "revoke", "credentials", "decide", "approve-token"]],
  ])("threat 11: tells of a MAC with key %s by anybody but %j", (key, users) => {
    const { detail } = pattern(`Mac${key}`);
    expect(detail.eventName).toEqual(["GenerateMac"]);
    expect(detail.resources.ARN).toEqual([expect.stringContaining(`key/Keys${key}`)]);
    const roles = users.map((role) => `arn:aws:iam::${account}:role/lanyard-dev-eu-west-1-${role}`);
    expect(detail.userIdentity).toEqual({
      sessionContext: { sessionIssuer: { arn: [{ "anything-but": roles }, { exists: false }] } },
    });
  });

  test("threat 11: tells of a changed policy, a grant, and of any of the stack's keys being disabled or deleted", () => {
    const { detail } = pattern("Changed");
    for (const name of ["PutKeyPolicy", "CreateGrant", "ScheduleKeyDeletion", "DisableKey"]) {
      expect(detail.eventName).toContain(name);
    }
    expect(detail.resources.ARN).toHaveLength(9);
  });

  test("threat 11: tells of a refused Sign with any key, so also with those the rotator made, and of a rotator that strays", () => {
    const refused = pattern("Refused").detail as unknown as { eventName: string[]; errorMessage: object[] };
    expect(refused.eventName).toEqual(["Sign"]);
    expect(refused.errorMessage).toEqual([{ wildcard: "*explicit deny in a resource-based policy*" }]);
    const strayed = pattern("Strayed").detail as unknown as { eventName: string[]; userIdentity: object };
    expect(strayed.eventName).toEqual(expect.arrayContaining(["Sign", "PutKeyPolicy", "CreateGrant"]));
    expect(JSON.stringify(strayed.userIdentity)).toContain("role/lanyard-dev-eu-west-1-rotator");
  });

  test("threat 11: tells of a policy that is put back on a key the rotator made, after somebody signed by another one", () => {
    const rewritten = rules.find(({ id }) => id.startsWith("KeyWatchRewritten"))?.it.Properties.EventPattern;
    const ours = JSON.stringify({
      Statement: [
        {
          Effect: "Deny",
          Condition: { ArnNotEquals: { "aws:PrincipalArn": "arn:aws:iam::1:role/lanyard-dev-eu-west-1-token" } },
        },
      ],
    });
    const put = (policy: string) => ({
      source: "aws.kms",
      "detail-type": "AWS API Call via CloudTrail",
      detail: { eventSource: "kms.amazonaws.com", eventName: "PutKeyPolicy", requestParameters: { policy } },
    });
    expect(matchesPattern(rewritten, put(ours))).toBe(true);
    expect(matchesPattern(rewritten, put(ours.replaceAll("lanyard", "\\u006canyard")))).toBe(true);
    expect(matchesPattern(rewritten, put(ours.replaceAll("lanyard", "other")))).toBe(false);
  });

  test("may publish to the topic, and so may alarms", () => {
    const { Statement } = read(one(Audit, "AWS::SNS::TopicPolicy").Properties.PolicyDocument) as {
      Statement: Statement[];
    };
    const allowed = Statement.filter(({ Effect }) => Effect === "Allow");
    expect(allowed.map(({ Principal }) => Principal)).toEqual([
      { Service: "cloudwatch.amazonaws.com" },
      { Service: "events.amazonaws.com" },
      { Service: "events.amazonaws.com" },
      { Service: "events.amazonaws.com" },
    ]);
    expect(allowed[1]?.Condition?.ArnEquals?.["aws:SourceArn"]).toHaveLength(12);
  });
});

describe("the watch on thefts", () => {
  const rule = one(Audit, "AWS::Events::Rule", "TheftWatch").Properties;

  test("threats 16, 17 and 41: tells of a document, an offer or a token in two hands, by codes that exist", () => {
    expect(read(rule.EventBusName)).toBe(read(one(Audit, "AWS::Events::EventBus").Properties.Name));
    const { source, detail } = rule.EventPattern as {
      source: string[];
      detail: { $or: [{ status_code: DenialCode[] }, object] };
    };
    expect(source).toEqual(["lanyard"]);
    const codes: readonly DenialCode[] = [
      "evidence_of_another_key",
      "offer_redeemed_by_another_key",
      "offer_for_another_agent",
      "dpop_key_mismatch",
      "assertion_of_another",
      // no theft, and as urgent (threat 60)
      "cost_exceeds",
    ];
    expect(detail.$or).toEqual([{ status_code: codes }, { unmapped: { lanyard: { owner: [{ exists: true }] } } }]);
  });

  test("publishes to the topic, and tells which agent and record, and nothing of the evidence", () => {
    const [target] = rule.Targets as { Arn: unknown; InputTransformer: { InputPathsMap: Record<string, string> } }[];
    expect(JSON.stringify(target?.Arn)).toContain("Alarms");
    expect(Object.values(target?.InputTransformer.InputPathsMap ?? {}).sort()).toEqual([
      "$.detail.actor.session.uid",
      "$.detail.metadata.uid",
      "$.detail.status_code",
      "$.detail.unmapped.lanyard.agent",
      "$.detail.unmapped.lanyard.owner",
    ]);
    const { Statement } = read(one(Audit, "AWS::SNS::TopicPolicy").Properties.PolicyDocument) as {
      Statement: Statement[];
    };
    const mine = Statement.find(({ Sid }) => Sid === "TheTheftWatchPublishes");
    expect(mine?.Condition?.ArnEquals?.["aws:SourceArn"]).toContain("rule/TheftWatch");
  });

  test("is gone with the alarms", () => {
    const quiet = synthesized({ alarms: { enabled: false } }).templates;
    expect(Object.keys(quiet.Audit.Resources).filter((id) => id.startsWith("TheftWatch"))).toEqual([]);
  });
});

describe("a default stage", () => {
  const { Audit: audit, ...others } = synthesized(bare).templates;
  const alarms = all({ Audit: audit, ...others }, "AWS::CloudWatch::Alarm").map(({ it }) => it.Properties);

  test("watches all functions by one number each of errors and throttles, whichever they are, in twenty alarms at most", () => {
    expect(alarms.length).toBeLessThanOrEqual(20);
    for (const metric of ["Errors", "Throttles"]) {
      const [own, ...more] = alarms.filter(({ MetricName }) => MetricName === metric);
      expect(more).toEqual([]);
      expect(own).toMatchObject({ Namespace: "AWS/Lambda", Statistic: "Sum", Threshold: 0 });
      expect(own?.Dimensions).toBeUndefined();
    }
  });

  test("rings when nobody looks for drift any more, as when there is some", () => {
    const [drift] = alarms.filter(({ MetricName }) => MetricName === "Drift");
    expect(drift).toMatchObject({ TreatMissingData: "breaching", Threshold: 0, EvaluationPeriods: 1 });
  });
});

describe("what identity providers say and is not written", () => {
  const of = (settings: Parameters<typeof synthesized>[0]) =>
    all(synthesized(settings).templates, "AWS::CloudWatch::Alarm")
      .map(({ it }) => it.Properties)
      .filter(({ MetricName }) => MetricName === "Answers");

  test("rings, though the function answered and Lambda counts no error: nobody watches the provider that is told", () => {
    const alarms = of({ signals: true });
    const named = (one: string) => ({
      ...{ Namespace: "Lanyard", Statistic: "Sum", Threshold: 0, Period: 60, EvaluationPeriods: 1 },
      Dimensions: [
        { Name: "class", Value: one },
        { Name: "service", Value: "signals" },
        { Name: "stage", Value: "dev" },
      ],
    });
    expect(alarms).toMatchObject([named("server_error"), named("temporarily_unavailable")]);
  });

  test("has no alarm where the stage hears nobody", () => {
    expect(of({ signals: false })).toEqual([]);
  });
});

describe("every alarm", () => {
  const alarms = all(
    synthesized({ outboundIdentityFederation: true, alarms: { eachFunction: true } }).templates,
    "AWS::CloudWatch::Alarm",
  );
  interface Read {
    readonly Namespace?: string;
    readonly Dimensions?: readonly { readonly Name: string; readonly Value: unknown }[];
  }
  const metricsOf = ({ Metrics, Namespace, Dimensions }: Record<string, unknown>): Read[] =>
    Namespace === undefined
      ? (Metrics as { MetricStat?: { Metric: Read } }[]).flatMap(({ MetricStat }) => MetricStat?.Metric ?? [])
      : [{ Namespace, Dimensions } as Read];

  test("goes back to quiet without traffic: none reads metrics of AWS/DynamoDB, whose missing data CloudWatch ignores", () => {
    expect(alarms.length).toBeGreaterThan(40);
    const spaces = alarms.flatMap(({ it }) => metricsOf(it.Properties).map(({ Namespace }) => Namespace));
    expect([...new Set(spaces)].sort()).toEqual(["AWS/Firehose", "AWS/Lambda", "AWS/SQS", "Lanyard"]);
    for (const { it } of alarms) expect(["notBreaching", "breaching"]).toContain(it.Properties.TreatMissingData);
  });

  test("on our own metrics reads this stage's", () => {
    const ours = alarms.flatMap(({ it }) =>
      metricsOf(it.Properties).filter(({ Namespace }) => Namespace === "Lanyard"),
    );
    expect(ours.length).toBeGreaterThan(2);
    for (const { Dimensions = [] } of ours) expect(Dimensions).toContainEqual({ Name: "stage", Value: "dev" });
  });
});
