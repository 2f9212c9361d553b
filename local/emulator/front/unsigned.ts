/** Calls that nobody signs: whoever makes them brings a proof of another kind, which the service itself verifies. */
import { nobody } from "../iam/caller.ts";
import type { WireRequest } from "../service.ts";

const operations = new Set(["AssumeRoleWithWebIdentity"]);

/**
 * Tells whether a request without signature is such a call.
 * @returns as whom and for which service it is performed; undefined for every other request, signed ones included
 */
export function unsigned({ method, headers, body }: WireRequest, region: string) {
  if (headers.authorization !== undefined || method !== "POST") return undefined;
  // read as the service reads it: the last of two actions is the one that is performed
  const action = new Map(new URLSearchParams(body.toString())).get("Action") ?? "";
  return operations.has(action) ? { caller: nobody, service: "sts", region } : undefined;
}
