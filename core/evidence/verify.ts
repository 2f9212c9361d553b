import { openCheckpoint, type SignedCheckpoint } from "../tlog/checkpoint.ts";
import { type NoteKey, readVerifierKey, verifierKey } from "../tlog/note-key.ts";
import { continues } from "./consistency.ts";
import type { EvidenceFinding } from "./finding.ts";
import { files } from "./layout.ts";
import { openArchive } from "./opened.ts";
import { proofFindings, recordsOf } from "./proven.ts";
import { registryFindings } from "./shown.ts";
import { toldBy } from "./told.ts";

/** What an archive is held against; by default its own word. */
export interface EvidenceQuestion {
  /** The log's keys, come by another way. The archive's own prove nothing about whose they are. */
  readonly keys?: readonly NoteKey[];
  /** Signed checkpoints that were kept elsewhere, with where each is from. */
  readonly against?: readonly { readonly from: string; readonly note: string }[];
}

/** What a verification found. */
export interface EvidenceReport {
  /** The session that the archive is about; absent where it does not say. */
  readonly asked?: string;
  /** The log's checkpoint; absent where it may not be believed. */
  readonly head?: SignedCheckpoint;
  readonly keyFrom: "given" | "archive";
  readonly checked: {
    readonly records: number;
    readonly sessions: number;
    readonly calls: number;
    readonly against: number;
  };
  readonly findings: readonly EvidenceFinding[];
}

type Members = ReadonlyMap<string, Buffer>;

/**
 * Verifies an archive by nothing but itself and what is given: its list of files; that the log signed the checkpoint and
 * holds each record, byte for byte; that tree, calls, policies and registrations are what these records say, no more
 * and no less. One thing that is wrong hides no other.
 */
export function verifyEvidence(bytes: Buffer, question: EvidenceQuestion = {}): EvidenceReport {
  const keyFrom = question.keys === undefined ? "archive" : "given";
  const opened = openArchive(bytes);
  const none = { records: 0, sessions: 0, calls: 0, against: 0 };
  if (!opened.ok) return { keyFrom, checked: none, findings: [{ code: "archive.malformed", what: opened.error }] };
  const { members } = opened.value;
  const read = recordsOf(members);
  const log = logOf(members, question);
  const compared = log.head === undefined ? [] : againstFindings(log.head, log.keys, { members, question });
  const note = members.get(files.checkpoint)?.toString("utf8") ?? "";
  const told = toldBy(members, read.records);
  const findings = [
    ...opened.value.findings,
    ...log.findings,
    ...read.findings,
    ...(log.head === undefined ? [] : proofFindings(members, read.records, { head: log.head, note })),
    ...told.findings,
    ...registryFindings(members, read.records, told.versions),
    ...compared,
  ];
  return {
    ...(told.asked === undefined ? {} : { asked: told.asked }),
    ...(log.head === undefined ? {} : { head: log.head }),
    ...{ keyFrom, findings },
    checked: { records: read.records.length, ...told.counts, against: question.against?.length ?? 0 },
  };
}

interface Log {
  readonly head?: SignedCheckpoint;
  readonly keys: readonly NoteKey[];
  readonly findings: readonly EvidenceFinding[];
}

/** The checkpoint, by the given keys, else by the archive's own. */
function logOf(members: Members, { keys: given }: EvidenceQuestion): Log {
  const member = files.keys;
  const texts = (members.get(member)?.toString("utf8") ?? "").split("\n").slice(0, -1);
  const read = texts.slice(0, 10).map(readVerifierKey);
  const inside = read.flatMap((key) => (key.ok ? key.value : []));
  const findings: EvidenceFinding[] = [];
  if (inside.length === 0 || inside.length !== texts.length)
    findings.push({ code: "key.malformed", member, what: "not one verifier key a line" });
  const known = new Set(given?.map(verifierKey));
  if (given !== undefined && inside.some((key) => !known.has(verifierKey(key))))
    findings.push({ code: "key.other", member, what: "the archive's key is not the one that was given" });
  const keys = given ?? inside;
  const [first] = keys;
  const note = members.get(files.checkpoint);
  if (first === undefined || note === undefined) return { keys, findings };
  const open = openCheckpoint(note.toString("utf8"), { origin: first.name, keys });
  if (open.ok) return { head: open.value, keys, findings };
  findings.push({ code: "checkpoint.invalid", member: files.checkpoint, what: open.error });
  return { keys, findings };
}

function againstFindings(
  head: SignedCheckpoint,
  keys: readonly NoteKey[],
  { members, question }: { readonly members: Members; readonly question: EvidenceQuestion },
): readonly EvidenceFinding[] {
  return (question.against ?? []).flatMap(({ from, note }): readonly EvidenceFinding[] => {
    const kept = openCheckpoint(note, { origin: head.origin, keys });
    if (!kept.ok) return [{ code: "checkpoint.invalid", member: from, what: kept.error }];
    const held = continues(kept.value, head, members.get(files.consistency(kept.value.size)));
    return held.ok ? [] : [{ code: "checkpoint.forked", member: from, what: held.error }];
  });
}
