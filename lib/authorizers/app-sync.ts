import type { Duration } from "aws-cdk-lib";
import { type AuthorizationMode, AuthorizationType } from "aws-cdk-lib/aws-appsync";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { notCached } from "./no-cache.ts";

/** The authorizer of an AppSync API. */
export interface AppSyncAuthorizationProps {
  /** The function, made by `createAppSyncAuthorizer` of the client package. */
  readonly handler: IFunction;
  /** Zero, or left out: a cached result lets in whoever copied a token. */
  readonly resultsCacheTtl?: Duration;
}

/**
 * A mode of authorization for an AppSync API whose results are never cached. There is no challenge and no nonce.
 *
 * @example
 * new GraphqlApi(this, "Api", {
 *   authorizationConfig: { defaultAuthorization: appSyncAuthorization({ handler }) }, ...
 * });
 * @throws for a time to keep results
 */
export const appSyncAuthorization = ({ handler, resultsCacheTtl }: AppSyncAuthorizationProps): AuthorizationMode => ({
  authorizationType: AuthorizationType.LAMBDA,
  lambdaAuthorizerConfig: { handler, resultsCacheTtl: notCached(resultsCacheTtl) },
});
