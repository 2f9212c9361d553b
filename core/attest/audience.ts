import type { Denial } from "../denial/denial.ts";
import type { AgentRegistration } from "../model/agent-registration.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";

/**
 * Decides the audience of an identity token: our issuer, or one that the agent's registration lists. Never a resource,
 * a web address or AWS STS, whatever is registered. An identity token carries no permission and its `typ` cannot be
 * told from other JWTs, so a service that accepted it as authority would skip session, policy and revocation (threat
 * 4).
 * @param wanted as the caller asked; our issuer when it asked for none
 * @returns the audience, or `audience_not_registered`
 */
export function identityAudience(
  wanted: string | undefined,
  registration: AgentRegistration,
  { issuer, registry }: { readonly issuer: string; readonly registry: RegistrySnapshot },
): Result<string, Denial> {
  if (wanted === undefined || wanted === issuer) return ok(issuer);
  const refused =
    !registration.audiences.includes(wanted) ||
    registry.resource(wanted) !== undefined ||
    // several audiences in one string, or characters that two readers could see differently
    !/^[\x21-\x2b\x2d-\x7e]+$/.test(wanted) ||
    /^https?:/i.test(wanted) ||
    /amazonaws\.com|api\.aws/i.test(wanted);
  return refused ? err({ code: "audience_not_registered", audience: wanted }) : ok(wanted);
}
