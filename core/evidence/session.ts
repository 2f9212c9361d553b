import type { TraceNode } from "../lineage/tree.ts";
import { jsonBytes } from "./layout.ts";
import { textsOf } from "./record.ts";
import type { EvidenceTree } from "./tree.ts";

/**
 * What an archive says of its tree. Nothing in it is of its own: a verifier makes it again from the records and lines.
 * @param asked the session that was asked about
 */
export function sessionBytes(asked: string, { root, nodes, records, versions, revocations }: EvidenceTree): Buffer {
  const ofTree = new Set(nodes.flatMap(({ events }) => events.map(({ uid }) => uid)));
  const actors = records.filter(({ eventId }) => ofTree.has(eventId)).flatMap(({ facts }) => textsOf(facts.actors));
  return jsonBytes({
    format: "lanyard-evidence-session/1",
    asked,
    root,
    principal: nodes[0]?.principal ?? "",
    actors: [...new Set([...nodes.map(({ agent }) => agent), ...actors])].sort(),
    registryVersions: versions,
    sessions: nodes.map(sessionOf),
    revocations: revocations.map(({ eventId }) => eventId).sort(),
  });
}

const sessionOf = ({
  sid,
  agent,
  principal,
  depth,
  sinceMillis,
  purpose,
  events,
  calls,
  attestation,
  children,
}: TraceNode) => ({
  ...{ sid, agent, principal, depth, since: new Date(sinceMillis).toISOString() },
  ...(purpose === undefined ? {} : { purpose }),
  ...(attestation === undefined ? {} : { attestation: attestation.record.uid }),
  records: events.map(({ uid }) => uid),
  calls: [...calls, ...(attestation?.calls ?? [])].map(({ line }) => line.eventId),
  children: children.map((child) => child.sid),
});
