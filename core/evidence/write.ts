import type { TrailLine } from "../lineage/lines.ts";
import type { Registration } from "../model/registry.ts";
import { type NoteKey, verifierKey } from "../tlog/note-key.ts";
import { files, inOrder, jsonBytes, manifestOf } from "./layout.ts";
import { readmeText } from "./readme.ts";
import { policyMembers, registryBytes, shownVersion } from "./registry.ts";
import { sessionBytes } from "./session.ts";
import { type Member, writeTar } from "./tar.ts";
import type { EvidenceTree } from "./tree.ts";

/** What an archive is made of, besides the tree. */
interface EvidenceParts {
  /** The session that was asked about. */
  readonly asked: string;
  readonly tree: EvidenceTree;
  /** Every registration of each version that the tree was decided by. */
  readonly registries: ReadonlyMap<number, readonly Registration[]>;
  /** Proof files by event id, all of the one checkpoint. */
  readonly proofs: ReadonlyMap<string, string>;
  readonly checkpoint: string;
  readonly keys: readonly NoteKey[];
  /** Proofs about checkpoints that were kept elsewhere. */
  readonly consistency: readonly Member[];
}

/** Writes an archive: the same parts give the same bytes. */
export function writeEvidence({ asked, tree, registries, ...log }: EvidenceParts): Buffer {
  const versions = [...registries].map(([version, rows]) => shownVersion(version, rows, tree.records));
  const text = (name: string, content: string): Member => ({ name, bytes: Buffer.from(content) });
  const members = inOrder([
    text(files.readme, readmeText(asked, log.keys[0]?.name ?? "")),
    { name: files.session, bytes: sessionBytes(asked, tree) },
    ...tree.records.map((record) => text(files.record(record.eventId), record.text)),
    ...policyMembers(versions),
    { name: files.registry, bytes: registryBytes(versions) },
    ...tree.calls.map(({ line }) => callMember(line)),
    ...[...log.proofs].map(([eventId, proof]) => text(files.proof(eventId), proof)),
    text(files.checkpoint, log.checkpoint),
    ...log.consistency,
    text(files.keys, log.keys.map((key) => `${verifierKey(key)}\n`).join("")),
  ]);
  return writeTar([...members, { name: files.manifest, bytes: manifestOf(members) }]);
}

/** A line of CloudTrail as a trace reads it. */
export const callMember = (line: TrailLine): Member => ({
  name: files.call(line.eventId),
  bytes: jsonBytes(Object.fromEntries(Object.entries(line).toSorted(([one], [other]) => (one < other ? -1 : 1)))),
});
