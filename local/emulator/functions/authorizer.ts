/** Lambda authorizers of HTTP APIs: asked before each request, and never answered from memory. */
import type { Cloud } from "../cloudformation/template.ts";
import type { Json } from "../service.ts";
import type { HostedFunction } from "./host.ts";

/** What an authorizer's function says of a request. */
export type Judgement = { readonly refused: 401 | 403 | 500 } | { readonly context: Json };

/** Asks before a request is handed on. */
export type Judge = (event: Readonly<Record<string, unknown>>) => Promise<Judgement>;

const authorization = "$request.header.Authorization";

/**
 * The authorizer of a route.
 * @param id what the route refers to
 * @throws on what it would not do as API Gateway does: cached results, another identity source, answers by policy, a
 * function that does not let the API in
 */
export function judgeOf(cloud: Cloud, id: string, hosted: (arn: string) => HostedFunction): Judge {
  const found = cloud.ofType("AWS::ApiGatewayV2::Authorizer").find((each) => cloud.physical(each).ref === id);
  if (found === undefined) throw new Error(`authorizer ${id} does not exist`);
  const properties = cloud.properties(found);
  const {
    AuthorizerUri,
    AuthorizerResultTtlInSeconds: ttl,
    EnableSimpleResponses: simple,
    IdentitySource,
  } = properties;
  if (ttl !== 0)
    throw new Error(`authorizer ${id} keeps its results for ${String(ttl ?? 300)} s, which is not played here`);
  if (simple !== true || properties.AuthorizerPayloadFormatVersion !== "2.0")
    throw new Error(`authorizer ${id} does not answer simply in payload format 2.0`);
  if (JSON.stringify(IdentitySource) !== JSON.stringify([authorization]))
    throw new Error(`authorizer ${id} has another identity source than ${authorization}`);
  const arn = /\/functions\/(arn:[^/]+)\/invocations$/.exec(String(AuthorizerUri))?.[1] ?? "";
  const permitted = cloud
    .ofType("AWS::Lambda::Permission")
    .map((each) => cloud.properties(each))
    .some(
      ({ FunctionName, Principal, SourceArn }) =>
        FunctionName === arn &&
        Principal === "apigateway.amazonaws.com" &&
        String(SourceArn).endsWith(`/authorizers/${id}`),
    );
  if (!permitted) throw new Error(`authorizer ${id}: ${arn} does not let it in`);
  return async (event) => {
    const source = (event.headers as Record<string, string | undefined>).authorization;
    if (source === undefined || source === "") return { refused: 401 };
    const { body: _, isBase64Encoded: __, ...seen } = event;
    const { routeKey, requestContext, rawPath } = event;
    const { apiId, stage, http } = requestContext as Json & { http: { method: string } };
    const routeArn = `arn:aws:execute-api:${arn.split(":")[3]}:${arn.split(":")[4]}:${String(apiId)}/${String(stage)}/${http.method}${String(rawPath)}`;
    const asked = { ...seen, version: "2.0", type: "REQUEST", routeArn, identitySource: [source], routeKey };
    const outcome = await hosted(arn).invoke(asked);
    if ("error" in outcome) return { refused: 500 };
    const said = JSON.parse(outcome.payload ?? "null") as { isAuthorized?: unknown; context?: Json } | null;
    if (typeof said?.isAuthorized !== "boolean") return { refused: 500 };
    return said.isAuthorized ? { context: said.context ?? {} } : { refused: 403 };
  };
}
