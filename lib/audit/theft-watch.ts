import { CfnRule, type EventBus } from "aws-cdk-lib/aws-events";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { Topic } from "aws-cdk-lib/aws-sns";
import { Construct } from "constructs";

/**
 * Refusals that mean that two parties have the same thing: a document that another key had shown before (threat 16), an
 * offer that another key or another agent tried to redeem (threat 17), a token shown with another key than its own
 * (threat 41), an assertion that another agent or key had shown before.
 */
const thefts = [
  "evidence_of_another_key",
  "offer_redeemed_by_another_key",
  "offer_for_another_agent",
  "dpop_key_mismatch",
  "assertion_of_another",
];

/** A call that cost more than its server had reserved: nobody had asked the budgets about the rest (threat 60). */
const excess = "cost_exceeds";

/** Whatever the code: when another key showed a genuine token of ours, the record names the token's owner. */
const ownedByAnother = { unmapped: { lanyard: { owner: [{ exists: true }] } } };

/** Reports every refusal that means theft, when it passes on the bus, since no metric distinguishes single denials. */
export class TheftWatch extends Construct {
  constructor(scope: Construct, id: string, { bus, topic }: { readonly bus: EventBus; readonly topic: Topic }) {
    super(scope, id);
    const rule = new CfnRule(this, "Rule", {
      eventBusName: bus.eventBusName,
      description: "A document, an offer or a token of Lanyard was shown by somebody else than its owner",
      eventPattern: { source: ["lanyard"], detail: { $or: [{ status_code: [...thefts, excess] }, ownedByAnother] } },
      targets: [
        {
          id: "Topic",
          arn: topic.topicArn,
          // only what an e-mail needs; the record itself is in the bucket
          inputTransformer: {
            inputPathsMap: {
              code: "$.detail.status_code",
              agent: "$.detail.unmapped.lanyard.agent",
              session: "$.detail.actor.session.uid",
              owner: "$.detail.unmapped.lanyard.owner",
              event: "$.detail.metadata.uid",
            },
            inputTemplate:
              '"Refused: <code>, as agent <agent>, of owner <owner>, session <session>, audit event <event>. See docs/runbook.md#theftwatch"',
          },
        },
      ],
    });
    topic.addToResourcePolicy(
      new PolicyStatement({
        sid: "TheTheftWatchPublishes",
        principals: [new ServicePrincipal("events.amazonaws.com")],
        actions: ["sns:Publish"],
        resources: [topic.topicArn],
        conditions: { ArnEquals: { "aws:SourceArn": rule.attrArn } },
      }),
    );
  }
}
