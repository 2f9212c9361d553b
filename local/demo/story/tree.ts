import type { StoredRecord } from "./records.ts";

/** One line of the printed tree. */
export interface TreeLine {
  /** `│  ├─ ` and the like. */
  readonly branch: string;
  readonly text: string;
  readonly outcome?: "allowed" | "denied";
  /** Reason code of a denial, or what was granted. */
  readonly note?: string;
}

interface Node {
  readonly text: string;
  readonly outcome?: "allowed" | "denied";
  readonly note?: string;
  readonly children: Node[];
}

const agentName = (id: string | undefined): string => id?.split("/agent/")[1] ?? id ?? "somebody";

const words: Readonly<Record<string, string>> = {
  attest: "proves what it is",
  "session.open": "opens the session",
  "session.offer": "offers a part",
  "session.redeem": "redeems the offer",
  "session.hop": "goes one hop on",
  "session.renew": "renews the session",
  "session.end": "ends the session",
  "token.access": "fetches an access token",
  "token.use": "takes a use",
  "approval.ask": "has a person asked",
  "approval.approve": "approves",
  "approval.refuse": "refuses",
  "credentials.token": "gets a token for AWS",
  "credentials.vend": "gets AWS credentials",
  introspect: "introspects",
  revoke: "revokes",
  lift: "lifts a block",
  request: "asks",
};

const scopesOf = ({ facts }: StoredRecord): string => {
  const granted = facts.grants?.flatMap((grant) => grant.scopes) ?? [];
  const scopes = granted.length > 0 ? granted : (facts.requested?.scopes ?? []);
  return scopes.join(" ");
};

const evidenceOf = ({ facts }: StoredRecord): string =>
  facts.operation === "attest" ? [facts.evidence_type, facts.assurance].filter(Boolean).join(", ") : "";

type Names = Readonly<Record<string, string>>;

/** Who did it: a person who decided or an operator, by the name of the session at AWS, or an agent. */
const whoOf = ({ operator_arn: operator, agent }: StoredRecord["facts"], names: Names): string => {
  const session = operator?.split("/").pop();
  return session === undefined ? agentName(agent) : (names[session] ?? `the ${session}`);
};

const describe = ({ facts }: StoredRecord, names: Names): string => {
  const who = whoOf(facts, names);
  const made = facts.operation === "session.redeem" ? " made" : "";
  const to = facts.offered_to ? `${made} to ${agentName(facts.offered_to)}` : "";
  const times = (facts.count ?? 1) > 1 ? ` (${facts.count} times)` : "";
  return `${who} ${words[facts.operation] ?? facts.operation}${to}${times}`;
};

const leafOf = (record: StoredRecord, names: Names): Node => ({
  text: describe(record, names),
  outcome: record.facts.outcome,
  note: [record.facts.denial?.code, scopesOf(record), evidenceOf(record)].filter(Boolean).join(" · "),
  children: [],
});

/**
 * The records as a tree: who started the work, then the session of each agent below the one it came from, then every
 * decision taken in it. What reached no session stands at the end.
 * @param records oldest first
 * @param names id of a principal, or name of a session at AWS → a name people know
 */
export function treeOf(records: readonly StoredRecord[], names: Names): readonly TreeLine[] {
  const sessions = sessionNodes(records);
  const leaf = (record: StoredRecord) => leafOf(record, names);
  const top: Node[] = [];
  const roots = new Map<string, Node>();
  for (const [sid, session] of sessions) {
    if (session.parent !== undefined && sessions.has(session.parent)) continue;
    const principal = session.principal ?? "unknown";
    const started = roots.get(principal) ?? { text: names[principal] ?? agentName(principal), children: [] };
    if (!roots.has(principal)) top.push(started);
    roots.set(principal, started);
    started.children.push(nodeOf(sid, sessions, leaf));
  }
  const loose: StoredRecord[] = [];
  for (const record of records) {
    const { sid, principal } = record.facts;
    if (sid && sessions.has(sid)) continue;
    // refused before there was a session, but it is known for whom: it belongs to that person's work
    const started = principal === undefined ? undefined : roots.get(principal);
    if (started) started.children.push(leaf(record));
    else loose.push(record);
  }
  if (loose.length > 0) top.push({ text: "outside any session", children: loose.map(leaf) });
  return top.flatMap((node) => [{ branch: "", text: node.text }, ...linesOf(node.children, "")]);
}

interface SessionNode {
  readonly agent: string;
  readonly principal?: string;
  readonly parent?: string;
  readonly decisions: StoredRecord[];
}

const births = new Set(["session.open", "session.redeem", "session.hop"]);

/** A session is born by an allowed decision that names its own id; every other decision is filed under the id it names. */
function sessionNodes(records: readonly StoredRecord[]): ReadonlyMap<string, SessionNode> {
  const sessions = new Map<string, SessionNode>();
  for (const { facts } of records) {
    if (facts.outcome !== "allowed" || !births.has(facts.operation) || !facts.sid || sessions.has(facts.sid)) continue;
    sessions.set(facts.sid, {
      agent: agentName(facts.agent),
      ...(facts.principal ? { principal: facts.principal } : {}),
      ...(facts.parent ? { parent: facts.parent } : {}),
      decisions: [],
    });
  }
  for (const record of records) sessions.get(record.facts.sid ?? "")?.decisions.push(record);
  return sessions;
}

function nodeOf(sid: string, sessions: ReadonlyMap<string, SessionNode>, leaf: (record: StoredRecord) => Node): Node {
  const session = sessions.get(sid);
  const children = [...sessions].filter(([, other]) => other.parent === sid);
  const below = children.map(([child]) => nodeOf(child, sessions, leaf));
  return {
    text: `${session?.agent}, session ${sid.slice(0, 6)}…`,
    children: [...(session?.decisions.map(leaf) ?? []), ...below],
  };
}

function linesOf(nodes: readonly Node[], indent: string): readonly TreeLine[] {
  return nodes.flatMap((node, index) => {
    const last = index === nodes.length - 1;
    const line: TreeLine = {
      branch: `${indent}${last ? "└─ " : "├─ "}`,
      text: node.text,
      ...(node.outcome ? { outcome: node.outcome } : {}),
      ...(node.note ? { note: node.note } : {}),
    };
    return [line, ...linesOf(node.children, `${indent}${last ? "   " : "│  "}`)];
  });
}
