import { tagValue } from "../aws/lineage.ts";
import { limits } from "../model/limits.ts";
import type { Vend } from "../model/session.ts";
import { subjects } from "../model/subjects.ts";
import type { Raise } from "../status/cuts.ts";
import type { ListedSession } from "../status/publish-store.ts";

/** Credentials with less than this left end by themselves before a policy of IAM would be everywhere. */
const leastLeftSeconds = 120;
/** The longest that credentials live which we give out; a stage may set less. */
const longestLifeSeconds = 900;
/**
 * IAM compares whole seconds, and STS issues by its own clock: what was released just before a cut of the deployment may
 * bear its second, or the next. No walk finds those sessions by their names, as one does after any other cut.
 */
const unwalkedSeconds = 2;
/** The longest that a token lets its agent begin credentials, and these live. */
const ownRoleLifeSeconds = limits.awsTokenLifeSeconds + limits.awsRoleLifeSeconds;
/** A tree of more agents than this is not named by its agents. */
const mostAgents = 16;
/** Most characters of a ledger as JSON; a row of DynamoDB holds 400 kB. */
export const ledgerCharacters = 300_000;

/** Dead sessions with credentials that still live: one session, or a whole tree. */
export interface ListedStop {
  readonly kind: "listed";
  /** The account of the role. */
  readonly account: string;
  readonly root: string;
  /** The session; for the whole tree, none of whose sessions is alive, it is left out. */
  readonly sid?: string;
  /** The agents that hold the credentials, by SPIFFE ID; left out when there are too many. */
  readonly agents?: readonly string[];
  /** When they were found, or a little later. All credentials that are meant were issued before. */
  readonly atSeconds: number;
  /** When the last of the credentials ends. */
  readonly untilSeconds: number;
}

/** All credentials of an agent or principal, or of the deployment, that were issued before a moment, in every account. */
interface Direct<Kind extends string> {
  readonly kind: Kind;
  /** The agent's or principal's id; empty for the deployment. */
  readonly id: string;
  readonly beforeSeconds: number;
  readonly untilSeconds: number;
}

/** A stop by a name alone. */
type DirectStop = Direct<"agent"> | Direct<"principal"> | Direct<"deployment">;

/** What must not reach AWS any more. */
export type Stop = ListedStop | DirectStop;

/** Everything that is stopped now. */
export interface StopLedger {
  /** Grows with every change. */
  readonly version: number;
  readonly stops: readonly Stop[];
  /** Until when the ledger names agents, or the deployment, in place of sessions that did not fit. */
  readonly overflowUntilSeconds?: number;
}

/** The ledger before anything was stopped. */
export const emptyStops: StopLedger = { version: 0, stops: [] };

/**
 * The stop of everything that a raised epoch ends, known before any session is found. It spares credentials issued
 * since then, since a session may have been opened after a cut, or after a block was lifted; those that were issued
 * within the second of the cut are left to the walk, but for the deployment, which has none.
 * @param options `ownRoles`: the stage gives tokens by which agents take roles by themselves
 * @returns undefined for builds and logins, which credentials do not name, and for ids that no credentials can have
 */
export function directStop(
  raise: Raise,
  nowSeconds: number,
  { ownRoles = false }: { readonly ownRoles?: boolean } = {},
): DirectStop | undefined {
  const beforeSeconds = Math.min(raise.atSeconds ?? nowSeconds, nowSeconds);
  const times = { beforeSeconds, untilSeconds: beforeSeconds + (ownRoles ? ownRoleLifeSeconds : longestLifeSeconds) };
  if (raise.kind === "deployment") {
    // a token from before the cut begins credentials after it
    const lateSeconds = unwalkedSeconds + (ownRoles ? limits.awsTokenLifeSeconds : 0);
    return { kind: "deployment", id: "", ...times, beforeSeconds: beforeSeconds + lateSeconds };
  }
  for (const kind of ["agent", "principal"] as const) {
    const prefix = subjects[kind]("");
    const id = raise.subject.slice(prefix.length);
    if (raise.subject.startsWith(prefix) && tagValue.test(id)) return { kind, id, ...times };
  }
  return undefined;
}

/** A tree, and what died in it. */
interface DeadIn {
  readonly root: string;
  readonly tree: readonly ListedSession[];
  readonly ended: readonly ListedSession[];
  readonly vends: readonly Vend[];
  readonly nowSeconds: number;
}

/** The stops of a tree's dead sessions whose credentials live long enough; one for a tree that is dead as a whole. */
export function listedStops({ root, tree, ended, vends, nowSeconds }: DeadIn): readonly ListedStop[] {
  const dead = new Set(ended.map(({ sid }) => sid));
  const isWhole = dead.has(root) && tree.every(({ sid }) => dead.has(sid));
  const living = vends.filter(({ sid, endsAtSeconds }) => dead.has(sid) && isWorth(endsAtSeconds, nowSeconds));
  const groups = Map.groupBy(living, ({ account, sid }) => (isWhole ? account : `${account} ${sid}`));
  return [...groups.values()].map((some) => {
    const [{ account, sid }] = some as [Vend, ...Vend[]];
    const agents = [...new Set(some.map(({ agent }) => agent))].toSorted();
    return {
      kind: "listed",
      account,
      root,
      ...(isWhole ? {} : { sid }),
      ...(agents.length <= mostAgents && { agents }),
      atSeconds: nowSeconds + lateSeconds(some),
      untilSeconds: Math.max(...some.map(({ endsAtSeconds }) => endsAtSeconds)),
    };
  });
}

