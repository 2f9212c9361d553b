import { type Call, type Joined, join } from "./join.ts";
import type { AuditLine, TrailLine } from "./lines.ts";

/** One session in a tree. */
export interface TraceNode {
  readonly sid: string;
  readonly agent: string;
  readonly principal: string;
  readonly depth: number;
  /** When it was opened; that of its first record where the opening is not among them. */
  readonly sinceMillis: number;
  readonly purpose?: string;
  /** What was decided in it, refusals included. */
  readonly events: readonly AuditLine[];
  readonly calls: readonly Call[];
  /** How the agent proved what it is: the last attestation of its key before the session. */
  readonly attestation?: { readonly record: AuditLine; readonly calls: readonly Call[] };
  readonly children: readonly TraceNode[];
}

/** Trees of sessions, and what stands beside them. */
export interface Trace extends Pick<Joined, "keys" | "claims" | "origins" | "contradicted"> {
  readonly roots: readonly TraceNode[];
}

const opening: readonly string[] = ["session.open", "session.redeem", "session.hop"];
/** Deepest tree that is read: deeper than any policy lets one grow. */
const mostDepth = 64;

/** Builds the trees of what was read. A session whose parent is not among the records stands at the top. */
export function traceOf(records: readonly AuditLine[], lines: readonly TrailLine[]): Trace {
  const joined = join(records, lines);
  const bySession = Map.groupBy(
    joined.audit.filter(({ sid }) => sid !== undefined),
    ({ sid = "" }) => sid,
  );
  const nodes = [...bySession].map(([sid, events]) => nodeOf(sid, events, joined));
  const known = new Set(bySession.keys());
  const below = Map.groupBy(nodes, ({ parent }) => (parent !== undefined && known.has(parent) ? parent : ""));
  const grown = new Set<string>();
  const grow = ({ parent: _, ...node }: Bare, depth: number): TraceNode => {
    grown.add(node.sid);
    const children = (below.get(node.sid) ?? []).filter(({ sid }) => depth < mostDepth && !grown.has(sid));
    return { ...node, children: children.map((child) => grow(child, depth + 1)) };
  };
  const roots = (below.get("") ?? []).map((root) => grow(root, 0));
  // records that make each other's parents, or a tree deeper than any can be, must hide no session
  for (const rest of nodes) if (!grown.has(rest.sid)) roots.push(grow(rest, 0));
  const { keys, claims, origins, contradicted } = joined;
  return { roots, keys, claims, origins, contradicted };
}

type Bare = Omit<TraceNode, "children"> & { readonly parent?: string };

function nodeOf(sid: string, events: readonly AuditLine[], joined: Joined): Bare {
  // a refused redemption names the session that offered, so that only what was allowed opens one
  const opened = events.find(({ operation, outcome }) => opening.includes(operation) && outcome === "allowed");
  const first = opened ?? events.find(({ agent }) => agent !== undefined) ?? events[0];
  const attestation = attestationOf(first, joined);
  return {
    sid,
    agent: first?.agent ?? "",
    principal: first?.principal ?? "",
    depth: first?.depth ?? 0,
    sinceMillis: first?.timeMillis ?? 0,
    ...(first?.purpose === undefined ? {} : { purpose: first.purpose }),
    ...(first?.parent === undefined ? {} : { parent: first.parent }),
    events,
    calls: joined.calls.get(sid) ?? [],
    ...(attestation === undefined ? {} : { attestation }),
  };
}

/** By agent and key: another agent's document, or this agent's with another key, proves nothing here. */
function attestationOf(first: AuditLine | undefined, { audit, proofs }: Joined): TraceNode["attestation"] {
  if (first?.jkt === undefined) return undefined;
  const record = audit.findLast(
    ({ operation, outcome, agent, jkt, timeMillis }) =>
      operation === "attest" &&
      outcome === "allowed" &&
      agent === first.agent &&
      jkt === first.jkt &&
      timeMillis <= first.timeMillis,
  );
  return record && { record, calls: proofs.get(record.uid) ?? [] };
}

/** Every node of a tree, the root first. */
export const nodesOf = (node: TraceNode): TraceNode[] => [node, ...node.children.flatMap(nodesOf)];

/** Sessions from the root down to one of them; empty when it is in no tree. */
export function pathTo(roots: readonly TraceNode[], sid: string): readonly TraceNode[] {
  for (const root of roots) {
    if (root.sid === sid) return [root];
    const rest = pathTo(root.children, sid);
    if (rest.length > 0) return [root, ...rest];
  }
  return [];
}
