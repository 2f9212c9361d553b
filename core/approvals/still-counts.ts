import type { ApprovalDecision } from "../model/approval.ts";
import { personId } from "../model/person-id.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";

/**
 * Whether a person's approval still counts when it is used: the registry still says that the caller of AWS is this
 * person and approves for this group, or still has the token's client for approvals. Whether the person is blocked,
 * liveness says.
 * @param group that the approval waited for
 * @param registry the version that counts at the use
 */
export function stillCounts(
  decision: ApprovalDecision,
  group: string,
  registry: Pick<RegistrySnapshot, "approver" | "trustedIssuer" | "groups">,
): boolean {
  const { proof, uniqueId, sourceIdentity, issuer, clientId, approver, verdict } = decision;
  if (verdict !== "approved" || !registry.groups.has(group)) return false;
  if (proof === "token") {
    const trusted = issuer === undefined ? undefined : registry.trustedIssuer(issuer, "person");
    return clientId !== undefined && trusted?.approvals?.clients.includes(clientId) === true;
  }
  if (uniqueId === undefined) return false;
  const session = sourceIdentity === undefined ? {} : { session: sourceIdentity };
  const registered = registry.approver({ uniqueId, ...session });
  if (!registered?.groups.includes(group)) return false;
  const { person } = registered;
  return (
    registry.trustedIssuer(person.issuer, "person") !== undefined && personId(person.issuer, person.sub) === approver
  );
}
