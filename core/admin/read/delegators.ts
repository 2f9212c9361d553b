import type { AgentRegistration, ScopeSet } from "../../model/agent-registration.ts";
import type { DelegationRuleRegistration } from "../../model/registry.ts";
import type { Principal } from "../../model/session.ts";
import { groupId, type RegistrySnapshot } from "../../model/snapshot.ts";

/** A principal on whose authority an agent may act, and what that principal may delegate. */
export interface Delegator {
  /** For operators to read. */
  readonly for:
    | { readonly kind: "itself" }
    | { readonly kind: "agent"; readonly agent: string }
    | { readonly kind: "person"; readonly rule: string; readonly group?: string };
  readonly principal: Principal;
  readonly mayDelegate: readonly ScopeSet[];
  /** Whether the agent can begin work for them itself, or only receive it from another agent. */
  readonly opens: boolean;
}

/**
 * A person whom no policy can name. What holds for this person holds for everybody who matches the rule and is in the
 * group.
 */
const somebody = `p_${"a".repeat(32)}`;

/**
 * Everybody who may delegate something to an agent: itself, people by every delegation rule (in no group, and in each
 * declared one of the rule's issuer), and other agents on their own account.
 * @param agent the registration
 */
export function delegatorsOf(agent: AgentRegistration, registry: RegistrySnapshot): readonly Delegator[] {
  const id = registry.agentId(agent.name);
  const itself: Delegator = {
    for: { kind: "itself" },
    principal: { id, kind: "agent" },
    mayDelegate: agent.lends,
    opens: true,
  };
  const others = registry.agents.filter(
    ({ name, lends, state }) => name !== agent.name && lends.length > 0 && state === "active",
  );
  return [
    ...(agent.lends.length > 0 ? [itself] : []),
    ...registry.delegationRules.flatMap((rule) => peopleBy(rule, agent, registry)),
    ...others.map(
      ({ name, lends }): Delegator => ({
        for: { kind: "agent", agent: name },
        principal: { id: registry.agentId(name), kind: "agent" },
        mayDelegate: lends,
        opens: false,
      }),
    ),
  ];
}

function peopleBy(
  rule: DelegationRuleRegistration,
  agent: AgentRegistration,
  registry: RegistrySnapshot,
): readonly Delegator[] {
  const { issuer, name, lends } = rule;
  const trusted = registry.trustedIssuer(issuer, "person");
  if (!trusted) return [];
  const opens = agent.clients.some((client) => client.issuer === issuer);
  const person = (group?: string): Delegator => ({
    for: { kind: "person", rule: name, ...(group === undefined ? {} : { group }) },
    principal: { id: somebody, kind: "person", ...(group === undefined ? {} : { groups: [group] }) },
    mayDelegate: lends,
    opens,
  });
  return [person(), ...(trusted.groups?.names ?? []).map((group) => person(groupId(trusted.name, group)))];
}
