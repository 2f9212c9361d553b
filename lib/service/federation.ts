import { CfnOutput, CfnResource } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { acknowledgeFederation } from "../acknowledged.ts";
import { allow } from "../function/grant.ts";
import { LanyardFunction } from "../function/lanyard-function.ts";
import type { Stage } from "../settings/stage.ts";

/**
 * Switches the account's outbound identity federation on, where the stage asks for it: agents then prove themselves by
 * tokens of the account's own issuer. Deleting the stack leaves it on; others may use it.
 */
export function outboundFederation(scope: Construct, stage: Stage, dist: string): LanyardFunction {
  const made = new LanyardFunction(scope, "Federation", {
    stage,
    dist,
    name: "federation",
    description: "Switches the account's outbound identity federation on",
    environment: {},
    memoryMegabytes: 256,
    timeoutSeconds: 60,
  });
  allow(made.role, ["iam:EnableOutboundWebIdentityFederation", "iam:GetOutboundWebIdentityFederationInfo"], ["*"]);
  acknowledgeFederation(made.role);
  const on = new CfnResource(made, "On", {
    type: "Custom::OutboundIdentityFederation",
    properties: { ServiceToken: made.function.functionArn, ServiceTimeout: 300 },
  });
  on.node.addDependency(made.role);
  new CfnOutput(scope, "AccountIssuer", { value: on.getAtt("Issuer").toString() });
  return made;
}
