import { CfnRule } from "aws-cdk-lib/aws-events";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { Topic } from "aws-cdk-lib/aws-sns";
import { Construct } from "constructs";
import type { Stage } from "../settings/stage.ts";
import { tableNames } from "../state/table-set.ts";
import type { WatchProps } from "./watch-props.ts";

/**
 * Anybody but CloudFormation, which CloudTrail itself names: `invokedBy` is written when a service makes a call, by a role
 * of ours or for a caller, and is no part of the request, as a user agent is. Who can have CloudFormation make such a
 * call updates our own stack, and that is a deployment.
 */
const byHand = { invokedBy: [{ "anything-but": ["cloudformation.amazonaws.com"] }, { exists: false }] };

/**
 * Tells of every change by hand to what the walls stand on: the policy, TTL or life of a table, the code or settings of a
 * function, the policies of the audit bucket (threat 45). A deployment rings nothing, and a restore into a table of
 * another name neither. Changes of IAM reach EventBridge in us-east-1 alone, and
 * ring where the stage is there. It sees what CloudTrail sees: the account needs a trail of management events in this Region.
 */
export class WallWatch extends Construct {
  constructor(scope: Construct, id: string, { stage, state, topic }: WatchProps) {
    super(scope, id);
    // by name or by ARN, whichever the caller gave
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
    // IAM is a service of the whole account: its events come to this one Region
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
