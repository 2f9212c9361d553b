/** HTTP APIs behind their domains: a port plays the name, since no name of the template leads to this machine. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Account } from "../account.ts";
import type { Cloud, Resource } from "../cloudformation/template.ts";
import type { Handle } from "../loopback.ts";
import { judgeOf } from "./authorizer.ts";
import { serveUrl } from "./url.ts";

/** A domain of the template that this machine can play. */
interface Domain {
  readonly resource: Resource;
  /** `127.0.0.1:PORT`, the domain's name. */
  readonly host: string;
  readonly port: number;
}

/** Domains of the template. @throws on a name that only DNS could lead here */
export function domainsOf(cloud: Cloud): Domain[] {
  return cloud.ofType("AWS::ApiGatewayV2::DomainName").map((resource) => {
    const host = String(cloud.properties(resource).DomainName);
    const port = /^127\.0\.0\.1:([0-9]+)$/.exec(host)?.[1];
    if (port === undefined) throw new Error(`domain ${host} does not lead to this machine: name 127.0.0.1:<port>`);
    return { resource, host, port: Number(port) };
  });
}

/**
 * The handler of a domain: the one API that is mapped to it, its routes, and behind each a function with payload 2.0.
 * @throws on what it would not serve as AWS does: another stage than `$default`, an endpoint beside the domain, a
 * function that does not let the API in
 */
export function apiHandler(cloud: Cloud, account: Account, { resource, host }: Domain): Handle {
  const mapping = cloud
    .ofType("AWS::ApiGatewayV2::ApiMapping")
    .map((each) => cloud.properties(each))
    .find(({ DomainName }) => DomainName === host);
  const api = cloud.ofType("AWS::ApiGatewayV2::Api").find((each) => cloud.physical(each).ref === mapping?.ApiId);
  if (mapping === undefined || api === undefined) throw new Error(`no API is mapped to ${host}`);
  if (mapping.Stage !== "$default" || mapping.ApiMappingKey !== undefined)
    throw new Error(`the mapping of ${host} is not of the stage $default at the root: paths would differ`);
  if (cloud.properties(api).DisableExecuteApiEndpoint !== true)
    throw new Error(`the API behind ${host} has an endpoint of its own, which is not served here`);
  const routes = routesOf(cloud, cloud.physical(api).ref);
  const handlers = new Map(
    [...routes].map(([key, { arn, authorizer }]) => [
      key,
      serveUrl({
        ...{ account: resource.stack.account, hosted: () => hosted(account, arn) },
        ...(authorizer === undefined ? {} : { judge: judgeOf(cloud, authorizer, (each) => hosted(account, each)) }),
      }),
    ]),
  );
  return (request: IncomingMessage, response: ServerResponse) => {
    const found = handlers.get(routeOf(request.url ?? "/", [...handlers.keys()]));
    if (found !== undefined) return found(request, response);
    response.writeHead(404, { "content-type": "application/json" }).end('{"message":"Not Found"}');
  };
}

/** A route's function, and its authorizer where it has one. */
interface Route {
  readonly arn: string;
  readonly authorizer?: string;
}

/** Routes by their keys. @throws on an authorization that is not played here */
function routesOf(cloud: Cloud, apiId: string): Map<string, Route> {
  const of = (type: string) =>
    cloud.ofType(type).flatMap((each) => {
      const properties = cloud.properties(each);
      return properties.ApiId === apiId ? [{ ref: cloud.physical(each).ref, properties }] : [];
    });
  const integrations = new Map(of("AWS::ApiGatewayV2::Integration").map(({ ref, properties }) => [ref, properties]));
  return new Map(
    of("AWS::ApiGatewayV2::Route").map(
      ({ properties: { RouteKey, Target, AuthorizationType = "NONE", AuthorizerId } }) => {
        const integration = integrations.get(String(Target).replace(/^integrations\//, ""));
        const arn = String(integration?.IntegrationUri);
        if (integration?.PayloadFormatVersion !== "2.0")
          throw new Error(`route ${String(RouteKey)} has no payload 2.0`);
        if (!letsIn(cloud, arn)) throw new Error(`route ${String(RouteKey)}: ${arn} does not let the API in`);
        if (AuthorizationType === "NONE") return [String(RouteKey), { arn }];
        if (AuthorizationType !== "CUSTOM")
          throw new Error(
            `route ${String(RouteKey)} has authorization ${String(AuthorizationType)}, which is not played here`,
          );
        return [String(RouteKey), { arn, authorizer: String(AuthorizerId) }];
      },
    ),
  );
}

const letsIn = (cloud: Cloud, arn: string): boolean =>
  cloud
    .ofType("AWS::Lambda::Permission")
    .map((each) => cloud.properties(each))
    .some(({ FunctionName, Principal }) => FunctionName === arn && Principal === "apigateway.amazonaws.com");

/** The longest route counts, a whole path before one that goes on, as API Gateway chooses. */
function routeOf(target: string, keys: readonly string[]): string {
  const path = target.split("?")[0] ?? "/";
  const fits = keys.filter((key) => {
    const route = key.replace(/^ANY /, "");
    return route === path || (route.endsWith("/{proxy+}") && path.startsWith(route.slice(0, -"{proxy+}".length)));
  });
  return fits.sort((a, b) => b.length - a.length)[0] ?? "$default";
}

function hosted(account: Account, arn: string) {
  const found = account.functions.get(arn.slice(arn.lastIndexOf(":") + 1));
  if (found === undefined) throw new Error(`function ${arn} does not exist`);
  return found;
}
