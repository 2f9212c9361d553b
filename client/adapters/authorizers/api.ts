import type { PayloadV1, PayloadV2 } from "../lambda/event.ts";
import { createLambdaAdmission, type LambdaGuardInput } from "../lambda/guard.ts";
import { type AuthorizerContext, contextOf } from "./context.ts";
import { type AuthorizerInput, assertAnswerable, type Judged, judging, type Unanswerable } from "./judge.ts";

/** Input of {@link createRestAuthorizer} and {@link createHttpApiAuthorizer}. */
export type ApiAuthorizerInput<Event> = Omit<LambdaGuardInput, Unanswerable> & AuthorizerInput<Event>;

/** The event of a REQUEST authorizer of a REST API, or of an HTTP API in payload format 1.0. */
export interface RestAuthorizerEvent extends PayloadV1 {
  readonly type: "REQUEST" | string;
  readonly methodArn: string;
}

/** The event of a REQUEST authorizer of an HTTP API in payload format 2.0. */
export interface HttpApiAuthorizerEvent extends PayloadV2 {
  readonly type: "REQUEST" | string;
  readonly routeArn: string;
}

/** An IAM answer. */
export interface PolicyAnswer {
  readonly principalId: string;
  readonly policyDocument: {
    readonly Version: "2012-10-17";
    readonly Statement: readonly [
      { readonly Action: "execute-api:Invoke"; readonly Effect: "Allow" | "Deny"; readonly Resource: string },
    ];
  };
  readonly context?: AuthorizerContext;
}

/** A simple answer of an HTTP API's authorizer. */
export interface SimpleAnswer {
  readonly isAuthorized: boolean;
  readonly context?: AuthorizerContext;
}

/**
 * A REQUEST authorizer of a REST API. What is no valid token and proof becomes 401, and what the token does not cover
 * 403, with the headers of the API's Gateway Responses, which `RestAuthorizer` of the cdk package makes. What
 * could not be judged fails as 500.
 *
 * Its results must not be cached (threat 9): whoever copies token and proof would be let in by the cached answer.
 * @throws TypeError for `details` without `permits`, for `nonces`, and as `createResourceServer`
 */
export function createRestAuthorizer(
  input: ApiAuthorizerInput<RestAuthorizerEvent>,
): (event: RestAuthorizerEvent) => Promise<PolicyAnswer> {
  const judge = createApiJudge(input, "methodArn");
  return async (event) => {
    const caller = await judge(event);
    // the one text by which API Gateway answers 401
    if (caller === "unknown") throw new Error("Unauthorized");
    return policyAnswer(caller, event.methodArn);
  };
}

/**
 * A REQUEST authorizer of an HTTP API that answers simply: payload format 2.0. Every refusal is 403 without a
 * challenge, and there are no nonces: where callers need those, guard the function itself by middy.
 *
 * Its results must not be cached, as {@link createRestAuthorizer} says.
 * @throws TypeError as {@link createRestAuthorizer}
 */
export function createHttpApiAuthorizer(
  input: ApiAuthorizerInput<HttpApiAuthorizerEvent>,
): (event: HttpApiAuthorizerEvent) => Promise<SimpleAnswer> {
  const judge = createApiJudge(input, "routeArn");
  return async (event) => {
    const caller = await judge(event);
    return typeof caller === "string" ? { isAuthorized: false } : { isAuthorized: true, context: contextOf(caller) };
  };
}

/**
 * The same with an IAM answer, in payload format 2.0 or 1.0.
 * @throws TypeError as {@link createRestAuthorizer}
 */
export function createHttpApiPolicyAuthorizer(
  input: ApiAuthorizerInput<HttpApiAuthorizerEvent | RestAuthorizerEvent>,
): (event: HttpApiAuthorizerEvent | RestAuthorizerEvent) => Promise<PolicyAnswer> {
  const judge = createApiJudge(input, "routeArn", "methodArn");
  return async (event) => policyAnswer(await judge(event), "routeArn" in event ? event.routeArn : event.methodArn);
}

function createApiJudge<Event extends PayloadV1 | PayloadV2>(
  input: ApiAuthorizerInput<Event>,
  ...arns: readonly ("methodArn" | "routeArn")[]
): (event: Event) => Promise<Judged> {
  assertAnswerable(input);
  const { requires: _, permits: __, ...guard } = input;
  const admit = createLambdaAdmission({ ...guard, crossOrigin: false });
  return judging(input, async (event) => {
    const { type, ...more } = (event ?? {}) as unknown as Readonly<Record<string, unknown>>;
    if (type !== "REQUEST" || !arns.some((arn) => typeof more[arn] === "string"))
      throw new TypeError("not an event of a REQUEST authorizer in the payload format that this one answers");
    return (await admit(event)).caller;
  });
}

function policyAnswer(caller: Judged, arn: string): PolicyAnswer {
  const allowed = typeof caller !== "string";
  return {
    principalId: allowed ? caller.access.principal.id : "nobody",
    policyDocument: {
      Version: "2012-10-17",
      Statement: [{ Action: "execute-api:Invoke", Effect: allowed ? "Allow" : "Deny", Resource: arn }],
    },
    ...(allowed ? { context: contextOf(caller) } : {}),
  };
}
