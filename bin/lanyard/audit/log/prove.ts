import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { readEntry } from "../../../../core/tlog/entry.ts";
import { proveInclusion } from "../../../../core/tlog/proof.ts";
import { proofFileText, verifyProofFile } from "../../../../core/tlog/proof-file.ts";
import { tileWidth } from "../../../../core/tlog/tile.ts";
import { readEntries, type Tree } from "../../../../core/tlog/tree.ts";
import { Refused, Usage } from "../../terminal/outcome.ts";
import { mustBeWhole, type OutputOptions } from "../../terminal/output.ts";
import { believedLog } from "./head.ts";
import type { LogOptions } from "./known-log.ts";
import { type Place, placesOf } from "./places.ts";
import type { LogPlace } from "./verify.ts";

/** Options of `audit prove`. */
export interface ProveOptions extends OutputOptions, LogOptions {
  /** Its place in the log, where that is known: then nothing is searched. */
  readonly index?: string;
  readonly out?: string;
}

/**
 * `audit prove`: writes a proof that the log holds a record's entry, in the published format, which anybody can check
 * who has the log's key.
 */
export async function runProve(eventId: string, options: ProveOptions, place: LogPlace): Promise<void> {
  mustBeWhole(options);
  const { terminal, cwd } = place;
  const { known, head, note, tree } = await believedLog(options, place);
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

/** Where a record's entry is: at the index that was given, else by a search from the newest backwards. */
async function placeOf(
  eventId: string,
  index: string | undefined,
  tree: Tree,
  progress: (done: number) => void,
): Promise<Place> {
  if (index !== undefined) {
    const at = /^(0|[1-9]\d{0,15})$/.test(index) ? Number(index) : Number.NaN;
    if (!(at < tree.size))
      throw new Usage(`--index is a number from 0 to before ${tree.size}, not ${JSON.stringify(index)}`);
    const entry = (await readEntries(tree, Math.floor(at / tileWidth)))[at % tileWidth];
    if (entry && isOf(entry, eventId)) return { index: at, entry };
    throw new Refused(`the log has another record at ${at}`, { code: "record.unknown" });
  }
  const found = (await placesOf([eventId], tree, progress)).get(eventId);
  if (found) return found;
  throw new Refused(`the log has no record ${eventId}: one of the last minute is not sealed yet`, {
    code: "record.unknown",
  });
}

function isOf(entry: Buffer, eventId: string): boolean {
  const read = readEntry(entry);
  return read.ok && read.value.eventId === eventId;
}
