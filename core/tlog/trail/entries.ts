import { createHash } from "node:crypto";
import { heartbeatPrefix, type LogEntry, readEntry, redrivenPrefix } from "../entry.ts";
import { growingTree, leafHash } from "../hash.ts";
import { tilePath, tileWidth } from "../tile.ts";
import { edgeSubtrees, readEntries, TileFault, type Tree, tileOf } from "../tree.ts";
import type { Findings } from "./finding.ts";
import { forked, type Head } from "./heads.ts";
import { entriesMax } from "./ports.ts";
import { faultFinding, type TrustedTiles } from "./trusted-tiles.ts";

/** An entry of the log that was read. */
export interface Placed {
  readonly index: number;
  readonly hash: string;
  /** Whether a line with this very record was found. */
  isFound: boolean;
  /** Whether the log says, before it, that an operator had it sent again. */
  readonly isRedriven?: boolean;
}

/** What a walk needs. */
export interface Walk {
  /** The tree of the head. */
  readonly tree: Tree;
  readonly tiles: TrustedTiles;
  readonly findings: Findings;
  /** Entries that were read, by event id. */
  readonly entries: Map<string, Placed>;
  /** Told how many entries were read. */
  progress(entries: number): void;
}

/** Tiles read at one time: a store answers in tens of milliseconds, and a million entries have eight thousand objects. */
const atOnce = 32;

/**
 * Reads the entries from one index to before another, holds each against the tiles, and each kept checkpoint within
 * against the tree at its size.
 * @param kept checkpoints in the order of their sizes
 */
export async function walkEntries(
  [from, to]: readonly [number, number],
  kept: readonly Head[],
  walk: Walk,
): Promise<void> {
  const { tiles, findings } = walk;
  const start = await tiles.edgeAt(from);
  const growing = growingTree(edgeSubtrees(start.edge));
  let isJudged = start.isTrusted;
  let next = kept.findIndex(({ size }) => size >= from);
  const compare = (size: number) => {
    for (let head = kept[next]; next >= 0 && head?.size === size; head = kept[next]) {
      if (isJudged && !growing.root().equals(head.root))
        findings.add({ code: "log.forked", what: forked(size), where: `checkpoints/${size}`, index: size });
      next += 1;
    }
  };
  compare(from);
  for (let tile = Math.floor(from / tileWidth); tile * tileWidth < to; tile += atOnce) {
    const count = Math.min(atOnce, Math.ceil(to / tileWidth) - tile);
    const read = await Promise.all(Array.from({ length: count }, (_, n) => readTileEntries(tile + n, walk)));
    for (const [n, { hashes, entries, isTrusted }] of read.entries()) {
      const base = (tile + n) * tileWidth;
      isJudged &&= isTrusted;
      for (let at = Math.max(0, from - base); at < Math.min(tileWidth, to - base); at += 1) {
        place(entries[at], base + at, walk);
        const leaf = hashes[at];
        if (leaf === undefined) isJudged = false;
        else growing.add(leaf);
        compare(base + at + 1);
      }
    }
    walk.progress(Math.min(to, (tile + count) * tileWidth) - from);
  }
}

/** Hashes and entries of one tile; an entry that the hashes do not commit to is left out. */
async function readTileEntries(index: number, walk: Walk) {
  const { hashes, isTrusted } = await walk.tiles.hashes(0, index);
  const where = tilePath(tileOf(walk.tree.size, "entries", index));
  const entries = await readEntries(walk.tree, index).catch((fault: unknown) => {
    if (!(fault instanceof TileFault)) throw fault;
    walk.findings.add(faultFinding(fault));
    return [];
  });
  const leaves = entries.map(leafHash);
  if (leaves.every((leaf, n) => hashes[n]?.equals(leaf))) return { hashes, entries, isTrusted };
  const known = new Map(hashes.map((hash, n) => [hash.toString("base64"), n]));
  const fit: (Buffer | undefined)[] = [];
  for (const [n, leaf] of leaves.entries()) {
    if (hashes[n]?.equals(leaf)) {
      fit[n] = entries[n];
      continue;
    }
    const place = known.get(leaf.toString("base64"));
    if (place !== undefined) fit[place] = entries[n];
    walk.findings.add({
      code: place === undefined ? "entry.changed" : "entry.reordered",
      what:
        place === undefined
          ? "an entry is not what the tree commits to"
          : `the entry stands at ${index * tileWidth + n}, and was appended at ${index * tileWidth + place}`,
      where,
      index: index * tileWidth + n,
    });
  }
  return { hashes, entries: fit, isTrusted };
}

function place(bytes: Buffer | undefined, index: number, { entries, findings }: Walk): void {
  if (bytes === undefined) return;
  if (entries.size >= entriesMax) throw new RangeError(`more than ${entriesMax} entries: ask for a shorter time`);
  const read = readEntry(bytes);
  if (!read.ok || !isHonestHeartbeat(read.value)) {
    findings.add({ code: "entry.malformed", what: "an entry is neither of a record nor of an hour", index });
    return;
  }
  const { eventId, hash } = read.value;
  const before = entries.get(eventId);
  if (before === undefined) entries.set(eventId, placedOf({ eventId, hash }, index, entries));
  else if (before.index !== index)
    findings.add({
      code: "entry.duplicated",
      what: `the log holds this record at ${before.index} too${before.hash === hash ? "" : ", with another hash"}`,
      eventId,
      index,
    });
}

/**
 * An entry at its place. A mark counts for the entry behind it alone, and with the same hash: it cannot be put beside a
 * record that has its place. It has no record of its own.
 */
function placedOf({ eventId, hash }: LogEntry, index: number, entries: Walk["entries"]): Placed {
  if (eventId.startsWith(heartbeatPrefix) || eventId.startsWith(redrivenPrefix)) return { index, hash, isFound: true };
  const mark = entries.get(`${redrivenPrefix}${eventId}`);
  return { index, hash, isFound: false, isRedriven: mark?.index === index - 1 && mark.hash === hash };
}

/** An entry of an hour has no record; its hash is its own id's, so that nothing can be hidden behind its name. */
const isHonestHeartbeat = ({ eventId, hash }: LogEntry): boolean =>
  !eventId.startsWith(heartbeatPrefix) ||
  (/^heartbeat#\d{4}-\d\d-\d\dT\d\dZ$/.test(eventId) &&
    createHash("sha256").update(eventId).digest("base64url") === hash);
