import { ownerId } from "../model/owner.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";

/** Ids of the agents that a person owns by this version of the registry. */
export const ownedBy = (principal: string, registry: Pick<RegistrySnapshot, "agents" | "agentId">): readonly string[] =>
  registry.agents.filter(({ owner }) => ownerId(owner) === principal).map(({ name }) => registry.agentId(name));
