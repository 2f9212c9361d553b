import { sourceIdentityPrefix } from "../aws/lineage.ts";
import { type Deny, denyDocument } from "./deny.ts";
import { endOfIssue, type ListedStop, type Stop } from "./stops.ts";

/** Most characters of a managed policy. */
export const policyCharacters = 6_144;

/** What stands in place of the sessions where not all fit; "exact" where all do. */
export type Coarseness = "exact" | "roots" | "agents" | "all";

/** What an account's policies are to say. */
interface Fitted {
  /** The denials of each policy. */
  readonly shards: readonly (readonly Deny[])[];
  readonly coarse: Coarseness;
}

/**
 * Puts the stops of an account into its policies. A denial stays in the policy where it is, so that no session is
 * allowed for the moment between two writes, and few policies are written.
 *
 * Where they do not fit, the trees with the most dead sessions are denied as a whole, then the agents with the most
 * trees, then everybody: only credentials issued before the newest stop among them, so that a living session that is hit
 * goes on with its next credentials.
 * @param current the denials that each policy has now
 */
export function fitStops(stops: readonly Stop[], current: readonly (readonly Deny[])[]): Fitted {
  const exact = packed(stops.map(exactDeny), current);
  if (exact) return { shards: exact, coarse: "exact" };
  const sessions = stops.filter((stop) => stop.kind === "listed" && stop.sid !== undefined) as ListedStop[];
  const trees = groupsOf(sessions, ({ root }) => [root]);
  const asRoots = (most: number) => coarsened(stops, trees, { most, denyOf: rootDeny });
  const roots = least(trees.length, (most) => packed(asRoots(most), current));
  if (roots) return { shards: roots, coarse: "roots" };
  const named = stops.filter((stop) => stop.kind === "listed" && stop.agents !== undefined) as ListedStop[];
  const agents = groupsOf(named, ({ agents: ids = [] }) => ids);
  const asAgents = (most: number) => coarsened(stops, agents, { most, denyOf: agentDeny });
  const byAgents = least(agents.length, (most) => packed(asAgents(most), current));
  if (byAgents) return { shards: byAgents, coarse: "agents" };
  const beforeSeconds = Math.max(...stops.map(endOfIssue));
  const all = current.map((_, at): Deny[] => (at === 0 ? [{ ...everybody, beforeSeconds }] : []));
  return { shards: all, coarse: "all" };
}

const everybody: Deny = { by: "source", value: `${sourceIdentityPrefix}*` };

function exactDeny(stop: Stop): Deny {
  if (stop.kind === "listed") return { by: "source", value: `${sourceIdentityPrefix}${stop.root}.${stop.sid ?? "*"}` };
  const { kind, id, beforeSeconds } = stop;
  return kind === "deployment" ? { ...everybody, beforeSeconds } : { by: kind, value: id, beforeSeconds };
}

const rootDeny = (root: string): Deny => ({ by: "source", value: `${sourceIdentityPrefix}${root}.*` });
const agentDeny = (id: string): Deny => ({ by: "agent", value: id });

/** Stops of one tree, or of one agent. */
interface Group {
  readonly name: string;
  readonly stops: readonly ListedStop[];
}

/** Groups of stops, the largest first; a stop may be in several. */
function groupsOf(stops: readonly ListedStop[], namesOf: (stop: ListedStop) => readonly string[]): readonly Group[] {
  const groups = new Map<string, ListedStop[]>();
  for (const stop of stops)
    for (const name of namesOf(stop)) {
      const some = groups.get(name) ?? [];
      groups.set(name, some);
      some.push(stop);
    }
  return [...groups]
    .map(([name, some]) => ({ name, stops: some }))
    .toSorted((one, other) => other.stops.length - one.stops.length || (one.name < other.name ? -1 : 1));
}

/**
 * Denials in which the first `most` groups stand in place of their stops. A stop is left out only when every group that
 * it is in stands for it.
 */
function coarsened(
  stops: readonly Stop[],
  groups: readonly Group[],
  { most, denyOf }: { readonly most: number; readonly denyOf: (name: string) => Deny },
): readonly Deny[] {
  const wide = groups.slice(0, most);
  const narrow = new Set(groups.slice(most).flatMap(({ stops: some }) => some));
  const stood = new Set<Stop>(wide.flatMap(({ stops: some }) => some.filter((stop) => !narrow.has(stop))));
  // one moment for all of them, so that they share one statement
  const beforeSeconds = Math.max(...wide.flatMap(({ stops: some }) => some.map(endOfIssue)));
  return [
    ...stops.filter((stop) => !stood.has(stop)).map(exactDeny),
    ...wide.map(({ name }) => ({ ...denyOf(name), beforeSeconds })),
  ];
}

/** What the least number from 1 to `most` yields that yields anything; more never yields less. */
function least<T>(most: number, yields: (number: number) => T | undefined): T | undefined {
  let found = most > 0 ? yields(most) : undefined;
  let [below, above] = [0, most];
  while (found !== undefined && above - below > 1) {
    const middle = Math.floor((below + above) / 2);
    const less = yields(middle);
    if (less === undefined) below = middle;
    else [found, above] = [less, middle];
  }
  return found;
}

/** @returns the denials of each policy; undefined when they do not fit into all of them together */
function packed(
  denies: readonly Deny[],
  current: readonly (readonly Deny[])[],
): readonly (readonly Deny[])[] | undefined {
  return (
    placed(denies, current) ??
    placed(
      denies,
      current.map(() => []),
    )
  );
}

function placed(denies: readonly Deny[], current: readonly (readonly Deny[])[]): Deny[][] | undefined {
  const missing = new Map(denies.map((deny) => [JSON.stringify(deny), deny]));
  const shards = current.map((some) => some.filter((deny) => missing.delete(nameOf(deny))));
  for (const deny of missing.values()) {
    const room = shards.find((shard) => denyDocument([...shard, deny]).length <= policyCharacters);
    if (!room) return undefined;
    room.push(deny);
  }
  return shards;
}

const nameOf = ({ by, value, beforeSeconds }: Deny): string => JSON.stringify({ by, value, beforeSeconds });
