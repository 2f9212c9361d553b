import type { Denial } from "../denial/denial.ts";
import type { AgentRegistration } from "../model/registry.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import { blockedAmong, raisedSince, subjects } from "../session/liveness.ts";
import type { LivenessRows } from "../session/store.ts";
import type { Caller } from "./authenticate.ts";

/** What a caller stands on, as liveness subjects: its agent, and all that its identity token was issued under. */
export const callerSubjects = ({ agent, identity }: Caller): readonly string[] => [
  subjects.agent(agent),
  ...Object.keys(identity.epochs),
];

/**
 * Whether a caller is still good, at every endpoint by this one check: neither its agent nor its code blocked, and its
 * identity token not from before a cut.
 * @param rows what was read of `callerSubjects`
 * @returns nothing, or `blocked`, `assertion_dead`
 */
export function checkCaller(rows: LivenessRows, caller: Caller): Result<void, Denial> {
  const blocked = blockedAmong(rows, callerSubjects(caller));
  if (blocked !== undefined) return err({ code: "blocked", subject: blocked });
  const raised = raisedSince(rows, caller.identity.epochs);
  return raised === undefined ? ok(undefined) : err({ code: "assertion_dead", subject: raised });
}

/**
 * The registration a caller acts under.
 * @returns it, or `agent_unknown`, `agent_inactive`
 */
export function activeRegistration(
  { agent }: Pick<Caller, "agent">,
  registry: Pick<RegistrySnapshot, "agent">,
): Result<AgentRegistration, Denial> {
  const registration = registry.agent(agent);
  if (!registration) return err({ code: "agent_unknown", agent });
  const { state } = registration;
  return state === "active" ? ok(registration) : err({ code: "agent_inactive", agent, state });
}
