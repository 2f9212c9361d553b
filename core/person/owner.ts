import type { AgentRegistration } from "../model/agent-registration.ts";
import { ownerId } from "../model/owner.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import { subjects } from "../model/subjects.ts";
import { epochOf } from "../session/liveness.ts";
import type { LivenessQuery, LivenessRows } from "../session/store.ts";

/** The liveness subject of the owner of a registered agent, where the owner is a person. */
export function ownerSubject(registration: Pick<AgentRegistration, "owner"> | undefined): string | undefined {
  const id = registration && ownerId(registration.owner);
  return id === undefined ? undefined : subjects.principal(id);
}

const agentPrefix = subjects.agent("");

/** An agent among liveness subjects, and its owner's subject. */
interface Owned {
  readonly agent: string;
  readonly owner: string;
}

/** The agents among liveness subjects that a person owns by this version of the registry. */
function ownedAmong(names: readonly string[], registry: Pick<RegistrySnapshot, "agent">): readonly Owned[] {
  return names.flatMap((name) => {
    if (!name.startsWith(agentPrefix)) return [];
    const agent = name.slice(agentPrefix.length);
    const owner = ownerSubject(registry.agent(agent));
    return owner === undefined ? [] : [{ agent, owner }];
  });
}

/**
 * Everybody who owns an agent of a chain by this version of the registry, as principal ids, each once: who must not
 * answer for what the chain asks. Texts are nobody, since nothing verifies them.
 * @param chain ids of the agents, in any order
 */
export const ownersOf = (chain: readonly string[], registry: Pick<RegistrySnapshot, "agent">): readonly string[] => [
  ...new Set(chain.flatMap((agent) => ownerId(registry.agent(agent)?.owner ?? "") ?? [])),
];

/**
 * The query with the rows of everybody who owns an agent in it, so that one batch is enough. An owner who stands only in
 * what a session was issued under, since the registry names another now, takes a second batch.
 */
export const withOwners = (query: LivenessQuery, registry: Pick<RegistrySnapshot, "agent">): LivenessQuery => ({
  ...query,
  subjects: [...query.subjects, ...ownedAmong(query.subjects, registry).map(({ owner }) => owner)],
});

/**
 * The first of these agents whose owner, by the registry's present version, is blocked: a session from before a change of
 * owner has the former one among its epochs, and must not outlive the new one's block.
 * @param rows of a query that {@link withOwners} made with the same registry
 * @param names liveness subjects
 */
export const ownerBlocked = (
  rows: LivenessRows,
  names: readonly string[],
  registry: Pick<RegistrySnapshot, "agent">,
): { readonly subject: string; readonly owns: string } | undefined => {
  const found = ownedAmong(names, registry).find(({ owner }) => epochOf(rows, owner).blocked);
  return found && { subject: found.owner, owns: found.agent };
};
