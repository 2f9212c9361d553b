import { CfnRule } from "aws-cdk-lib/aws-events";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { Topic } from "aws-cdk-lib/aws-sns";
import { Construct } from "constructs";
import { roleArn } from "../function/roles.ts";
import type { Stage } from "../settings/stage.ts";

/**
 * Reports whoever takes the role that revokes without the functions, or tries to (threat 63). The record of what was
 * done with it waits for the relay, which may be what is broken, so this hears of it from CloudTrail; only a trail of the
 * account brings those events to the default bus. It is no alarm: nothing of it stays red.
 */
export class KillWatch extends Construct {
  constructor(scope: Construct, id: string, { stage, topic }: { readonly stage: Stage; readonly topic: Topic }) {
    super(scope, id);
    const rule = new CfnRule(this, "Rule", {
      description: "Somebody took the role that revokes in Lanyard without its functions, or tried to",
      // a rule that is only ENABLED never receives read events, and AssumeRole is one
      state: "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS",
      eventPattern: {
        source: ["aws.sts"],
        "detail-type": ["AWS API Call via CloudTrail"],
        detail: {
          eventSource: ["sts.amazonaws.com"],
          eventName: ["AssumeRole"],
          // by its computed name: CloudFormation would refuse to drop an export on the day the stage names nobody any more
          requestParameters: { roleArn: [roleArn(stage, "operator-kill")] },
        },
      },
      targets: [
        {
          id: "Topic",
          arn: topic.topicArn,
          // who and from where, in an e-mail's length; a text that the event lacks stays empty
          inputTransformer: {
            inputPathsMap: {
              who: "$.detail.userIdentity.arn",
              session: "$.detail.requestParameters.roleSessionName",
              address: "$.detail.sourceIPAddress",
              refused: "$.detail.errorCode",
              request: "$.detail.requestID",
            },
            inputTemplate:
              '"The kill role was taken or tried: by <who>, as <session>, from <address>, request <request>. Refused: <refused>. See docs/runbook.md#killwatch"',
          },
        },
      ],
    });
    topic.addToResourcePolicy(
      new PolicyStatement({
        sid: "TheKillWatchPublishes",
        principals: [new ServicePrincipal("events.amazonaws.com")],
        actions: ["sns:Publish"],
        resources: [topic.topicArn],
        conditions: { ArnEquals: { "aws:SourceArn": rule.attrArn } },
      }),
    );
  }
}
