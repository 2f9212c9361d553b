import { problemAt, type RegistryDocument, type RegistryProblem } from "./document.ts";
import type { AgentRegistration, Registration } from "./model.ts";

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
 * active again, nor a working one a draft.
 * @param documents of the new rows, by which a problem is placed
 */
export function stateProblems(
  before: readonly Registration[],
  after: readonly Registration[],
  documents: readonly RegistryDocument[],
): readonly RegistryProblem[] {
  const was = new Map(before.flatMap((row) => (row.kind === "agent" ? [[row.name, row.state] as const] : [])));
  return after.flatMap((row, at) => {
    const old = row.kind === "agent" ? was.get(row.name) : undefined;
    const document = documents[at];
    if (row.kind !== "agent" || old === undefined || next[old].includes(row.state) || !document) return [];
    return [problemAt(document, "state", `an agent that is ${old} cannot become ${row.state}`)];
  });
}
