import type { AgentRegistration, ScopeSet } from "../../model/agent-registration.ts";
import type { AwsRoleRegistration } from "../../model/aws-role.ts";
import { canary } from "../../model/canary.ts";
import type { Registration } from "../../model/registry.ts";
import type { Finding } from "../finding.ts";

/**
 * Keeps the revocation canary's reserved names to themselves: its agent holds nothing but what it serves itself, and
 * nobody else holds that. The audit leaves out of answers what an agent of this name does, so that it must be able to
 * do nothing that anybody would want to see.
 */
export function canaryFindings(row: Registration): readonly Finding[] {
  const isOwn = ({ resource }: ScopeSet) => resource === canary.resource;
  switch (row.kind) {
    case "agent":
      if (row.name === canary.agent) return agentFindings(row);
      return (["may", "lends"] as const).flatMap((path) =>
        row[path].flatMap((set, i): Finding[] => (isOwn(set) ? [[`${path}.${i}.resource`, reserved]] : [])),
      );
    case "resource":
      return (row.uri === canary.resource) === (row.servedBy === canary.agent) ? [] : [["servedBy", reserved]];
    case "lending":
      return row.lends.flatMap((set, i): Finding[] => (isOwn(set) ? [[`lends.${i}.resource`, reserved]] : []));
    case "entailment":
      return row.agent === canary.agent || row.from.resource === canary.resource || isOwn(row.to)
        ? [["agent", reserved]]
        : [];
    case "aws-role":
      return roleFindings(row);
    default:
      return [];
  }
}

const reserved = `${canary.agent} is the revocation canary, and ${canary.resource} its own resource: nobody else's, and nothing else is its`;

function agentFindings({ may, lends, clients, audiences, maxLifetimeSeconds }: AgentRegistration): readonly Finding[] {
  const foreign = (path: "may" | "lends", sets: readonly ScopeSet[]) =>
    sets.flatMap((set, i): Finding[] =>
      set.resource === canary.resource ? [] : [[`${path}.${i}.resource`, reserved]],
    );
  return [
    ...foreign("may", may),
    ...foreign("lends", lends),
    ...(clients.length === 0 ? [] : [["clients", `${canary.agent} works for nobody`] as const]),
    ...(audiences.length === 0 ? [] : [["audiences", `${canary.agent} proves itself to nobody else`] as const]),
    ...((maxLifetimeSeconds ?? Number.POSITIVE_INFINITY) <= canary.lifetimeSeconds
      ? []
      : [["maxLifetimeSeconds", `must be ${canary.lifetimeSeconds} at most for ${canary.agent}`] as const]),
  ];
}

/** Its role reads one row that nobody writes, and is nobody else's. */
function roleFindings({ agents, resource, grants }: AwsRoleRegistration): readonly Finding[] {
  const concerns = agents.includes(canary.agent) || resource === canary.resource;
  if (!concerns) return [];
  if (agents.length > 1 || agents[0] !== canary.agent || resource !== canary.resource) return [["agents", reserved]];
  return grants.flatMap(({ service, actions, where }, i): Finding[] =>
    service === "dynamodb" && where.prefix === canary.ownKey && actions.every((one) => one === "dynamodb:GetItem")
      ? []
      : [[`grants.${i}`, `may give ${canary.agent} no more than to read the row ${canary.ownKey} of its own table`]],
  );
}