/** A token that was given out a moment ago begins credentials for as long as it lives, also of a dead session. */
const lateSeconds = (vends: readonly Vend[]): number =>
  vends.some(({ sessionEndsAtSeconds }) => sessionEndsAtSeconds !== undefined) ? limits.awsTokenLifeSeconds : 0;

/**
 * Credentials of roles that agents took by themselves, whose session may have ended and which live long enough to be
 * stopped; those that are stopped already are left out.
 */
export function outlivingSessions(
  vends: readonly Vend[],
  { stops }: Pick<StopLedger, "stops">,
  nowSeconds: number,
): readonly Vend[] {
  const listed = stops.filter((stop) => stop.kind === "listed");
  const stopped = new Map(listed.map((stop) => [nameOf(stop), stop.untilSeconds]));
  return vends.filter(({ account, root, sid, endsAtSeconds, sessionEndsAtSeconds = 0 }) => {
    const until = Math.max(...[sid, ""].map((one) => stopped.get(`${account} ${root} ${one}`) ?? 0));
    return sessionEndsAtSeconds <= nowSeconds && isWorth(endsAtSeconds, nowSeconds) && until < endsAtSeconds;
  });
}

/** The stop of one session that has ended by itself, whose agent's credentials live on. */
export const endedStop = ({ account, root, sid, agent, endsAtSeconds }: Vend, nowSeconds: number): ListedStop => ({
  kind: "listed",
  account,
  root,
  sid,
  agents: [agent],
  atSeconds: nowSeconds,
  untilSeconds: endsAtSeconds,
});

/** Whether credentials live long enough for a policy of IAM to be worth writing. */
const isWorth = (endsAtSeconds: number, nowSeconds: number): boolean => endsAtSeconds >= nowSeconds + leastLeftSeconds;

/**
 * Adds stops to a ledger and drops those whose credentials have ended. Where not all fit, agents are named in place of
 * sessions, or at last the deployment; what was issued after the newest of them stays untouched.
 * @returns the same ledger, unchanged, when it contains all of them already
 */
export function addStops(ledger: StopLedger, added: readonly Stop[], nowSeconds: number): StopLedger {
  const known = new Map(ledger.stops.map((stop) => [nameOf(stop), stop]));
  let isNews = false;
  for (const stop of added) {
    const was = known.get(nameOf(stop));
    const next = was ? joined(was, stop) : stop;
    if (was && textOf(was) === textOf(next)) continue;
    known.set(nameOf(stop), next);
    isNews = true;
  }
  if (!isNews) return ledger;
  const lasting = [...known.values()].filter(({ untilSeconds }) => untilSeconds > nowSeconds);
  const kept = [lasting, byAgents(lasting), [everyStop(lasting)]].find(fitsRow) ?? [];
  const before = ledger.overflowUntilSeconds ?? 0;
  const lacking = kept === lasting ? before : Math.max(before, ...lasting.map(({ untilSeconds }) => untilSeconds));
  return {
    version: ledger.version + 1,
    stops: kept,
    ...(lacking > nowSeconds && { overflowUntilSeconds: lacking }),
  };
}

/** The same text for equal stops, in whatever order their members were read. */
const textOf = (stop: Stop): string => JSON.stringify(Object.entries(stop).toSorted());

const fitsRow = (stops: readonly Stop[]): boolean => JSON.stringify(stops).length <= ledgerCharacters;

const nameOf = (stop: Stop): string =>
  stop.kind === "listed" ? `${stop.account} ${stop.root} ${stop.sid ?? ""}` : `${stop.kind} ${stop.id}`;

/** Two stops of one name: neither may lose what the other one stops. */
function joined(one: Stop, other: Stop): Stop {
  const untilSeconds = Math.max(one.untilSeconds, other.untilSeconds);
  if (one.kind !== "listed" || other.kind !== "listed") {
    const [first, second] = [one, other] as [DirectStop, DirectStop];
    return { ...first, beforeSeconds: Math.max(first.beforeSeconds, second.beforeSeconds), untilSeconds };
  }
  const { agents: _, ...rest } = one;
  const agents = one.agents && other.agents && [...new Set([...one.agents, ...other.agents])].toSorted();
  // found again later means the same credentials
  const atSeconds = one.untilSeconds >= other.untilSeconds ? one.atSeconds : other.atSeconds;
  return { ...rest, ...(agents && agents.length <= mostAgents && { agents }), atSeconds, untilSeconds };
}

/** The same stops with agents in place of sessions and trees, as far as these name their agents. */
function byAgents(stops: readonly Stop[]): readonly Stop[] {
  const found = new Map<string, Stop>();
  for (const stop of stops)
    for (const one of stop.kind === "listed" ? agentStops(stop) : [stop]) {
      const was = found.get(nameOf(one));
      found.set(nameOf(one), was ? joined(was, one) : one);
    }
  return [...found.values()];
}

const agentStops = (stop: ListedStop): readonly Stop[] =>
  stop.agents?.map((id) => ({
    kind: "agent",
    id,
    beforeSeconds: stop.atSeconds + 1,
    untilSeconds: stop.untilSeconds,
  })) ?? [stop];

/** One stop that contains all others. */
const everyStop = (stops: readonly Stop[]): DirectStop => ({
  kind: "deployment",
  id: "",
  beforeSeconds: Math.max(...stops.map(endOfIssue)),
  untilSeconds: Math.max(...stops.map(({ untilSeconds }) => untilSeconds)),
});

/** All credentials that a stop is about were issued before this. */
export const endOfIssue = (stop: Stop): number => (stop.kind === "listed" ? stop.atSeconds + 1 : stop.beforeSeconds);
