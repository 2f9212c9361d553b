import { describe, expect, test } from "vitest";
import { checkPattern, matchesPattern } from "../../kit/embedded/events.ts";
import { resolved } from "../resolved.ts";
import { account, all, region, synthesized } from "../synthesized.ts";

const { templates } = synthesized();
const rules = all(templates, "AWS::Events::Rule")
  .filter(({ id }) => id.startsWith("WallWatch"))
  .map(({ id, stack, it }) => ({
    name: id.replace(/^WallWatch|[0-9A-F]{8}$/g, ""),
    pattern: resolved(templates, stack, it.Properties.EventPattern),
    targets: resolved(templates, stack, it.Properties.Targets),
  }));
const rings = (event: object): string[] =>
  rules.filter(({ pattern }) => matchesPattern(pattern, event)).map(({ name }) => name);
const tables = all(templates, "AWS::DynamoDB::GlobalTable").map(({ id }) => id);
const bucket = String(resolved(templates, "State", { Ref: all(templates, "AWS::S3::Bucket")[0]?.id }));

/** An event as CloudTrail hands it to EventBridge. */
const call = (service: string, eventName: string, requestParameters: object, userIdentity: object = person) => ({
  source: `aws.${service}`,
  "detail-type": "AWS API Call via CloudTrail",
  detail: { eventSource: `${service}.amazonaws.com`, eventName, requestParameters, userIdentity },
});
const person = { type: "AssumedRole", sessionContext: { sessionIssuer: { userName: "Administrator" } } };
const deployment = {
  type: "AssumedRole",
  sessionContext: { sessionIssuer: { userName: `cdk-hnb659fds-cfn-exec-role-${account}-${region}` } },
  invokedBy: "cloudformation.amazonaws.com",
};

const changes: [string, string, string, object][] = tables.flatMap((table) => {
  const arn = `arn:aws:dynamodb:${region}:${account}:table/${table}`;
  return [
    ["TablePolicies", "dynamodb", "PutResourcePolicy", { resourceArn: arn }],
    ["TablePolicies", "dynamodb", "DeleteResourcePolicy", { resourceArn: arn }],
    ["Tables", "dynamodb", "UpdateTimeToLive", { tableName: table }],
    ["Tables", "dynamodb", "UpdateTable", { tableName: arn }],
    ["Tables", "dynamodb", "DeleteTable", { tableName: table }],
    ["Tables", "dynamodb", "UpdateContinuousBackups", { tableName: table }],
  ] as [string, string, string, object][];
});
const token = `arn:aws:lambda:${region}:${account}:function:lanyard-dev-service-TokenFunction25DD4B49-abc`;
changes.push(
  ["Functions", "lambda", "UpdateFunctionCode20150331v2", { functionName: token }],
  ["Functions", "lambda", "UpdateFunctionConfiguration20150331v2", { functionName: token.split(":")[6] }],
  ["Functions", "lambda", "AddPermission20150331v2", { functionName: `${account}:lanyard-dev-issuer-Discovery-x` }],
  ["Functions", "lambda", "DeleteFunctionCodeSigningConfig", { functionName: "lanyard-dev-audit-RelayFunction-x" }],
  ["FunctionPolicies", "lambda", "PutResourcePolicy", { resourceArn: token }],
  ["Schedules", "events", "DisableRule", { name: "lanyard-dev-audit-ReconcilerOnSchedule11AA-x" }],
  ["Schedules", "events", "DeleteRule", { name: "lanyard-dev-audit-SealerOnSchedule11AA-x" }],
  ["Schedules", "events", "PutRule", { name: "lanyard-dev-service-PublisherOnSchedule11AA-x", state: "DISABLED" }],
  ["Schedules", "events", "RemoveTargets", { rule: "lanyard-dev-audit-SealerOnSchedule11AA-x", ids: ["Target0"] }],
  ["Bucket", "s3", "PutBucketPolicy", { bucketName: bucket }],
  ["Bucket", "s3", "PutBucketLifecycle", { bucketName: bucket }],
  ["Bucket", "s3", "PutBucketNotification", { bucketName: bucket }],
);

