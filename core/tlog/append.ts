import { bundleOf } from "./bundle.ts";
import { leafHash, rootOf } from "./hash.ts";
import { type TileName, tileWidth } from "./tile.ts";
import { edgeRoot, hashesAt, readEdge, readEntries, TileFault, type Tree, tileOf } from "./tree.ts";

/** A tree that has grown: its size and root, and every object that is new. */
interface Appended {
  readonly size: number;
  readonly root: Buffer;
  /** Bundles of entries first, then tiles from the lowest level upwards, each in the order of their indexes. */
  readonly tiles: readonly { readonly name: TileName; readonly bytes: Buffer }[];
}

/**
 * Appends entries to a tree. It reads the right edge alone (at most one bundle, and one tile a level), and the same tree
 * and entries give the same bytes at every time: whoever finishes another's batch writes what that one wrote.
 * @param tree its size and tiles; with `root`, what its edge must amount to, so that nothing is built on tiles that
 *   somebody changed
 * @throws TileFault when an object of the edge is missing, malformed, or not what the others and the root say
 */
export async function append(
  tree: Tree & { readonly root?: Uint8Array },
  entries: readonly Buffer[],
): Promise<Appended> {
  const edge = await readEdge(tree);
  const bundle = await edgeEntries(tree, edge[0] ?? []);
  const lowest = { level: 0, index: hashesAt(tree.size, 1), width: tree.size % tileWidth };
  if (tree.root !== undefined && !edgeRoot(edge).equals(tree.root)) throw new TileFault("malformed", lowest);
  const size = tree.size + entries.length;
  const tiles = [...bundlesOf(tree.size, [...bundle, ...entries], size)];
  const grown: Buffer[][] = [];
  let fresh = entries.map(leafHash);
  for (const [level, held] of edge.entries()) {
    const all = [...held, ...fresh];
    const first = Math.floor(hashesAt(tree.size, level) / tileWidth);
    const groups = inTiles(all);
    if (fresh.length > 0)
      tiles.push(
        ...groups.map((hashes, n) => ({ name: tileOf(size, level, first + n), bytes: Buffer.concat(hashes) })),
      );
    const full = groups.filter((hashes) => hashes.length === tileWidth);
    grown.push(all.slice(full.length * tileWidth));
    fresh = full.map(rootOf);
  }
  return { size, root: edgeRoot(grown), tiles };
}

/** Entries of the last, partial bundle, which must be those whose hashes the last tile holds. */
async function edgeEntries(tree: Tree, hashes: readonly Buffer[]): Promise<readonly Buffer[]> {
  if (hashes.length === 0) return [];
  const index = hashesAt(tree.size, 1);
  const entries = await readEntries(tree, index);
  if (entries.some((entry, n) => !hashes[n]?.equals(leafHash(entry))))
    throw new TileFault("malformed", tileOf(tree.size, "entries", index));
  return entries;
}

function bundlesOf(oldSize: number, entries: readonly Buffer[], size: number): Appended["tiles"] {
  if (size === oldSize) return [];
  const first = hashesAt(oldSize, 1);
  return inTiles(entries).map((some, n) => ({ name: tileOf(size, "entries", first + n), bytes: bundleOf(some) }));
}

const inTiles = <T>(all: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(all.length / tileWidth) }, (_, n) => all.slice(n * tileWidth, (n + 1) * tileWidth));
