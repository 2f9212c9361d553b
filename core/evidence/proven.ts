import type { SignedCheckpoint } from "../tlog/checkpoint.ts";
import { entryOf } from "../tlog/entry.ts";
import { leafHash } from "../tlog/hash.ts";
import { verifyInclusion } from "../tlog/proof.ts";
import { readProofFile } from "../tlog/proof-file.ts";
import type { EvidenceFinding } from "./finding.ts";
import { files, idIn } from "./layout.ts";
import { type EvidenceRecord, readRecord } from "./record.ts";

/** Records of an archive, and what is wrong with them. */
interface Read {
  readonly records: readonly EvidenceRecord[];
  readonly findings: readonly EvidenceFinding[];
}

/** Reads the records, each of which must have its own id as its name. */
export function recordsOf(members: ReadonlyMap<string, Buffer>): Read {
  const records: EvidenceRecord[] = [];
  const findings: EvidenceFinding[] = [];
  for (const [member, bytes] of members) {
    const id = idIn("records", member);
    if (id === undefined) continue;
    const text = bytes.toString("utf8");
    const read = readRecord(text);
    if (!read.ok) findings.push({ code: "record.malformed", member, what: read.error });
    else if (read.value.eventId !== id || !Buffer.from(text).equals(bytes))
      findings.push({ code: "record.malformed", member, what: "it is another record than its name says" });
    else records.push(read.value);
  }
  return { records, findings };
}

/**
 * Holds each record's proof against the checkpoint: of this very line, of no other log and of no other size. A proof
 * without its record is of a record that was taken out.
 * @param checkpoint the archive's, opened, and as it is written
 */
export function proofFindings(
  members: ReadonlyMap<string, Buffer>,
  records: readonly EvidenceRecord[],
  checkpoint: { readonly head: SignedCheckpoint; readonly note: string },
): readonly EvidenceFinding[] {
  const proven = records.flatMap(
    (record) => proofFinding(record, members.get(files.proof(record.eventId)), checkpoint) ?? [],
  );
  const orphans = [...members.keys()].flatMap((member): readonly EvidenceFinding[] => {
    const id = idIn("proofs", member);
    return id === undefined || members.has(files.record(id))
      ? []
      : [{ code: "record.missing", member: files.record(id), what: "it has a proof, and is not there" }];
  });
  return [...proven, ...orphans];
}

function proofFinding(
  { eventId, hash }: EvidenceRecord,
  bytes: Buffer | undefined,
  { head, note }: { readonly head: SignedCheckpoint; readonly note: string },
): EvidenceFinding | undefined {
  const [record, member] = [files.record(eventId), files.proof(eventId)];
  if (bytes === undefined) return { code: "proof.missing", member, what: "nothing proves the record" };
  const read = readProofFile(bytes.toString("utf8"));
  if (!read.ok) return { code: "proof.invalid", member, what: read.error };
  const { index, proof, checkpoint, extra } = read.value;
  if (checkpoint !== note) return { code: "proof.invalid", member, what: "it is about another checkpoint" };
  const entry = entryOf({ eventId, hash });
  const holds = (of: Buffer) => verifyInclusion({ leaf: leafHash(of), index }, proof, head);
  // whoever checks a proof without the record believes what stands beside it
  if (holds(entry) && (extra === undefined || extra.equals(entry))) return undefined;
  return extra !== undefined && holds(extra)
    ? { code: "record.changed", member: record, what: "it is not the line that the log holds" }
    : { code: "proof.invalid", member, what: "it does not lead to the checkpoint" };
}
