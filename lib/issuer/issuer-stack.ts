import { CfnOutput, CfnResource, RemovalPolicy, Stack } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { publicUrl, withoutSlash } from "../function/address.ts";
import type { FunctionProps } from "../function/lanyard-function.ts";
import { stackProps } from "../stack-props.ts";
import type { StateStack } from "../state/state-stack.ts";
import { Discovery } from "./discovery.ts";
import { HttpApi } from "./http-api.ts";
import { issuerOnce } from "./issuer-once.ts";

/**
 * The issuer: only discovery and its URL. A new URL would be a new issuer, and all tokens, and all providers and trust
 * policies elsewhere, would become invalid. So the stack cannot be deleted by accident, and the resources that make up
 * the URL are kept when it is deleted.
 */
export class IssuerStack extends Stack {
  readonly discovery: Discovery;
  /** `https://<id>.lambda-url.<region>.on.aws`, or the stage's domain; no trailing slash. */
  readonly issuer: string;
  /** The HTTP API of the public functions, where the stage has a domain. */
  readonly api: HttpApi | undefined;

  constructor(scope: Construct, id: string, props: FunctionProps & { readonly state: StateStack }) {
    const { stage } = props;
    super(scope, id, {
      ...stackProps(stage, "issuer", "discovery and its URL, the issuer of all tokens; must never be replaced"),
      terminationProtection: stage.terminationProtection,
    });
    this.discovery = new Discovery(this, "Discovery", props);
    // first of all resources, so that a refused deployment has changed nothing
    this.discovery.function.node.addDependency(issuerOnce(this, stage));
    this.api = stage.domain && new HttpApi(this, "HttpApi", stage.domain);
    this.issuer = this.api ? this.api.route(this.api, this.discovery) : withoutSlash(publicUrl(this.discovery).url);
    // permissions to call are deleted with the stack: a URL that is kept then answers nobody, and nobody else can get
    // it
    for (const part of this.discovery.node.findAll())
      if (CfnResource.isCfnResource(part) && part.cfnResourceType !== "AWS::Lambda::Permission")
        part.applyRemovalPolicy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE);
    new CfnOutput(this, "IssuerUrl", { value: this.issuer });
  }
}
