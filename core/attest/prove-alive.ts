import type { AuditContext } from "../audit/context.ts";
import type { Denial } from "../denial/denial.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { RegistrySource } from "../model/snapshot.ts";
import { subjects } from "../model/subjects.ts";
import { blockedAmong } from "../session/liveness.ts";
import { inForce } from "../session/quarantine.ts";
import type { LivenessQuery, LivenessRows, SessionStore } from "../session/store.ts";
import { type Attempt, type ProveDeps, type Proven, prove } from "./prove.ts";
import type { UnprovenReads } from "./unproven-reads.ts";

/** What proving an agent by the newest registry, and that it is alive, needs. */
interface ProveAliveDeps extends ProveDeps {
  readonly registries: RegistrySource;
  readonly store: SessionStore;
  readonly unprovenReads: UnprovenReads;
}

/** An agent that was proved by the newest registry, and the rows that show it is alive. */
export interface ProvenAlive {
  readonly proven: Proven;
  readonly rows: LivenessRows;
}

/** Refusals that a newer registry could change; after all others nothing more is read. */
const registryDecides: ReadonlySet<Denial["code"]> = new Set([
  "agent_unknown",
  "agent_inactive",
  "evidence_invalid",
  "selector_mismatch",
  "assurance_too_low",
  "audience_not_registered",
  "evidence_insufficient",
  "build_not_released",
]);

/**
 * Proves the agent and reads its liveness. A cached registry is used only where the deployment's row names exactly its
 * version. Otherwise that version is loaded and the agent is proved again, so that a change takes effect at the next
 * request (threat 22).
 * @returns the proven agent and the rows that show it is alive, or why not; `blocked`, `quarantined`, `registry_unavailable`,
 * `liveness_unavailable`
 */
export async function proveAlive(attempt: Attempt, deps: ProveAliveDeps): Promise<Result<ProvenAlive, Denial>> {
  const { request, audit } = attempt;
  let registry = await deps.registries.current();
  if (!registry) return err({ code: "registry_unavailable", why: "no registry was ever applied" });
  for (let tries = 0; tries < 2; tries++) {
    audit.add({ registryVersion: registry.version });
    audit.authenticated = false;
    const proven = await prove(attempt, registry, deps);
    if (!proven.ok && !mayReadFor(proven.error, audit, deps)) return proven;
    const rows = await deps.store.readLiveness(livenessOf(request.agent, proven.ok ? proven.value : undefined));
    if (!rows.complete) return err({ code: "liveness_unavailable", why: "a key stayed unread" });
    if (!rows.deployment) return err({ code: "registry_unavailable", why: "the deployment's row is missing" });
    const { registryVersion } = rows.deployment;
    if (registryVersion === registry.version) return proven.ok ? unblocked(proven.value, rows) : proven;
    registry = await deps.registries.at(registryVersion);
  }
  return err({ code: "registry_unavailable", why: "the registry changed twice during this request" });
}

/**
 * Whether liveness may be read for this refusal. A stranger's refusals may cost only so many reads: a flood of made-up
 * names must not throttle everybody's liveness reads (threat 13).
 */
const mayReadFor = ({ code }: Denial, { authenticated }: AuditContext, { unprovenReads }: ProveAliveDeps): boolean =>
  registryDecides.has(code) && (authenticated || unprovenReads.take());

function unblocked(proven: Proven, rows: LivenessRows): Result<ProvenAlive, Denial> {
  const subject = blockedAmong(rows, subjectsOf(proven));
  if (subject !== undefined) return err({ code: "blocked", subject });
  // with a profile it needs its identity, or it could get nothing of that; without one an identity is worth nothing
  const force = inForce(proven.registration, proven.agent, rows);
  return force.ok ? ok({ proven, rows }) : force;
}

/** Everything that can block or cut an attested agent, except the deployment. */
export const subjectsOf = ({ agent, attested }: Pick<Proven, "agent" | "attested">): readonly string[] => [
  subjects.agent(agent),
  ...(attested.build === undefined ? [] : [subjects.build(attested.build)]),
];

/** The liveness query of an agent, with its build once that is proven. */
export const livenessOf = (agent: string, proven: Proven | undefined): LivenessQuery => ({
  tombstones: [],
  subjects: proven ? subjectsOf(proven) : [subjects.agent(agent)],
});
