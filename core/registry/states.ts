import type { AgentRegistration, Registration } from "../model/registry.ts";
import { problemAt, type RegistryDocument, type RegistryProblem } from "../model/registry-document.ts";

type State = AgentRegistration["state"];

/** Where an agent may go from each state. Retired is for good: what comes back under the name would be another agent. */
const next: Readonly<Record<State, readonly State[]>> = {
  draft: ["draft", "active", "retired"],
  active: ["active", "suspended", "retired"],
  suspended: ["suspended", "active", "retired"],
  retired: ["retired"],
};

/**
 * Holds each agent's state against the one it had: draft → active ↔ suspended → retired. A retired agent is not made
 * active again, nor a working one a draft. Nor does an agent that ever worked leave the registry: taken out by one
 * version and put in again by the next, its name would bring back what it had held, retired or not.
 * @param documents of the new rows, by which a problem is placed
 */
export function stateProblems(
  before: readonly Registration[],
  after: readonly Registration[],
  documents: readonly RegistryDocument[],
): readonly RegistryProblem[] {
  const was = new Map(before.flatMap((row) => (row.kind === "agent" ? [[row.name, row.state] as const] : [])));
  const changed = after.flatMap((row, at) => {
    const old = row.kind === "agent" ? was.get(row.name) : undefined;
    const document = documents[at];
    if (row.kind !== "agent" || old === undefined || next[old].includes(row.state) || !document) return [];
    return [problemAt(document, "state", `an agent that is ${old} cannot become ${row.state}`)];
  });
  const message = (state: State) =>
    state === "retired"
      ? "a retired agent stays registered, so that nobody gets its name again"
      : `an agent that is ${state} cannot be taken out: retire it, and leave it registered`;
  const removed = workedBefore(before, after).map(({ name, state }) => ({
    ...{ file: `agent ${name}`, line: 1, path: "", message: message(state) },
  }));
  return [...changed, ...removed];
}

/** Agents of `before` that `after` lacks, but for drafts, which never held anything. */
function workedBefore(before: readonly Registration[], after: readonly Registration[]): readonly AgentRegistration[] {
  const stays = new Set(after.flatMap((row) => (row.kind === "agent" ? [row.name] : [])));
  return before.filter((row) => row.kind === "agent").filter((row) => row.state !== "draft" && !stays.has(row.name));
}

/**
 * Registrations of an earlier version as they may count again. Going back must not bring back whom somebody stopped
 * since: who is suspended stays so.
 * @param now what counts
 * @param then what is gone back to
 */
export function goneBack(now: readonly Registration[], then: readonly Registration[]): readonly Registration[] {
  const stopped = new Set(now.flatMap((row) => (row.kind === "agent" && row.state === "suspended" ? [row.name] : [])));
  const back = then.map(
    (row): Registration =>
      row.kind === "agent" && row.state === "active" && stopped.has(row.name) ? { ...row, state: "suspended" } : row,
  );
  return withLater(now, back);
}

/** An earlier version's registrations with the agents registered since, who stay: suspended and holding nothing. */
export function withLater(now: readonly Registration[], then: readonly Registration[]): readonly Registration[] {
  const since = workedBefore(now, then).map((row): Registration => {
    const state = row.state === "retired" ? "retired" : "suspended";
    return { ...row, state, clients: [], may: [], lends: [] };
  });
  return [...then, ...since];
}
