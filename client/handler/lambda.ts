import type { PlainRequest } from "../resource/request.ts";
import { createEntrance, type HandlerInput, type Hop } from "./enter.ts";

/** An HTTP request as Lambda hands it over, in payload format 2.0: of a function URL or an HTTP API. */
export interface LambdaHttpEvent {
  readonly version: string;
  readonly rawPath: string;
  readonly rawQueryString: string;
  /** Names in lower case, several values of one joined by commas. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly requestContext: { readonly http: { readonly method: string } };
}

/** An HTTP answer in payload format 2.0. */
export interface LambdaHttpAnswer {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string | number | boolean>>;
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
  readonly cookies?: readonly string[];
}

/**
 * Wraps a Lambda handler behind a function URL or an HTTP API: it runs for requests with an access token of the resource
 * that `server` guards, with a child session of this agent. All else is answered without it.
 * @param input the guard, this agent, and what the handler needs
 * @param handle gets the event as it came, the session and caller, and Lambda's context
 * @returns the handler to export
 * @throws TypeError, when called, for an event that is no HTTP request in payload format 2.0
 */
export function createLambdaHandler<Event extends LambdaHttpEvent, Context = unknown>(
  input: HandlerInput,
  handle: (event: Event, hop: Hop, context: Context) => Promise<LambdaHttpAnswer>,
): (event: Event, context: Context) => Promise<LambdaHttpAnswer> {
  const enter = createEntrance(input);
  return async (event, context) => {
    const request = requestOf(event);
    let answer: LambdaHttpAnswer | undefined;
    const refusal = await enter(request, async (hop) => {
      const { headers, ...more } = await handle(event, hop, context);
      answer = { ...more, headers: { ...headers, ...hop.caller.answerHeaders } };
    });
    if (refusal) return { statusCode: refusal.status, headers: refusal.headers, body: refusal.body };
    if (!answer) throw new TypeError("the handler gave no answer");
    return answer;
  };
}

/** @throws TypeError for another event: what is not read as what it is must not be let in as something else */
function requestOf(event: LambdaHttpEvent): PlainRequest {
  const method: unknown = event?.requestContext?.http?.method;
  if (event?.version !== "2.0" || typeof method !== "string" || typeof event.rawPath !== "string")
    throw new TypeError("not an HTTP request in payload format 2.0, of a function URL or an HTTP API");
  const { rawPath, rawQueryString, headers } = event;
  return { method, url: rawQueryString ? `${rawPath}?${rawQueryString}` : rawPath, headers };
}
