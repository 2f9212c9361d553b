import type { AgentRegistration } from "../model/agent-registration.ts";
import type { Registration } from "../model/registry.ts";
import { problemAt, type RegistryDocument, type RegistryProblem } from "../model/registry-document.ts";

type State = AgentRegistration["state"];

/**
 * The states an agent may change to, from each state. Retired is final: an agent that came back under the name would be
 * a different one.
 */
const next: Readonly<Record<State, readonly State[]>> = {
  draft: ["draft", "active", "retired"],
  active: ["active", "suspended", "retired"],
  suspended: ["suspended", "active", "retired"],
  retired: ["retired"],
};

/**
 * Checks each agent's state against its state before: draft → active ↔ suspended → retired. A retired agent never
 * becomes active again, and a working one never becomes a draft. An agent that ever worked must stay in the registry:
 * if one version could remove it and the next register it again, its name would bring back what it held, retired or
 * not.
 * @param documents documents of the new rows, to locate a problem
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

/** Agents of `before` that `after` lacks, except drafts, which never held anything. */
function workedBefore(before: readonly Registration[], after: readonly Registration[]): readonly AgentRegistration[] {
  const stays = new Set(after.flatMap((row) => (row.kind === "agent" ? [row.name] : [])));
  return before.filter((row) => row.kind === "agent").filter((row) => row.state !== "draft" && !stays.has(row.name));
}

/**
 * The registrations of an earlier version in the form in which they may apply again. A rollback must not activate an
 * agent that was stopped since, so a suspended agent stays suspended.
 * @param now the current registrations
 * @param then the registrations to restore
 */
export function goneBack(now: readonly Registration[], then: readonly Registration[]): readonly Registration[] {
  const stopped = new Set(now.flatMap((row) => (row.kind === "agent" && row.state === "suspended" ? [row.name] : [])));
  const back = then.map(
    (row): Registration =>
      row.kind === "agent" && row.state === "active" && stopped.has(row.name) ? { ...row, state: "suspended" } : row,
  );
  return withLater(now, back);
}

/**
 * An earlier version's registrations together with the agents registered since, which stay: suspended and holding
 * nothing.
 */
export function withLater(now: readonly Registration[], then: readonly Registration[]): readonly Registration[] {
  const since = workedBefore(now, then).map((row): Registration => {
    const state = row.state === "retired" ? "retired" : "suspended";
    return { ...row, state, clients: [], may: [], lends: [] };
  });
  return [...then, ...since];
}
