import type { Duration } from "aws-cdk-lib";
import { HttpLambdaAuthorizer, HttpLambdaResponseType } from "aws-cdk-lib/aws-apigatewayv2-authorizers";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { notCached } from "./no-cache.ts";

/** An authorizer of an HTTP API. */
export interface HttpApiAuthorizerProps {
  /** The function, made by `createHttpApiAuthorizer` of the client package, or by `createHttpApiPolicyAuthorizer`. */
  readonly handler: IFunction;
  /** How the function answers: `simple` unless it says `policy`. */
  readonly answers?: "simple" | "policy";
  /** Zero, or left out: a cached result lets in whoever copied a token. */
  readonly resultsCacheTtl?: Duration;
}

/**
 * An authorizer for the routes of an HTTP API whose results are never cached. There is no challenge and no nonce: where
 * callers need those, guard the function itself by the client package's middy.
 *
 * @example
 * const authorizer = new HttpApiAuthorizer("Lanyard", { handler });
 * api.addRoutes({ path: "/tickets", integration, authorizer });
 */
export class HttpApiAuthorizer extends HttpLambdaAuthorizer {
  /** @throws for a time to keep results */
  constructor(id: string, { handler, answers = "simple", resultsCacheTtl }: HttpApiAuthorizerProps) {
    super(id, handler, {
      // without the header the API answers 401 itself
      identitySource: ["$request.header.Authorization"],
      responseTypes: [answers === "simple" ? HttpLambdaResponseType.SIMPLE : HttpLambdaResponseType.IAM],
      resultsCacheTtl: notCached(resultsCacheTtl),
    });
  }
}
