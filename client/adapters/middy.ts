import { AccessError } from "../resource/access-error.ts";
import { admitted, callerOf } from "./admission.ts";
import { type LambdaAnswer, lambdaAnswer, withHeaders } from "./lambda/answer.ts";
import { createLambdaAdmission, type LambdaGuardInput } from "./lambda/guard.ts";

/** What is read and written of middy's request. */
interface MiddyRequest {
  readonly event: unknown;
  // biome-ignore lint/suspicious/noExplicitAny: middy's own type, which each handler narrows
  response: any;
  readonly error: unknown;
}

/** A middleware of middy. */
interface MiddyGuard {
  before(request: MiddyRequest): Promise<LambdaAnswer | undefined>;
  after(request: MiddyRequest): void;
  onError(request: MiddyRequest): void;
}

/**
 * Guards a Lambda handler behind a function URL, an HTTP API, a REST API or a load balancer. The URL that a proof must
 * be for is the resource's own origin (or `requestContext.domainName`) and the path of the event, and nothing of a
 * header (threat 9). What the handler's own `requires` and `permits` throw is answered too.
 * @param input the resource and how the function knows its own URL
 * @returns a middleware, to stand before what reads the body; who calls is told by `callerOf(event)`
 * @throws TypeError behind a load balancer without `requestUrl`, and as `createResourceServer`
 */
export function createMiddyGuard(input: LambdaGuardInput): MiddyGuard {
  const admit = createLambdaAdmission(input);
  return {
    async before(request) {
      try {
        const { caller } = await admit(request.event);
        admitted(request.event as object, caller);
        return undefined;
      } catch (error) {
        if (!(error instanceof AccessError)) throw error;
        return lambdaAnswer(error.reply, request.event);
      }
    },
    after(request) {
      const { answerHeaders } = callerOf(request.event as object);
      if (Object.keys(answerHeaders).length > 0)
        request.response = withHeaders(wholeAnswer(request.response), answerHeaders, request.event);
    },
    onError(request) {
      if (request.error instanceof AccessError) request.response = lambdaAnswer(request.error.reply, request.event);
    },
  };
}

/** Function URLs and HTTP APIs take a bare value as JSON of status 200; with headers it has to be said. */
const wholeAnswer = (response: unknown): LambdaAnswer =>
  typeof response === "object" && response !== null && "statusCode" in response
    ? (response as LambdaAnswer)
    : {
        statusCode: 200,
        headers: { "Content-Type": "application/json" },
        body: typeof response === "string" ? response : JSON.stringify(response ?? null),
      };

export { callerOf } from "./admission.ts";
