import { CfnRule } from "aws-cdk-lib/aws-events";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { Topic } from "aws-cdk-lib/aws-sns";
import { Construct } from "constructs";
import type { Stage } from "../settings/stage.ts";
import { tableNames } from "../state/table-set.ts";
import type { WatchProps } from "./watch-props.ts";

/**
 * Matches calls by anybody except CloudFormation. CloudTrail writes `invokedBy` itself when a service makes a call,
 * with a role of ours or for a caller; unlike a user agent, it is no part of the request. Somebody who can make
 * CloudFormation make such a call is updating our stack, which is a deployment.
 */
const byHand = { invokedBy: [{ "anything-but": ["cloudformation.amazonaws.com"] }, { exists: false }] };

/**
 * Reports every change by hand to what the walls rest on: the policy, TTL or deletion of a table, the code or settings
 * of a function, a rule that calls one, the policies of the audit bucket (threat 45). Neither a deployment nor a restore into a table of
 * another name rings. Changes of IAM reach EventBridge only in us-east-1, and are reported only where the stage is in
 * that Region. It uses CloudTrail's events: the account needs a trail of management events in this Region.
 */
export class WallWatch extends Construct {
  constructor(scope: Construct, id: string, { stage, state, topic }: WatchProps) {
    super(scope, id);
    // by name or by ARN, since a caller may give either
    const named = tableNames
      .map((name) => state.tables.table[name])
      .map((table) => ({ wildcard: `*${table.tableName}` }));
    const ofStacks = ["service", "audit", "issuer"].map((part) => ({ wildcard: `*lanyard-${stage.name}-${part}-*` }));
    const bucketName = [state.auditBucket.bucketName];
    const rules = [
      this.rule("Tables", topic, {
        service: "dynamodb",
        detail: {
          eventName: ["UpdateTimeToLive", "UpdateTable", "DeleteTable", "UpdateContinuousBackups"],
          requestParameters: { tableName: named },
        },
      }),
      this.rule("TablePolicies", topic, {
        service: "dynamodb",
        detail: {
          eventName: ["PutResourcePolicy", "DeleteResourcePolicy"],
          requestParameters: { resourceArn: named },
        },
      }),
      this.rule("Functions", topic, {
        service: "lambda",
        detail: {
          eventName: [
            "UpdateFunctionCode20150331v2",
            "UpdateFunctionConfiguration20150331v2",
            "PutFunctionCodeSigningConfig",
            "DeleteFunctionCodeSigningConfig",
            { prefix: "AddPermission" },
            { prefix: "RemovePermission" },
            { prefix: "UpdateFunctionUrlConfig" },
            { prefix: "DeleteFunction" },
          ],
          requestParameters: { functionName: ofStacks },
        },
      }),
      this.rule("FunctionPolicies", topic, {
        service: "lambda",
        detail: {
          eventName: ["PutResourcePolicy", "DeleteResourcePolicy"],
          requestParameters: { resourceArn: ofStacks },
        },
      }),
      // the trail is written and watched by schedule: who stops both stops what would tell of it
      this.rule("Schedules", topic, {
        service: "events",
        detail: {
          eventName: ["DisableRule", "DeleteRule", "PutRule", "RemoveTargets", "PutTargets"],
          // a call names a rule as `name` or, where it is about its targets, as `rule`
          $or: [{ requestParameters: { name: ofStacks } }, { requestParameters: { rule: ofStacks } }],
        },
      }),
      this.rule("Bucket", topic, {
        service: "s3",
        detail: {
          eventName: [
            "PutBucketPolicy",
            "DeleteBucketPolicy",
            "PutBucketLifecycle",
            "DeleteBucketLifecycle",
            "PutBucketObjectLockConfiguration",
            "PutBucketVersioning",
            "PutBucketNotification",
          ],
          requestParameters: { bucketName },
        },
      }),
    ];
    // IAM belongs to the whole account, and its events come only to this Region
    if (stage.region === "us-east-1") rules.push(this.roles(stage, topic));
    topic.addToResourcePolicy(
      new PolicyStatement({
        sid: "TheWallWatchPublishes",
        principals: [new ServicePrincipal("events.amazonaws.com")],
        actions: ["sns:Publish"],
        resources: [topic.topicArn],
        conditions: { ArnEquals: { "aws:SourceArn": rules.map((rule) => rule.attrArn) } },
      }),
    );
  }

  private roles(stage: Stage, topic: Topic): CfnRule {
    return this.rule("Roles", topic, {
      service: "iam",
      detail: {
        eventName: [
          "UpdateAssumeRolePolicy",
          "PutRolePolicy",
          "DeleteRolePolicy",
          "AttachRolePolicy",
          "DetachRolePolicy",
          "DeleteRole",
        ],
        requestParameters: { roleName: [{ prefix: `lanyard-${stage.name}-` }] },
      },
    });
  }

  private rule(id: string, topic: Topic, of: { readonly service: string; readonly detail: object }): CfnRule {
    const { service, detail } = of;
    return new CfnRule(this, id, {
      description: "A wall of Lanyard was changed by hand. See docs/runbook.md#wallwatch",
      eventPattern: {
        source: [`aws.${service}`],
        "detail-type": ["AWS API Call via CloudTrail"],
        detail: { eventSource: [`${service}.amazonaws.com`], userIdentity: byHand, ...detail },
      },
      targets: [{ id: "Topic", arn: topic.topicArn }],
    });
  }
}
