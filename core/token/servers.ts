import type { Denial } from "../denial/denial.ts";
import type { AgentRegistration } from "../model/registry.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { Grant } from "../model/session.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import { epochOf, subjects } from "../session/liveness.ts";
import type { LivenessRows } from "../session/store.ts";
import type { TokenRequest } from "./request.ts";
import type { ResolvedSubject } from "./resolve-subject-token.ts";

/** The agents that serve these resources, each once, as liveness subjects. */
export function serversOf(
  resources: readonly string[],
  registry: Pick<RegistrySnapshot, "resource" | "agentId">,
): readonly string[] {
  const served = resources.flatMap((uri) => registry.resource(uri)?.servedBy ?? []);
  return [...new Set(served)].map((name) => subjects.agent(registry.agentId(name)));
}

/**
 * Servers of whatever a request may turn out to be about, before its session's row is read, so that their standing rides
 * in the first liveness batch: those named, else those its agent is registered for, and those an offer holds out.
 */
export function serversAsked(
  request: TokenRequest,
  subject: ResolvedSubject | undefined,
  registration: AgentRegistration | undefined,
  registry: RegistrySnapshot,
): readonly string[] {
  if (request.resources.length > 0) return serversOf(request.resources, registry);
  const offered = subject?.kind === "offer" || subject?.kind === "redeemed" ? subject.offer.grants : [];
  return serversOf(
    [...(registration?.may ?? []), ...offered].map(({ resource }) => resource),
    registry,
  );
}

/**
 * A resource is dead with its server (threat 42): a token for one that an operator blocked, or that is suspended, would
 * carry people's data and standing to whoever holds it now.
 * @param asked subjects of the batch that `rows` came of: what was not read is never taken as alive
 */
export function evaluateServers(
  grants: readonly Grant[],
  rows: LivenessRows,
  registry: RegistrySnapshot,
  asked: readonly string[],
): Result<void, Denial> {
  for (const { resource } of grants) {
    for (const subject of serversOf([resource], registry)) {
      if (!asked.includes(subject)) throw new Error(`the standing of ${subject} was never read`);
      const agent = subject.slice(subjects.agent("").length);
      const { state } = registry.agent(agent) ?? { state: "retired" };
      const blocked = epochOf(rows, subject).blocked;
      if (blocked || state !== "active")
        return err({ code: "server_dead", resource, agent, state: blocked ? "blocked" : state });
    }
  }
  return ok(undefined);
}
