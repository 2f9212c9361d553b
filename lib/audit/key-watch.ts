import { CfnRule } from "aws-cdk-lib/aws-events";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { Topic } from "aws-cdk-lib/aws-sns";
import { Construct } from "constructs";
import { roleArn } from "../roles.ts";
import type { Stage } from "../stage.ts";
import { signers } from "../state/keys.ts";
import type { StateStack } from "../state-stack.ts";

/** Calls that change who may use a key, or end it. */
const changes = [
  "PutKeyPolicy",
  "ScheduleKeyDeletion",
  "DisableKey",
  "CreateGrant",
  "DeleteImportedKeyMaterial",
  "UpdatePrimaryRegion",
];

/**
 * Tells of every change to a key, and of every signature or attempt at one by anybody but the key's role (threat 11).
 * It sees what CloudTrail sees: the account needs a trail of management events in this Region, read events included.
 */
export class KeyWatch extends Construct {
  constructor(scope: Construct, id: string, stage: Stage, state: StateStack, topic: Topic) {
    super(scope, id);
    const { identity, session, status, seal, nonce, data } = state.keys;
    const changed = this.rule("Changed", topic, {
      eventName: changes,
      resources: { ARN: [identity, session, status, seal, nonce, data].map((key) => key.keyArn) },
    });
    const signed = Object.entries(signers).map(([purpose, roles]) =>
      this.rule(`Signed${purpose[0]?.toUpperCase()}${purpose.slice(1)}`, topic, {
        eventName: ["Sign"],
        resources: { ARN: [state.keys[purpose as keyof typeof signers].keyArn] },
        // users and the root have no session issuer at all
        userIdentity: {
          sessionContext: {
            sessionIssuer: { arn: [{ "anything-but": roles.map((role) => roleArn(stage, role)) }, { exists: false }] },
          },
        },
      }),
    );
    topic.addToResourcePolicy(
      new PolicyStatement({
        sid: "TheWatchPublishes",
        principals: [new ServicePrincipal("events.amazonaws.com")],
        actions: ["sns:Publish"],
        resources: [topic.topicArn],
        conditions: { ArnEquals: { "aws:SourceArn": [changed, ...signed].map((rule) => rule.attrArn) } },
      }),
    );
  }

  private rule(id: string, topic: Topic, detail: Record<string, unknown>): CfnRule {
    return new CfnRule(this, id, {
      description: "A key of Lanyard was changed or used by somebody else",
      // a plain ENABLED rule never sees read events, and Sign is one
      state: "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
      eventPattern: {
        source: ["aws.kms"],
        "detail-type": ["AWS API Call via CloudTrail"],
        detail: { eventSource: ["kms.amazonaws.com"], ...detail },
      },
      targets: [{ id: "Topic", arn: topic.topicArn }],
    });
  }
}
