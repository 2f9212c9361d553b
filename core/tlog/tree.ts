import { readBundle } from "./bundle.ts";
import { hashBytes, joinedRight, nodeHash, rootOf, type Subtree } from "./hash.ts";
import { levelMax, type TileName, tilePath, tileWidth } from "./tile.ts";

/** Reads one object of a log. @returns undefined when there is none */
export type ReadTile = (name: TileName) => Promise<Buffer | undefined>;

/** A tree of a known size, whose hashes lie in tiles. Nothing read from them is proven before a root was compared. */
export interface Tree {
  /** Number of entries. */
  readonly size: number;
  readonly read: ReadTile;
}

/** An object of the log that is missing, or has not the form that its name promises. */
export class TileFault extends Error {
  readonly tile: TileName;
  readonly kind: "missing" | "malformed";
  constructor(kind: "missing" | "malformed", tile: TileName) {
    super(`${tilePath(tile)} is ${kind}`);
    this.kind = kind;
    this.tile = tile;
  }
}

/** Number of hashes at a level of a tree: one for each full tile below (C2SP tlog-tiles). */
export const hashesAt = (size: number, level: number): number => Math.floor(size / tileWidth ** level);

/** The tile at a place of a tree; its width is what the tree has of it. */
export function tileOf(size: number, level: number | "entries", index: number): TileName {
  const count = hashesAt(size, level === "entries" ? 0 : level);
  return { level, index, width: Math.min(tileWidth, count - index * tileWidth) };
}

/**
 * Hashes of one tile of a tree. A partial tile may have gone once the full one is there, so that one is read instead and
 * its beginning used.
 * @throws TileFault
 */
export async function readHashes({ size, read }: Tree, level: number, index: number): Promise<readonly Buffer[]> {
  const name = tileOf(size, level, index);
  const { bytes, from } = await readEither(read, name);
  if (bytes.length !== from.width * hashBytes) throw new TileFault("malformed", from);
  return Array.from({ length: name.width }, (_, n) => bytes.subarray(n * hashBytes, (n + 1) * hashBytes));
}

/** Entries of one bundle of a tree, as {@link readHashes} reads hashes. @throws TileFault */
export async function readEntries({ size, read }: Tree, index: number): Promise<readonly Buffer[]> {
  const name = tileOf(size, "entries", index);
  const { bytes, from } = await readEither(read, name);
  const entries = readBundle(bytes);
  if (!entries.ok || entries.value.length !== from.width) throw new TileFault("malformed", from);
  return entries.value.slice(0, name.width);
}

async function readEither(read: ReadTile, name: TileName): Promise<{ bytes: Buffer; from: TileName }> {
  const bytes = await read(name);
  if (bytes !== undefined) return { bytes, from: name };
  const full = { ...name, width: tileWidth };
  const fuller = name.width === tileWidth ? undefined : await read(full);
  if (fuller === undefined) throw new TileFault("missing", name);
  return { bytes: fuller, from: full };
}

/** The hashes at each level that no full tile covers: all that a tree needs to grow. Level 0 comes first. */
export async function readEdge(tree: Tree): Promise<readonly (readonly Buffer[])[]> {
  const levels = Array.from({ length: levelMax + 1 }, (_, level) => hashesAt(tree.size, level));
  return Promise.all(
    levels.map((count, level) =>
      count % tileWidth === 0 ? [] : readHashes(tree, level, Math.floor(count / tileWidth)),
    ),
  );
}

/** Root of the tree with this edge: what higher levels hold stands to the left of what lower ones hold. */
export const edgeRoot = (edge: readonly (readonly Buffer[])[]): Buffer =>
  joinedRight(edgeSubtrees(edge).map(({ hash }) => hash));

/** The complete subtrees of the tree with this edge, the largest first. */
export const edgeSubtrees = (edge: readonly (readonly Buffer[])[]): readonly Subtree[] =>
  [...edge.entries()].toReversed().flatMap(([level, hashes]) => subtreesOf(hashes, tileWidth ** level));

function subtreesOf(hashes: readonly Buffer[], unit: number): readonly Subtree[] {
  const found: Subtree[] = [];
  for (let at = 0, count = tileWidth; count >= 1; count /= 2) {
    if (at + count > hashes.length) continue;
    found.push({ size: count * unit, hash: rootOf(hashes.slice(at, at + count)) });
    at += count;
  }
  return found;
}

/** The largest power of two that is smaller than a number above 1: where RFC 6962 2.1 splits a tree of that size. */
export function splitOf(size: number): number {
  let power = 1;
  while (power * 2 < size) power *= 2;
  return power;
}

/**
 * Root over the entries from `start` to before `end`, one of the ranges that RFC 6962 2.1 splits a tree into.
 * @throws TileFault
 */
export async function rangeRoot(tree: Tree, start: number, end: number): Promise<Buffer> {
  const size = end - start;
  const split = size > 1 ? splitOf(size) : 1;
  if (size === 1 || split * 2 === size) return completeRoot(tree, start, size);
  return nodeHash(await rangeRoot(tree, start, start + split), await rangeRoot(tree, start + split, end));
}

/** Root of a complete subtree, from the one tile that holds the hashes just below it. */
async function completeRoot(tree: Tree, start: number, size: number): Promise<Buffer> {
  let level = 0;
  while (tileWidth ** (level + 1) <= size) level += 1;
  const first = start / tileWidth ** level;
  const count = size / tileWidth ** level;
  const hashes = await readHashes(tree, level, Math.floor(first / tileWidth));
  return rootOf(hashes.slice(first % tileWidth, (first % tileWidth) + count));
}

/** The same tree, which reads each tile only once. */
export function remembering({ size, read }: Tree): Tree {
  const held = new Map<string, Promise<Buffer | undefined>>();
  return {
    size,
    read: (name) => {
      const path = tilePath(name);
      const found = held.get(path) ?? read(name);
      held.set(path, found);
      return found;
    },
  };
}
