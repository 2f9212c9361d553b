import type { DecideCall } from "../../core/endpoints/decide.ts";
import type { UrlEvent } from "./url-event.ts";

/** What a call carries for the decision point in headers that no other function reads. */
export function decideCallOf(event: UrlEvent): DecideCall {
  const header = (name: string): string | undefined =>
    Object.entries(event.headers ?? {}).find(([key]) => key.toLowerCase() === name)?.[1];
  const authorization = header("authorization");
  const requestId = header("x-request-id");
  return {
    // whatever it says: Envoy sends "true" or "false", and what is neither was not whole either
    isPartial: (header("x-envoy-auth-partial-body") ?? "false") !== "false",
    ...(authorization === undefined ? {} : { authorization }),
    ...(requestId !== undefined && /^[\x21-\x7e]{1,128}$/.test(requestId) ? { requestId } : {}),
  };
}
