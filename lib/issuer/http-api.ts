import { Aws, CfnOutput } from "aws-cdk-lib";
import { CfnApi, CfnApiMapping, CfnDomainName, CfnIntegration, CfnRoute, CfnStage } from "aws-cdk-lib/aws-apigatewayv2";
import { ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Construct } from "constructs";
import type { LanyardFunction } from "../function/lanyard-function.ts";
import type { DomainProps } from "../settings/props.ts";

/** The target that a domain's DNS record must name. */
export interface DomainTarget {
  /** For a CNAME, or an alias. */
  readonly name: string;
  /** For an alias of Route 53. */
  readonly hostedZoneId: string;
}

/** Origin of a domain. The embedded cloud's domain is this machine, without a certificate. */
export const originOfDomain = ({ name }: DomainProps): string =>
  `${name.startsWith("127.") ? "http" : "https"}://${name}`;

/**
 * An HTTP API behind a domain: the only way to the public functions where there is one. It has no address of its own,
 * so that nobody can call them except by the domain, and its only stage has no name that would become part of a path.
 * CloudFront in front of function URLs would hide the caller's address and the host that proofs are made for.
 */
export class HttpApi extends Construct {
  /** `https://<name>`, without a slash at its end. */
  readonly origin: string;
  /** Where the name must point. The team creates the alias or CNAME itself. */
  readonly target: DomainTarget;
  readonly #id: string;

  constructor(scope: Construct, id: string, domain: DomainProps) {
    super(scope, id);
    this.origin = originOfDomain(domain);
    const api = new CfnApi(this, "Api", {
      name: `Lanyard ${domain.name}`,
      protocolType: "HTTP",
      disableExecuteApiEndpoint: true,
    });
    this.#id = api.ref;
    const stage = new CfnStage(this, "Stage", { apiId: api.ref, stageName: "$default", autoDeploy: true });
    const name = new CfnDomainName(this, "Domain", {
      domainName: domain.name,
      domainNameConfigurations: [
        { certificateArn: domain.certificate, endpointType: "REGIONAL", securityPolicy: "TLS_1_2" },
      ],
    });
    const mapping = new CfnApiMapping(this, "Mapping", { apiId: api.ref, domainName: name.ref, stage: stage.ref });
    mapping.node.addDependency(name, stage);
    this.target = { name: name.attrRegionalDomainName, hostedZoneId: name.attrRegionalHostedZoneId };
    new CfnOutput(scope, "DomainTarget", { value: this.target.name });
    new CfnOutput(scope, "DomainHostedZone", { value: this.target.hostedZoneId });
  }

  /**
   * Routes a path, and all paths below it, to a function. The path is not changed.
   * @param scope the stack of routes and permission: the function's own
   * @param path such as `/token`; when left out, every path that no other function has
   * @returns the function's URL, without a slash at its end
   */
  route(scope: Construct, of: LanyardFunction, path?: string): string {
    const integration = new CfnIntegration(scope, "Integration", {
      apiId: this.#id,
      integrationType: "AWS_PROXY",
      integrationUri: of.function.functionArn,
      payloadFormatVersion: "2.0",
      // an HTTP API waits 30 s at most, which is longer than any public function runs
      timeoutInMillis: 30_000,
    });
    const keys = path === undefined ? ["$default"] : [`ANY ${path}`, `ANY ${path}/{proxy+}`];
    for (const [index, routeKey] of keys.entries())
      new CfnRoute(scope, `Route${index}`, {
        apiId: this.#id,
        routeKey,
        authorizationType: "NONE",
        target: `integrations/${integration.ref}`,
      });
    of.function.addPermission("FromTheDomain", {
      principal: new ServicePrincipal("apigateway.amazonaws.com"),
      sourceArn: `arn:${Aws.PARTITION}:execute-api:${Aws.REGION}:${Aws.ACCOUNT_ID}:${this.#id}/*`,
    });
    const url = `${this.origin}${path ?? ""}`;
    of.tell({ publicUrl: url });
    return url;
  }
}
