import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { readEntry } from "../../../../core/tlog/entry.ts";
import { proveInclusion } from "../../../../core/tlog/proof.ts";
import { proofFileText, verifyProofFile } from "../../../../core/tlog/proof-file.ts";
import { tileWidth } from "../../../../core/tlog/tile.ts";
import { readEntries, type Tree } from "../../../../core/tlog/tree.ts";
import { ask } from "../../deployment/ask.ts";
import type { Profile } from "../../deployment/profile.ts";
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
  const { index, entry } =
    options.index === undefined
      ? await foundPlace(eventId, tree, place)
      : await namedPlace(eventId, options.index, tree);
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

/** The record's entry at the index that was given. */
async function namedPlace(eventId: string, index: string, tree: Tree): Promise<Place> {
  const at = /^(0|[1-9]\d{0,15})$/.test(index) ? Number(index) : Number.NaN;
  if (!(at < tree.size))
    throw new Usage(`--index is a number from 0 to before ${tree.size}, not ${JSON.stringify(index)}`);
  const found = await placeAt(eventId, at, tree);
  if (found) return found;
  throw new Refused(`the log has another record at ${at}`, { code: "record.unknown" });
}

/**
 * Where a record's entry is: where the deployment says, if the log itself agrees, else by a search from the newest
 * backwards. A deployment that says nothing or something wrong costs time and no more.
 */
async function foundPlace(eventId: string, tree: Tree, { profile, terminal }: LogPlace): Promise<Place> {
  const told = profile && (await toldIndex(eventId, profile, terminal));
  if (told !== undefined && told < tree.size) {
    const at = await placeAt(eventId, told, tree);
    if (at) return at;
    terminal.err(`the deployment says that it is entry ${told}, and the log has another there: searching`);
  }
  const progress = (done: number) => terminal.progress?.(`${done} entries searched…`);
  const found = (await placesOf([eventId], tree, progress)).get(eventId);
  if (found) return found;
  throw new Refused(`the log has no record ${eventId}: one of the last minute is not sealed yet`, {
    code: "record.unknown",
  });
}

async function placeAt(eventId: string, index: number, tree: Tree): Promise<Place | undefined> {
  const entry = (await readEntries(tree, Math.floor(index / tileWidth)))[index % tileWidth];
  return entry && isOf(entry, eventId) ? { index, entry } : undefined;
}

/** What admin-read says of a record's place; undefined where it does not know, or where the caller may not ask. */
async function toldIndex(
  eventId: string,
  profile: Profile,
  terminal: LogPlace["terminal"],
): Promise<number | undefined> {
  try {
    const { index } = await ask(profile, "leaf", { event: eventId });
    return Number.isSafeInteger(index) && Number(index) >= 0 ? Number(index) : undefined;
  } catch (refused) {
    if (!(refused instanceof Refused)) throw refused;
    terminal.progress?.("the deployment does not say where it is: searching…");
    return undefined;
  }
}

function isOf(entry: Buffer, eventId: string): boolean {
  const read = readEntry(entry);
  return read.ok && read.value.eventId === eventId;
}
