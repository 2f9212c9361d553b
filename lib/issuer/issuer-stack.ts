import { CfnOutput, CfnResource, RemovalPolicy, Stack } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { publicUrl, withoutSlash } from "../function/address.ts";
import type { FunctionProps } from "../function/lanyard-function.ts";
import { stackProps } from "../stack-props.ts";
import type { StateStack } from "../state/state-stack.ts";
import { Discovery } from "./discovery.ts";

/**
 * The issuer: discovery and its URL, alone. A new URL would be a new issuer, and every token, every provider and every
 * trust policy elsewhere would be void: the stack cannot be deleted by accident, and what makes the URL outlives it.
 */
export class IssuerStack extends Stack {
  readonly discovery: Discovery;
  /** `https://<id>.lambda-url.<region>.on.aws`, no trailing slash. */
  readonly issuer: string;

  constructor(scope: Construct, id: string, props: FunctionProps & { readonly state: StateStack }) {
    const { stage } = props;
    super(scope, id, {
      ...stackProps(stage, "issuer", "discovery and its URL, the issuer of all tokens; must never be replaced"),
      terminationProtection: stage.terminationProtection,
    });
    this.discovery = new Discovery(this, "Discovery", props);
    this.issuer = withoutSlash(publicUrl(this.discovery).url);
    for (const part of this.node.findAll()) {
      // who may call goes with the stack: a URL that was left behind answers nobody, and nobody else can have it
      if (CfnResource.isCfnResource(part) && part.cfnResourceType !== "AWS::Lambda::Permission")
        part.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
    }
    new CfnOutput(this, "IssuerUrl", { value: this.issuer });
  }
}
