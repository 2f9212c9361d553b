import { readFile, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { consistencyMember } from "../../../core/evidence/consistency.ts";
import { type EvidenceRecord, versionOf } from "../../../core/evidence/record.ts";
import type { Member } from "../../../core/evidence/tar.ts";
import { type EvidenceTree, treeOf } from "../../../core/evidence/tree.ts";
import { verifyEvidence } from "../../../core/evidence/verify.ts";
import { writeEvidence } from "../../../core/evidence/write.ts";
import { proveConsistency, proveInclusion } from "../../../core/tlog/proof.ts";
import { proofFileText } from "../../../core/tlog/proof-file.ts";
import { type BelievedLog, believedLog, opened } from "../audit/log/head.ts";
import type { LogOptions } from "../audit/log/known-log.ts";
import { placesOf } from "../audit/log/places.ts";
import type { LogPlace } from "../audit/log/verify.ts";
import type { Profile } from "../deployment/profile.ts";
import { Refused, Told, Usage } from "../terminal/outcome.ts";
import { mustBeWhole, type OutputOptions } from "../terminal/output.ts";
import { plain } from "../terminal/plain.ts";
import { sinceMillis } from "../terminal/since.ts";
import { count } from "../terminal/words.ts";
import { callsOf } from "./calls.ts";
import { gatherer, recordsAround, recordsAt } from "./gather.ts";
import { madeVersions } from "./registries.ts";
import { findingLines } from "./told.ts";

/** Options of `evidence`. */
export interface EvidenceOptions extends OutputOptions, LogOptions {
  readonly out?: string;
  readonly since: string;
  /** Files with checkpoints that somebody else kept. */
  readonly against?: readonly string[];
  /** CloudTrail's bucket as files. */
  readonly trail?: string;
}

type Place = LogPlace & { readonly profile: Profile };

/**
 * `evidence`: writes one archive with all that is known of a session's tree, and proof of each record in it. What was
 * written is verified before it is named.
 */
export async function runEvidence(sid: string, options: EvidenceOptions, place: Place): Promise<void> {
  mustBeWhole(options);
  if (!/^[A-Za-z0-9_-]{22}$/.test(sid))
    throw new Usage(`${JSON.stringify(sid)} is no session's id: it has 22 characters`);
  const { terminal, cwd } = place;
  const log = await believedLog(options, place);
  const consistency = await keptProofs(options.against ?? [], log, cwd);
  const { tree, registries, notes } = await gathered(sid, options, { place, log });
  const proofs = await proofsOf(tree.records, log, (done) => terminal.progress?.(`${done} entries searched…`));
  terminal.progress?.("");
  const { keys } = log.known.log;
  const archive = writeEvidence({ asked: sid, tree, registries, proofs, checkpoint: log.note, keys, consistency });
  const { findings, checked } = verifyEvidence(archive, { keys });
  const out = options.out ?? `evidence-${sid}.tar`;
  await writeFile(resolve(cwd, out), archive);
  const { keyFrom } = log.known;
  const all = [...notes, ...(keyFrom === "deployment" ? ["the key in it is what the deployment itself says"] : [])];
  if (options.json)
    terminal.out(
      JSON.stringify({
        ok: findings.length === 0,
        file: out,
        bytes: archive.length,
        root: tree.root,
        keyFrom,
        checked,
        findings,
        notes: all,
      }),
    );
  else {
    const read = [
      count(checked.sessions, "session"),
      count(checked.records, "record"),
      count(checked.calls, "call at AWS", "calls at AWS"),
    ];
    terminal.out(plain(`${out}: ${read.join(", ")}, proven to checkpoint ${log.head.size} of ${log.head.origin}`));
    for (const line of [...findingLines(findings), ...all]) terminal.out(plain(line));
  }
  if (findings.length > 0) throw new Told(`${findings.length} findings`);
}

/** Everything about the tree, and nothing else. */
async function gathered(
  sid: string,
  { since, trail: trailFolder, log: logPlace }: EvidenceOptions,
  { place, log }: { readonly place: Place; readonly log: BelievedLog },
) {
  const { profile, terminal, cwd } = place;
  const gather = gatherer(log.trail, (read) => terminal.progress?.(`${read} records read…`));
  const nowMillis = Date.now();
  const around = await recordsAround(sid, { sinceMillis: sinceMillis(since, nowMillis), nowMillis }, gather);
  const audit = logPlace === undefined || logPlace.startsWith("s3:") ? undefined : resolve(cwd, logPlace);
  const folders = { audit, trail: trailFolder === undefined ? undefined : resolve(cwd, trailFolder) };
  const { lines, seen, notes } = await callsOf(sid, profile, { folders, since });
  const found = treeOf(sid, around, lines);
  const made = await madeVersions(versionsOf(found), { profile, terminal });
  const roles = new Set(lines.flatMap(({ name, roleArn }) => (name === "Sign" ? (roleArn ?? []) : [])));
  const looks = new Map(seen.map((line) => [line.functionRoleArn ?? "", line]));
  const wanted = [
    ...made.map(({ atMillis }) => ({ atMillis, operation: "registry.apply" })),
    ...[...looks.values()]
      .filter(({ functionRoleArn = "" }) => roles.has(functionRoleArn))
      .map(({ timeMillis }) => ({ atMillis: timeMillis, operation: "deployment.seen" })),
  ];
  const tree = treeOf(sid, [...around, ...(await recordsAt(wanted, gather))], lines);
  return { tree, notes, registries: new Map(made.map(({ version, rows }) => [version, rows])) };
}

const versionsOf = ({ records }: EvidenceTree): readonly number[] => [
  ...new Set(records.flatMap((record) => versionOf(record) ?? [])),
];

/** @throws Refused for a record that the log has not, or not as it was delivered */
async function proofsOf(
  records: readonly EvidenceRecord[],
  { tree, note }: BelievedLog,
  progress: (done: number) => void,
): Promise<ReadonlyMap<string, string>> {
  const places = await placesOf(
    records.map(({ eventId }) => eventId),
    tree,
    progress,
  );
  const proofs = new Map<string, string>();
  for (const { eventId } of records) {
    const place = places.get(eventId);
    if (place === undefined)
      throw new Refused(`the log has no record ${eventId}: one of the last minute is not sealed yet`, {
        code: "record.unknown",
      });
    const { index, entry } = place;
    proofs.set(
      eventId,
      proofFileText({ index, proof: await proveInclusion(tree, index), checkpoint: note, extra: entry }),
    );
  }
  return proofs;
}

/** Proofs that the log continues checkpoints that somebody else kept. @throws Usage for a missing file, Refused */
async function keptProofs(
  from: readonly string[],
  { tree, head, known }: BelievedLog,
  cwd: string,
): Promise<readonly Member[]> {
  const members = new Map<number, Member>();
  for (const file of from) {
    const note = await readFile(resolve(cwd, file), "utf8").catch(() => undefined);
    if (note === undefined) throw new Usage(`there is no file ${file}`);
    const kept = opened(note, known);
    if (kept.size > head.size)
      throw new Refused(`the log has ${head.size} entries, and ${file} says ${kept.size}`, { code: "log.rolledback" });
    members.set(kept.size, consistencyMember(kept.size, await proveConsistency(tree, kept.size)));
  }
  return [...members.values()];
}
