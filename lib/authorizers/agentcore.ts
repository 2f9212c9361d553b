import { Token } from "aws-cdk-lib";
import { Gateway, GatewayAuthorizer, type GatewayProps, LambdaInterceptor } from "aws-cdk-lib/aws-bedrockagentcore";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import type { Construct } from "constructs";

/** A gateway of Bedrock AgentCore. It takes the properties of CDK's own as well, but who gets in is decided here. */
export interface AgentCoreGatewayProps
  extends Omit<GatewayProps, "authorizerConfiguration" | "interceptorConfigurations"> {
  /** The issuer of the deployment, without a slash at its end. */
  readonly issuer: string;
  /** The registered resource that this gateway is: tokens must be for exactly this. */
  readonly resource: string;
  /** The function, made by `createAgentCoreInterceptor` of the client package, under a role of an agent that serves or fronts the resource. */
  readonly interceptor: IFunction;
  /** Changes answers on their way back, such as lists of tools. It is not given the request's headers. */
  readonly responseInterceptor?: IFunction;
  /**
   * `bearer`: AgentCore's own authorizer verifies the token (it knows no other kind), then the interceptor does and asks
   * about the call; whoever copies a token can use it, and the resource is registered with `senderConstraint: none`.
   * `bound`: AgentCore has no authorizer, and the interceptor alone verifies token and proof.
   * @default "bearer"
   */
  readonly tokens?: "bearer" | "bound";
}

/**
 * An AgentCore Gateway before whose tools Lanyard decides about each call. Its interceptor is always given the
 * request's headers, without which there is no token to verify, and there is no way to make it without one.
 *
 * @example
 * new AgentCoreGateway(this, "Tools", { issuer: lanyard.urls.issuer, resource: "https://tools.example", interceptor });
 */
export class AgentCoreGateway extends Gateway {
  /** @throws for an issuer that is no https address or ends with a slash, and for an empty resource */
  constructor(scope: Construct, id: string, props: AgentCoreGatewayProps) {
    const { issuer, resource, interceptor, responseInterceptor, tokens = "bearer", ...gateway } = props;
    if (!Token.isUnresolved(issuer) && !/^https:\/\/[^\s?#]*[^\s?#/]$/.test(issuer))
      throw new Error("issuer: an https address without a slash at its end, as the deployment's output says it");
    if (resource === "") throw new Error("resource: as it is registered; a token for anything else must not get in");
    super(scope, id, {
      ...gateway,
      authorizerConfiguration:
        tokens === "bound"
          ? GatewayAuthorizer.withNoAuth()
          : GatewayAuthorizer.usingCustomJwt({
              discoveryUrl: `${issuer}/.well-known/openid-configuration`,
              allowedAudience: [resource],
            }),
      interceptorConfigurations: [
        LambdaInterceptor.forRequest(interceptor, { passRequestHeaders: true }),
        ...(responseInterceptor ? [LambdaInterceptor.forResponse(responseInterceptor)] : []),
      ],
    });
  }
}
