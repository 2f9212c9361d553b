import type { Call } from "../lineage/join.ts";
import type { TrailLine } from "../lineage/lines.ts";
import { nodesOf, type TraceNode, traceOf } from "../lineage/tree.ts";
import { type EvidenceRecord, textsOf, versionOf } from "./record.ts";

/** All that records and lines of CloudTrail tell of one tree, and which of them tell it. */
export interface EvidenceTree {
  /** Root session of the tree; undefined where no record names the session that was asked about. */
  readonly root: string | undefined;
  /** Its sessions, each after its parent. */
  readonly nodes: readonly TraceNode[];
  /** Records that belong to it, in the order of their times. */
  readonly records: readonly EvidenceRecord[];
  readonly calls: readonly Call[];
  /** Versions of the registry by which was decided, in their order. */
  readonly versions: readonly number[];
  /** What ended it, or could have: revocations of its subjects, in its time. */
  readonly revocations: readonly EvidenceRecord[];
  /** Sessions whose opening or whose parent is not among the records. */
  readonly incomplete: readonly string[];
}

/**
 * Finds one tree among records and lines, by the rules of a trace: its sessions' own records, the attestation by which
 * each agent's key was proven, what revoked any of its subjects while it lived, what made the registry's versions that it
 * was decided by, and what tells the roles whose signatures are told. Put over its own findings it finds the same.
 */
export function treeOf(sid: string, given: readonly EvidenceRecord[], trail: readonly TrailLine[]): EvidenceTree {
  const all = [...new Map(given.map((record) => [record.eventId, record])).values()];
  const root = rootOf(sid, all);
  const inTree = all.filter(({ line }) => root !== undefined && (line.root ?? line.sid) === root);
  const sids = new Set(inTree.flatMap(({ line }) => line.sid ?? []));
  // whatever else names one of its sessions is told with it, and contradicts nothing by being left out
  const own = all.filter((record) => (record.line.root ?? "") === root || sids.has(record.line.sid ?? ""));
  const trace = traceOf(
    all.map(({ line }) => line),
    trail,
  );
  const nodes = inPreorder(trace.roots.flatMap(nodesOf).filter((node) => sids.has(node.sid)));
  const proofs = new Set(nodes.flatMap(({ attestation }) => attestation?.record.uid ?? []));
  const attested = all.filter(({ eventId }) => proofs.has(eventId));
  const decided = [...new Set([...own, ...attested])];
  const calls = nodes.flatMap((node) => [...node.calls, ...(node.attestation?.calls ?? [])]);
  const revocations = revocationsOf(own, all);
  const versions = [...new Set(decided.flatMap((record) => versionOf(record) ?? []))].sort((a, b) => a - b);
  const applied = all.filter((record) => isApply(record) && versions.includes(versionOf(record) ?? 0));
  const seen = seenOf(calls, all);
  const records = [...new Set([...decided, ...revocations, ...applied, ...seen])].toSorted(byTime);
  return {
    ...{ root, nodes, records, versions, revocations },
    calls: [...new Map(calls.map((call) => [call.line.eventId, call])).values()],
    incomplete: nodes.filter((node) => isIncomplete(node, own, sids)).map((node) => node.sid),
  };
}

const byTime = (one: EvidenceRecord, other: EvidenceRecord): number =>
  one.line.timeMillis - other.line.timeMillis || (one.eventId < other.eventId ? -1 : 1);

/** A session's root, by a record of its own. A refusal may name another's session, and has no root of its own then. */
function rootOf(sid: string, records: readonly EvidenceRecord[]): string | undefined {
  const found = records.find(({ line }) => line.sid === sid) ?? records.find(({ line }) => line.root === sid);
  return found && (found.line.root ?? found.line.sid);
}

/** Those of one tree in one order, whatever the order of what they were made from. */
const inPreorder = (nodes: readonly TraceNode[]): readonly TraceNode[] => [
  ...new Map(nodes.map((node) => [node.sid, node])).values(),
];

const isApply = ({ line }: EvidenceRecord): boolean =>
  line.operation === "registry.apply" && line.outcome === "allowed";

/** Revocations and their lifting, of anything whose end ends a session of the tree, from its beginning to its end. */
function revocationsOf(own: readonly EvidenceRecord[], all: readonly EvidenceRecord[]): readonly EvidenceRecord[] {
  const subjects = new Set(own.flatMap(subjectsOf));
  const from = Math.min(...own.map(({ line }) => line.timeMillis));
  const until = Math.max(...own.flatMap(({ line, facts }) => [line.timeMillis, Number(facts.expires_at ?? 0)]));
  return all.filter(({ line, facts }) => {
    const isOrder = (line.operation === "revoke" || line.operation === "lift") && line.outcome === "allowed";
    const target = String(facts.target ?? "");
    const isOf = subjects.has(target) || target.startsWith("deployment:");
    return isOrder && isOf && line.timeMillis >= from && line.timeMillis <= until;
  });
}

/** By the names of revocations' targets. */
const subjectsOf = ({ line, facts }: EvidenceRecord): readonly string[] => [
  ...[line.sid, line.root, line.parent, ...textsOf(facts.anc)].flatMap((id) =>
    id === undefined ? [] : `session:${id}`,
  ),
  ...[line.agent, ...textsOf(facts.actors)].flatMap((id) => (id === undefined ? [] : `agent:${id}`)),
  ...(line.principal === undefined ? [] : [`principal:${line.principal}`]),
  ...(typeof facts.build === "string" ? [`build:${facts.build}`] : []),
];

/** For each of our roles whose signatures are told, one record that tells that it is ours. */
function seenOf(calls: readonly Call[], all: readonly EvidenceRecord[]): readonly EvidenceRecord[] {
  const roles = new Set(calls.flatMap(({ by, line }) => (by === "sign" ? (line.roleArn ?? []) : [])));
  const telling = all.filter(({ line }) => roles.has(line.functionRoleArn ?? "")).toSorted(byTime);
  return [...new Map(telling.map((record) => [record.line.functionRoleArn, record])).values()];
}

const openings: readonly string[] = ["session.open", "session.redeem", "session.hop"];

function isIncomplete(node: TraceNode, own: readonly EvidenceRecord[], sids: ReadonlySet<string>): boolean {
  const opened = own.find(
    ({ line }) => line.sid === node.sid && line.outcome === "allowed" && openings.includes(line.operation),
  );
  const above = opened === undefined ? [] : [opened.line.parent, opened.line.root, ...textsOf(opened.facts.anc)];
  return opened === undefined || above.some((sid) => sid !== undefined && !sids.has(sid));
}
