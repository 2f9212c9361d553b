import { CfnRule } from "aws-cdk-lib/aws-events";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { IKey } from "aws-cdk-lib/aws-kms";
import type { Topic } from "aws-cdk-lib/aws-sns";
import { Construct } from "constructs";
import { type NamedRole, roleArn, rolesPrefix } from "../function/roles.ts";
import { attesting, nonced, signers } from "../state/keys.ts";
import type { WatchProps } from "./watch-props.ts";

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
 * Reports every change to a key, and every signature or MAC, made or refused, by anybody but the key's role (threat
 * 11): with a MAC of the nonce key, somebody could make a challenge or nonce that is accepted as ours.
 * It uses CloudTrail's events: the account needs a trail of management events in this Region, read events included.
 */
export class KeyWatch extends Construct {
  constructor(scope: Construct, id: string, { stage, state, topic }: WatchProps) {
    super(scope, id);
    const { identity, session, sessionEc, status, log, events, nonce, dpopNonce } = state.keys;
    const changed = this.rule("Changed", topic, {
      eventName: changes,
      resources: { ARN: Object.values(state.keys.all).map((key) => key.keyArn) },
    });
    const byOthers = (name: string, [eventName, key]: readonly [string, IKey], roles: readonly NamedRole[]) =>
      this.rule(name, topic, {
        eventName: [eventName],
        resources: { ARN: [key.keyArn] },
        // users and the root have no session issuer
        userIdentity: {
          sessionContext: {
            sessionIssuer: { arn: [{ "anything-but": roles.map((role) => roleArn(stage, role)) }, { exists: false }] },
          },
        },
      });
    const used = [
      byOthers("SignedIdentity", ["Sign", identity], signers.identity),
      byOthers("SignedSession", ["Sign", session], signers.session),
      ...(sessionEc ? [byOthers("SignedEcSession", ["Sign", sessionEc], signers.session)] : []),
      byOthers("SignedStatus", ["Sign", status], signers.status),
      byOthers("SignedLog", ["Sign", log], signers.seal),
      ...(events ? [byOthers("SignedEvents", ["Sign", events], signers.events)] : []),
      byOthers("MacNonce", ["GenerateMac", nonce], attesting),
      ...(dpopNonce ? [byOthers("MacDpopNonce", ["GenerateMac", dpopNonce], nonced(stage))] : []),
    ];
    // keys that the rotator created cannot be named here. But their policy's refusal can be matched, and so can the
    // role that creates them
    const refused = this.rule("Refused", topic, {
      eventName: ["Sign"],
      errorMessage: [{ wildcard: "*explicit deny in a resource-based policy*" }],
    });
    const strayed = this.rule("Strayed", topic, {
      eventName: ["Sign", "GenerateMac", "PutKeyPolicy", "CreateGrant", "ImportKeyMaterial"],
      userIdentity: { sessionContext: { sessionIssuer: { arn: [roleArn(stage, "rotator")] } } },
    });
    // a changed policy of such keys cannot be found by the key's name. The rotator finds a changed policy that remains.
    // One that is changed back names our roles again, or hides their names by JSON escapes, which no honest policy uses
    const rewritten = this.rule("Rewritten", topic, {
      eventName: ["PutKeyPolicy"],
      requestParameters: { policy: [{ wildcard: `*:role/${rolesPrefix(stage)}*` }, { wildcard: "*\\\\u*" }] },
    });
    topic.addToResourcePolicy(
      new PolicyStatement({
        sid: "TheWatchPublishes",
        principals: [new ServicePrincipal("events.amazonaws.com")],
        actions: ["sns:Publish"],
        resources: [topic.topicArn],
        conditions: {
          ArnEquals: { "aws:SourceArn": [changed, ...used, refused, strayed, rewritten].map((rule) => rule.attrArn) },
        },
      }),
    );
  }

  private rule(id: string, topic: Topic, detail: Record<string, unknown>): CfnRule {
    return new CfnRule(this, id, {
      description: "A key of Lanyard was changed or used by somebody else",
      // a rule that is only ENABLED never receives read events, and Sign and GenerateMac are read events
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
