import type { RegistrySnapshot } from "../model/snapshot.ts";
import type { TokenRequest } from "./request.ts";

/**
 * A request with its resources as they are registered, so that tokens, rows and records know one spelling of each. What
 * is not registered stays as it was sent, to be refused by that name.
 */
export function inRegisteredNames(request: TokenRequest, registry: RegistrySnapshot): TokenRequest {
  const named = request.resources.map((text) => registry.resourceNamed(text)?.uri ?? text);
  return { ...request, resources: [...new Set(named)] };
}
