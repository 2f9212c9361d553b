import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { archiveBounds } from "../../../core/evidence/tar.ts";
import { type EvidenceQuestion, type EvidenceReport, verifyEvidence } from "../../../core/evidence/verify.ts";
import { type NoteKey, readVerifierKey } from "../../../core/tlog/note-key.ts";
import { keyOf } from "../audit/log/known-log.ts";
import { readRemembered } from "../audit/log/remembered.ts";
import type { LogPlace } from "../audit/log/verify.ts";
import { Told, Usage } from "../terminal/outcome.ts";
import { mustBeWhole, type OutputOptions } from "../terminal/output.ts";
import { plain } from "../terminal/plain.ts";
import { count } from "../terminal/words.ts";
import { findingLines } from "./told.ts";

/** Options of `evidence verify`. */
export interface VerifyEvidenceOptions extends OutputOptions {
  readonly key?: readonly string[];
  readonly against?: readonly string[];
}

/** `evidence verify`: holds an archive against itself and what is given, without a deployment or a network. */
export async function runVerifyEvidence(file: string, options: VerifyEvidenceOptions, place: LogPlace): Promise<void> {
  mustBeWhole(options);
  const { terminal, env, cwd } = place;
  const bytes = await archiveOf(resolve(cwd, file), file);
  const against = await Promise.all(
    (options.against ?? []).map(async (from) => ({
      from,
      note: (await bounded(resolve(cwd, from), from)).toString("utf8"),
    })),
  );
  const given = options.key?.length ? await Promise.all(options.key.map((text) => keyOf(text, cwd))) : undefined;
  const itself = verifyEvidence(bytes, { against });
  const seen = given ? undefined : (await readRemembered(env))[itself.head?.origin ?? ""]?.keys;
  const keys = given ?? seen?.flatMap(keysIn);
  const report = keys === undefined ? itself : verifyEvidence(bytes, { keys, against } satisfies EvidenceQuestion);
  const keyFrom = given ? "given" : seen ? "remembered" : "archive";
  const { findings } = report;
  if (options.json) terminal.out(JSON.stringify({ ok: findings.length === 0, ...jsonOf(report), keyFrom }));
  else for (const line of linesOf(report, keyFrom)) terminal.out(plain(line));
  if (findings.length > 0) throw new Told(`${findings.length} findings`);
}

function keysIn(text: string): readonly NoteKey[] {
  const read = readVerifierKey(text);
  return read.ok ? [read.value] : [];
}

const archiveOf = (path: string, file: string): Promise<Buffer> => bounded(path, file, archiveBounds.bytes);

/** A file that somebody handed over, read only where it is no larger than what it is taken for. */
async function bounded(path: string, file: string, mostBytes = 1_048_576): Promise<Buffer> {
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) throw new Usage(`there is no file ${file}`);
  if (found.size > mostBytes) throw new Usage(`${file} is larger than it may be: ${mostBytes} bytes`);
  return readFile(path);
}

function jsonOf({ asked, head, checked, findings }: EvidenceReport) {
  const tree = head === undefined ? {} : { origin: head.origin, size: head.size, root: head.root.toString("base64") };
  return { ...(asked === undefined ? {} : { session: asked }), ...tree, checked, findings };
}

function linesOf({ asked, head, checked, findings }: EvidenceReport, keyFrom: "given" | "remembered" | "archive") {
  const read = [
    count(checked.sessions, "session"),
    count(checked.records, "record"),
    count(checked.calls, "call at AWS", "calls at AWS"),
  ];
  return [
    `evidence about ${asked === undefined ? "no session that it names" : `session ${asked}`}: ${read.join(", ")}`,
    head === undefined
      ? "no checkpoint may be believed"
      : `${head.origin}: checkpoint of ${head.size} entries; held against ${count(checked.against, "checkpoint")} kept elsewhere`,
    ...findingLines(findings),
    ...(keyFrom === "archive"
      ? ["the key is the archive's own, which proves nothing about whose it is: give --key"]
      : []),
    ...(checked.against === 0
      ? ["nothing from outside was compared: against the log's owner this proves nothing (--against)"]
      : []),
    "it proves no absence: a record that was left out is missed only where the tree shows a gap",
    ...(checked.calls === 0
      ? []
      : ["calls at AWS are copies, joined by the rules of docs/trace.md: CloudTrail's own files prove them"]),
    findings.length === 0
      ? "every record is proven, and the tree, policies and calls follow from them"
      : count(findings.length, "finding"),
  ];
}
