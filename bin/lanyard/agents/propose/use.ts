import type { AuditEvent } from "../../audit/events.ts";

/** What the audit tells of agents' use of their registrations. */
export interface Use {
  /** SPIFFE ID → each scope that it was granted, as {@link pairOf} names it. An agent without an entry got nothing. */
  readonly granted: ReadonlyMap<string, ReadonlySet<string>>;
  /** Names of agents whose registration gained something meanwhile: what is new may be unused without being too much. */
  readonly changed: ReadonlySet<string>;
  /** A change was recorded in part, since it was too large: nothing is known of any registration's age. */
  readonly unclear: boolean;
  /** The earliest event there. */
  readonly firstMillis: number;
}

/** A scope at its resource. */
export const pairOf = (resource: string, scope: string): string => `${resource} ${scope}`;

/**
 * Reads which scopes agents were granted, by sessions, offers, tokens and credentials alike. What was refused is no use.
 * @param sinceMillis earlier events tell only how far back the audit goes
 */
export async function useOf(events: AsyncIterable<AuditEvent>, sinceMillis: number): Promise<Use> {
  const granted = new Map<string, Set<string>>();
  const changed = new Set<string>();
  let unclear = false;
  let firstMillis = Number.POSITIVE_INFINITY;
  for await (const { time, unmapped } of events) {
    firstMillis = Math.min(firstMillis, time);
    const { agent, outcome, operation, grants, changes } = unmapped.lanyard;
    if (time < sinceMillis || outcome !== "allowed") continue;
    if (operation === "registry.apply") unclear = noteChanges(changes, changed) || unclear;
    if (typeof agent !== "string" || !Array.isArray(grants)) continue;
    const pairs = granted.get(agent) ?? new Set<string>();
    granted.set(agent, pairs);
    for (const { resource, scopes } of grants as readonly Partial<Grant>[])
      if (resource !== undefined && Array.isArray(scopes))
        for (const scope of scopes) pairs.add(pairOf(resource, String(scope)));
  }
  return { granted, changed, unclear, firstMillis };
}

interface Grant {
  readonly resource: string;
  readonly scopes: readonly string[];
}

/** Notes the agents that were added, or may hold or do more. @returns whether the record names not all of them */
function noteChanges(column: unknown, changed: Set<string>): boolean {
  const { added, values, is_truncated } = (column ?? {}) as {
    readonly added?: unknown;
    readonly values?: readonly { readonly name?: string; readonly path?: string }[];
    readonly is_truncated?: boolean;
  };
  const widened = (values ?? []).flatMap(({ name, path }) =>
    /^(may|state)(\.|$)/.test(path ?? "") ? [name ?? ""] : [],
  );
  for (const name of [...(Array.isArray(added) ? added.map(String) : []), ...widened]) {
    const [, agent] = /^agent (.+)$/.exec(name) ?? [];
    if (agent !== undefined) changed.add(agent);
  }
  return is_truncated === true;
}
