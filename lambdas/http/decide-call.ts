import type { DecideCall } from "../../core/endpoints/decide.ts";
import { headerOf, type UrlEvent } from "./url-event.ts";

/** What a call carries for the decision point in headers that no other function reads. */
export function decideCallOf(event: UrlEvent): DecideCall {
  const authorization = headerOf(event, "authorization");
  const requestId = headerOf(event, "x-request-id");
  return {
    // whatever it says: Envoy sends "true" or "false", and what is neither was not whole either
    isPartial: (headerOf(event, "x-envoy-auth-partial-body") ?? "false") !== "false",
    ...(authorization === undefined ? {} : { authorization }),
    ...(requestId !== undefined && /^[\x21-\x7e]{1,128}$/.test(requestId) ? { requestId } : {}),
  };
}
