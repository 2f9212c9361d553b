import type { JWTPayload } from "jose";
import { soleAudience } from "../jose/jwt-claims.ts";
import type { AgentRegistration } from "../model/agent-registration.ts";
import { limits } from "../model/limits.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { AuthorizationDetail, Grant } from "../model/session.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";

/** Whose token for what an agent serves may be accepted. */
interface Server {
  /** SPIFFE ID of the authenticated agent. */
  readonly agentId: string;
  readonly registration: Pick<AgentRegistration, "acceptsTokensOf">;
  readonly registry: RegistrySnapshot;
}

/**
 * The resource that a person's access token of another application (an MCP host) is for, where this agent serves it and
 * says whose tokens it accepts.
 * @param payload not verified; it decides only which audience is demanded
 * @returns the token's audience as it is spelled there, and the resource; undefined for any other token
 */
export function hostAudience(
  payload: Readonly<Record<string, unknown>>,
  { agentId, registration, registry }: Server,
): { readonly audience: string; readonly resource: string } | undefined {
  if (!registration.acceptsTokensOf) return undefined;
  const audience = soleAudience(payload);
  const resource = audience === undefined ? undefined : registry.resourceNamed(audience);
  return audience !== undefined && resource && registry.agentId(resource.servedBy) === agentId
    ? { audience, resource: resource.uri }
    : undefined;
}

/** Whether the agent accepts tokens that this issuer gave this client, for what it serves. */
export const acceptsHost = (
  { acceptsTokensOf = [] }: Pick<AgentRegistration, "acceptsTokensOf">,
  issuer: string,
  client: string,
): boolean => acceptsTokensOf.some((host) => host.issuer === issuer && host.clients.includes(client));

/**
 * What the token holds at the resource, as scope mappings read it. A detail that nobody can carry over refuses the
 * exchange there, as at a next hop.
 * @param payload of a token whose signature was verified
 */
export function presentedGrant(payload: JWTPayload, resource: string): Result<Grant, string> {
  const { scope, authorization_details: details = [] } = payload;
  const scopes = typeof scope === "string" ? scope.split(" ").filter((one) => one !== "") : [];
  const isDetail = (one: unknown) =>
    typeof one === "object" && one !== null && typeof (one as { type?: unknown }).type === "string";
  if (!Array.isArray(details) || details.length > limits.detailsPerRequest || !details.every(isDetail))
    return err("authorization_details is no short list of details");
  return ok({ resource, scopes, details: details as AuthorizationDetail[] });
}
