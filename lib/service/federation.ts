import { CfnOutput, CfnResource } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { acknowledgeFederation } from "../acknowledged.ts";
import { everything } from "../function/grant.ts";
import { type FunctionProps, LanyardFunction } from "../function/lanyard-function.ts";

/**
 * Switches the account's outbound identity federation on, where the stage asks for it: agents can then attest with
 * tokens of the account's own issuer. It stays on when the stack is deleted, since others may use it.
 */
export class Federation extends LanyardFunction {
  constructor(scope: Construct, id: string, props: FunctionProps) {
    super(scope, id, { ...props, name: "federation" });
    this.grant({
      actions: ["iam:EnableOutboundWebIdentityFederation", "iam:GetOutboundWebIdentityFederationInfo"],
      on: [everything],
      why: "switches the account's outbound federation on, which knows no resources",
    });
    acknowledgeFederation(this.role);
    const on = new CfnResource(this, "On", {
      type: "Custom::OutboundIdentityFederation",
      properties: { ServiceToken: this.function.functionArn, ServiceTimeout: 300 },
    });
    on.node.addDependency(this.role);
    new CfnOutput(scope, "AccountIssuer", { value: on.getAtt("Issuer").toString() });
  }
}
