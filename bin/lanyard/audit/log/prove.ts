import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { openCheckpoint, type SignedCheckpoint } from "../../../../core/tlog/checkpoint.ts";
import { readEntry } from "../../../../core/tlog/entry.ts";
import { proveConsistency, proveInclusion, verifyConsistency } from "../../../../core/tlog/proof.ts";
import { proofFileText, verifyProofFile } from "../../../../core/tlog/proof-file.ts";
import { tileWidth } from "../../../../core/tlog/tile.ts";
import { readEntries, remembering, type Tree } from "../../../../core/tlog/tree.ts";
import { isWitnessed } from "../../../../core/tlog/witness.ts";
import { Refused, Usage } from "../../terminal/outcome.ts";
import { mustBeWhole, type OutputOptions } from "../../terminal/output.ts";
import { type Known, knownLog, type LogOptions, seenAs } from "./known-log.ts";
import { readRemembered, remember } from "./remembered.ts";
import { storeOf } from "./store.ts";
import { trailOf } from "./trail.ts";
import type { LogPlace } from "./verify.ts";

/** Options of `audit prove`. */
export interface ProveOptions extends OutputOptions, LogOptions {
  /** Its place in the log, where that is known: then nothing is searched. */
  readonly index?: string;
  readonly out?: string;
}

/** Bundles that are searched at one time. */
const atOnce = 32;

/**
 * `audit prove`: writes a proof that the log holds a record's entry, in the published format, which anybody can check
 * who has the log's key.
 */
export async function runProve(eventId: string, options: ProveOptions, place: LogPlace): Promise<void> {
  mustBeWhole(options);
  const { terminal, env, cwd, profile } = place;
  const trail = trailOf(storeOf(options.log, cwd, profile));
  const known = await knownLog(options, { cwd, seen: await readRemembered(env), ...(profile ? { profile } : {}) });
  const note = await trail.checkpoint();
  if (note === undefined) throw new Refused("the log has no checkpoint", { code: "checkpoint.missing" });
  const head = opened(note, known);
  const tree = remembering({ size: head.size, read: trail.read });
  await mustContinue(tree, head, known);
  await remember(env, known.log.origin, seenAs(known, note));
  const { index, entry } = await placeOf(eventId, options.index, tree, (done) =>
    terminal.progress?.(`${done} entries searched…`),
  );
  terminal.progress?.("");
  const text = proofFileText({ index, proof: await proveInclusion(tree, index), checkpoint: note, extra: entry });
  const { origin, keys } = known.log;
  const proven = verifyProofFile(text, entry, { origin, keys });
  if (!proven.ok)
    throw new Refused(`the log's tiles are not what its checkpoint says: ${proven.error}`, { code: "tile.changed" });
  const out = options.out ?? `${eventId.replaceAll(/[^A-Za-z0-9_-]/g, "-")}.tlog-proof`;
  if (out === "-") return terminal.out(text.trimEnd());
  await writeFile(resolve(cwd, out), text);
  if (options.json)
    terminal.out(JSON.stringify({ ok: true, origin: head.origin, eventId, index, size: head.size, file: out }));
  else terminal.out(`${out}: entry ${index} of ${head.size} of ${head.origin}`);
}

/** @throws Refused for a checkpoint that may not be believed */
function opened(note: string, { log }: Known): SignedCheckpoint {
  const open = openCheckpoint(note, { ...log, witnesses: log.witnesses?.keys ?? [] });
  const isWanted = open.ok && (log.witnesses === undefined || isWitnessed(open.value.signatures, log.witnesses));
  if (open.ok && isWanted) return open.value;
  if (open.ok)
    throw new Refused("too few of its witnesses have signed the checkpoint", { code: "checkpoint.unwitnessed" });
  throw new Refused(`the checkpoint may not be believed: ${open.error}`, { code: "checkpoint.invalid" });
}

/** A proof in a log that went back, or that shows two histories, proves nothing. @throws Refused */
async function mustContinue(tree: Tree, head: SignedCheckpoint, known: Known): Promise<void> {
  if (known.remembered?.checkpoint === undefined) return;
  const last = opened(known.remembered.checkpoint, known);
  if (last.size > head.size)
    throw new Refused(`the log has ${head.size} entries, and had ${last.size} when it was last seen here`, {
      code: "log.rolledback",
    });
  if (!verifyConsistency(last, head, await proveConsistency(tree, last.size)))
    throw new Refused("the log does not continue the checkpoint that was last seen here", { code: "log.forked" });
}

/** Where a record's entry is: at the index that was given, else by a search from the newest backwards. */
async function placeOf(
  eventId: string,
  index: string | undefined,
  tree: Tree,
  progress: (done: number) => void,
): Promise<{ readonly index: number; readonly entry: Buffer }> {
  if (index !== undefined) {
    const at = /^(0|[1-9]\d{0,15})$/.test(index) ? Number(index) : Number.NaN;
    if (!(at < tree.size))
      throw new Usage(`--index is a number from 0 to before ${tree.size}, not ${JSON.stringify(index)}`);
    const entry = (await readEntries(tree, Math.floor(at / tileWidth)))[at % tileWidth];
    if (entry && isOf(entry, eventId)) return { index: at, entry };
    throw new Refused(`the log has another record at ${at}`, { code: "record.unknown" });
  }
  for (let end = Math.ceil(tree.size / tileWidth); end > 0; end -= atOnce) {
    const first = Math.max(0, end - atOnce);
    const bundles = await Promise.all(Array.from({ length: end - first }, (_, n) => readEntries(tree, first + n)));
    for (const [n, entries] of bundles.entries()) {
      const at = entries.findIndex((entry) => isOf(entry, eventId));
      const entry = entries[at];
      if (entry) return { index: (first + n) * tileWidth + at, entry };
    }
    progress(tree.size - first * tileWidth);
  }
  throw new Refused(`the log has no record ${eventId}: one of the last minute is not sealed yet`, {
    code: "record.unknown",
  });
}

function isOf(entry: Buffer, eventId: string): boolean {
  const read = readEntry(entry);
  return read.ok && read.value.eventId === eventId;
}
