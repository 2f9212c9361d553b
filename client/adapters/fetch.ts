import { AccessError } from "../resource/access-error.ts";
import type { Authenticated } from "../resource/authenticated.ts";
import { createAdmission, type GuardInput } from "./admission.ts";
import { responseOf } from "./response.ts";

/**
 * Guards a handler of `Request` and `Response`, as servers and workers of every runtime have them. The URL that a proof
 * must be for is the resource's own origin and the request's path: runtimes make the origin of `request.url` of `Host`,
 * which is not read (threat 9).
 * @param input the resource, or a guard
 * @param handle runs for requests that are let in; what its `requires` and `permits` throw is answered
 * @returns the handler to serve; what a runtime passes besides the request is handed on
 */
export function createFetchGuard<More extends readonly unknown[] = readonly []>(
  input: GuardInput,
  handle: (request: Request, caller: Authenticated, ...more: More) => Response | Promise<Response>,
): (request: Request, ...more: More) => Promise<Response> {
  const admit = createAdmission(input);
  return async (request, ...more) => {
    try {
      const caller = await admit(request);
      const answered = await handle(request, caller, ...more);
      // an answer that came from elsewhere has headers that cannot be set
      const response = new Response(answered.body, answered);
      for (const [name, value] of Object.entries(caller.answerHeaders)) response.headers.set(name, value);
      return response;
    } catch (error) {
      if (!(error instanceof AccessError)) throw error;
      return responseOf(error.reply);
    }
  };
}
