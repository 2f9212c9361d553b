import type { ApprovalStanding, PendingApproval } from "../../model/approval.ts";
import type { Grant } from "../../model/session.ts";
import type { RegistrySnapshot } from "../../model/snapshot.ts";

/** One line of a list. */
export const listed = ({ id, requestHash, group, needed, agent, principal, ...pending }: PendingApproval) => ({
  ...{ kind: "session", id, digest: requestHash, group, needed, agent, principal: principal.id },
  grants: pending.grants.map(({ resource, scopes }) => ({ resource, scopes })),
  createdAtSeconds: pending.createdAtSeconds,
  expiresAtSeconds: pending.expiresAtSeconds,
});

/**
 * Everything that is approved, and what it could reach. `agentSays` is the agent's own word: it is shown as such, and is
 * no part of what is approved.
 */
export function shown(pending: PendingApproval, standing: ApprovalStanding, registry: RegistrySnapshot) {
  const { action, actors, depth, lifeSeconds, maxUses, budget, session, lastEndSeconds, purpose } = pending;
  return {
    ...listed(pending),
    ...{ action, actors, depth, lifeSeconds },
    ...(maxUses === undefined ? {} : { maxUses }),
    ...(budget ? { budget } : {}),
    ...(session === undefined ? {} : { session: session.sid }),
    ...(lastEndSeconds === undefined ? {} : { lastEndSeconds }),
    grants: pending.grants.map((grant) => ({ ...grant, reaches: reachOf(grant, pending.agent, registry) })),
    policies: pending.policies,
    meanings: pending.meanings,
    ...(purpose === undefined ? {} : { agentSays: purpose }),
    decisions: standing.decisions.map(({ verdict, approver, proof, atSeconds }) => ({
      ...{ verdict, approver, proof, atSeconds },
    })),
    state: standing.refused ? "refused" : standing.used ? "used" : "open",
  };
}

/** What the scopes of one grant lead to, by the registry as it is: tools, credentials of AWS, and further resources. */
function reachOf({ resource, scopes }: Grant, agent: string, registry: RegistrySnapshot) {
  const holds = (scope: string) => scopes.includes(scope);
  const registered = registry.resource(resource);
  const tools = (registered?.tools ?? []).filter((tool) => tool.scopes.every(holds)).map(({ name }) => name);
  const roles = registry.awsRoles(agent, resource).flatMap(({ arn, grants }) => {
    const actions = grants.filter(({ scope }) => holds(scope)).flatMap((grant) => grant.actions);
    return actions.length === 0 ? [] : [{ arn, actions: [...new Set(actions)] }];
  });
  const server = registered && registry.agentId(registered.servedBy);
  const onward = (server === undefined ? [] : registry.scopeMappings(server, resource))
    .filter(({ from }) => holds(from.scope))
    .map(({ to }) => to);
  return { tools, roles, onward };
}
