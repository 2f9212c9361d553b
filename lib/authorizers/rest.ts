import type { Duration } from "aws-cdk-lib";
import {
  GatewayResponse,
  IdentitySource,
  type IRestApi,
  RequestAuthorizer,
  ResponseType,
} from "aws-cdk-lib/aws-apigateway";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import type { Construct } from "constructs";
import { resourceMetadataUrl } from "../../core/text/well-known.ts";
import { notCached } from "./no-cache.ts";

/** An authorizer of a REST API. */
export interface RestAuthorizerProps {
  /** The API that it guards, whose Gateway Responses for 401 and 403 it makes. */
  readonly api: IRestApi;
  /** The function, made by `createRestAuthorizer` of the client package. */
  readonly handler: IFunction;
  /** The registered resource, an https address; named in challenges by its metadata. */
  readonly resource: string;
  /** Scopes that callers should ask for, named in challenges. */
  readonly scopes?: readonly string[];
  /** Zero, or left out: a cached result lets in whoever copied a token. */
  readonly resultsCacheTtl?: Duration;
}

/** `dpopAlgorithms` of core. */
export const challengeAlgorithms = ["ES256", "ES384", "Ed25519", "EdDSA", "RS256", "PS256"] as const;

/** What each API's Gateway Responses tell: there is one of each type. */
const told = new WeakMap<IRestApi, string>();

/**
 * An authorizer for the methods of a REST API (`authorizer` of a method or of `defaultMethodOptions`) whose results are
 * never cached, with the challenges of RFC 9449 7.1: an authorizer itself cannot set headers, so the API's Gateway
 * Responses carry them, the same for every request. A nonce cannot be given that way.
 *
 * @example
 * const authorizer = new RestAuthorizer(this, "Lanyard", { api, handler, resource: "https://tickets.example" });
 * api.root.addMethod("GET", integration, { authorizer });
 */
export class RestAuthorizer extends RequestAuthorizer {
  /** @throws for a time to keep results, a resource that is no https address, a scope that no challenge could name */
  constructor(scope: Construct, id: string, props: RestAuthorizerProps) {
    const { api, handler, resultsCacheTtl } = props;
    super(scope, id, {
      handler,
      // without the header the API answers 401 itself
      identitySources: [IdentitySource.header("Authorization")],
      resultsCacheTtl: notCached(resultsCacheTtl),
    });
    const about = aboutOf(props);
    const before = told.get(api);
    if (before !== undefined && before !== about)
      throw new Error("resource and scopes: an API has one challenge for all its authorizers, so name the same");
    if (before !== undefined) return;
    told.set(api, about);
    for (const [name, type, statusCode, error] of [
      ["Unauthorized", ResponseType.UNAUTHORIZED, "401", ""],
      ["Forbidden", ResponseType.ACCESS_DENIED, "403", 'error="insufficient_scope", '],
    ] as const)
      new GatewayResponse(this, name, {
        restApi: api,
        type,
        statusCode,
        // a value between single quotes is static
        responseHeaders: { "WWW-Authenticate": `'DPoP ${error}${about}'`, "Cache-Control": "'no-store'" },
      });
  }
}

function aboutOf({ resource, scopes = [] }: RestAuthorizerProps): string {
  if (URL.parse(resource)?.protocol !== "https:") throw new Error("resource: an https address, as it is registered");
  const wrong = scopes.find((scope) => !/^[\x21\x23-\x26\x28-\x5b\x5d-\x7e]+$/.test(scope));
  if (wrong !== undefined) throw new Error(`scopes: ${JSON.stringify(wrong)} cannot stand in a challenge`);
  const parameters = {
    ...(scopes.length > 0 ? { scope: scopes.join(" ") } : {}),
    resource_metadata: resourceMetadataUrl(resource).replaceAll("'", "%27"),
    algs: challengeAlgorithms.join(" "),
  };
  return Object.entries(parameters)
    .map(([name, value]) => `${name}="${value}"`)
    .join(", ");
}
