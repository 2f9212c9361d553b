import { createEntrance, type HandlerInput, type Hop } from "./enter.ts";

/**
 * Wraps a handler of `Request` and `Response`, as servers and workers of every runtime have them: it runs for requests with
 * an access token of the resource that `server` guards, with a child session of this agent. All else is answered without
 * it.
 * @param input the guard, this agent, and what the handler needs
 * @returns the handler to serve
 */
export function createFetchHandler(
  input: HandlerInput,
  handle: (request: Request, hop: Hop) => Promise<Response>,
): (request: Request) => Promise<Response> {
  const enter = createEntrance(input);
  return async (request) => {
    let response: Response | undefined;
    const refusal = await enter(request, async (hop) => {
      const answered = await handle(request, hop);
      // an answer that came from elsewhere has headers that cannot be set
      response = new Response(answered.body, answered);
      for (const [name, value] of Object.entries(hop.caller.answerHeaders)) response.headers.set(name, value);
    });
    if (refusal) {
      const { status, headers, body } = refusal;
      return new Response(body === "" ? null : body, { status, headers });
    }
    if (!response) throw new TypeError("the handler gave no answer");
    return response;
  };
}