describe("threat 45: a wall that is changed by hand", () => {
  test.each(changes)("rings %s: %s %s %j", (name, service, eventName, parameters) => {
    expect(rings(call(service, eventName, parameters))).toEqual([name]);
    expect(rings(call(service, eventName, parameters, { type: "Root" }))).toEqual([name]);
    // another service that calls for somebody is no deployment
    const backup = { ...person, invokedBy: "backup.amazonaws.com" };
    expect(rings(call(service, eventName, parameters, backup))).toEqual([name]);
    // a user agent is whatever the caller writes
    const posing = call(service, eventName, parameters);
    Object.assign(posing.detail, { userAgent: "cloudformation.amazonaws.com" });
    expect(rings(posing)).toEqual([name]);
  });

  test.each(changes)("is rung by no deployment: %s: %s %s %j", (_, service, eventName, parameters) => {
    expect(rings(call(service, eventName, parameters, deployment))).toEqual([]);
  });

  test("of somebody else rings nothing, nor does a restore", () => {
    const others: [string, string, object][] = [
      ["dynamodb", "UpdateTable", { tableName: "orders" }],
      ["dynamodb", "PutResourcePolicy", { resourceArn: `arn:aws:dynamodb:${region}:${account}:table/orders` }],
      ["dynamodb", "RestoreTableToPointInTime", { sourceTableName: tables[0], targetTableName: "restored" }],
      ["lambda", "UpdateFunctionCode20150331v2", { functionName: "lanyard-dev2-service-TokenFunction-x" }],
      ["lambda", "UpdateFunctionCode20150331v2", { functionName: "shop" }],
      ["s3", "PutBucketPolicy", { bucketName: "logs" }],
      ["events", "DisableRule", { name: "nightly" }],
      ["events", "EnableRule", { name: "lanyard-dev-audit-SealerOnSchedule11AA-x" }],
    ];
    for (const [service, eventName, parameters] of others)
      expect([eventName, rings(call(service, eventName, parameters))]).toEqual([eventName, []]);
  });

  test("tells the topic, which lets these rules publish; no pattern is longer than EventBridge takes", () => {
    expect(rules).toHaveLength(6);
    for (const { pattern, targets } of rules) {
      checkPattern(pattern);
      expect(JSON.stringify(targets)).toContain("Alarms");
      // a table's real name carries a stage of twenty letters and thirteen more: 50 a table over what stands here
      expect(JSON.stringify(pattern).length + 12 * 50).toBeLessThan(2_048);
    }
    const policies = JSON.stringify(all(templates, "AWS::SNS::TopicPolicy"));
    expect(policies.match(/"WallWatch\w+"/g)).toHaveLength(6);
  });

  test("in IAM rings in us-east-1, where its events are, by hand alone and for roles of this stage alone", () => {
    const there = synthesized({ region: "us-east-1" }).templates;
    const found = all(there, "AWS::Events::Rule").filter(({ id }) => id.startsWith("WallWatchRoles"));
    expect(found).toHaveLength(1);
    const pattern = found[0]?.it.Properties.EventPattern;
    const changed = (eventName: string, roleName: string, who?: object) =>
      matchesPattern(pattern, call("iam", eventName, { roleName }, who));
    for (const eventName of ["UpdateAssumeRolePolicy", "PutRolePolicy", "AttachRolePolicy"]) {
      expect(changed(eventName, "lanyard-dev-us-east-1-token")).toBe(true);
      expect(changed(eventName, "lanyard-dev-us-east-1-token", deployment)).toBe(false);
      expect(changed(eventName, "shop")).toBe(false);
    }
    expect(JSON.stringify(all(there, "AWS::SNS::TopicPolicy")).match(/"WallWatch\w+"/g)).toHaveLength(7);
  });

  test("has another wall where the stage ships signed code: no function takes any other", () => {
    const arn = `arn:aws:lambda:${region}:${account}:code-signing-config:csc-0123456789abcdef0`;
    const signed = all(synthesized({ codeSigningConfig: arn }).templates, "AWS::Lambda::Function");
    expect(signed.length).toBeGreaterThan(10);
    for (const { it } of signed) expect(it.Properties.CodeSigningConfigArn).toBe(arn);
    for (const { it } of all(templates, "AWS::Lambda::Function"))
      expect(it.Properties).not.toHaveProperty("CodeSigningConfigArn");
    expect(() => synthesized({ codeSigningConfig: "csc-0123456789abcdef0" })).toThrow(
      /codeSigningConfig: must be the ARN/,
    );
  });

  test("rings where the alarms are off too", () => {
    const silent = synthesized({ alarms: { enabled: false } }).templates;
    expect(all(silent, "AWS::Events::Rule").filter(({ id }) => id.startsWith("WallWatch"))).toHaveLength(6);
  });
});
