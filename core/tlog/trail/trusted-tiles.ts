import { leafHash, rootOf } from "../hash.ts";
import type { TreeHead } from "../proof.ts";
import { levelMax, tilePath, tileWidth } from "../tile.ts";
import { edgeRoot, hashesAt, type ReadTile, readEntries, readHashes, TileFault, type Tree, tileOf } from "../tree.ts";
import type { Findings } from "./finding.ts";

type Hashes = readonly Buffer[];

/** Hashes of a tile, and whether they are what the checkpoint's root commits to. */
interface Tiled {
  readonly hashes: Hashes;
  readonly isTrusted: boolean;
}

/**
 * Tiles of a log, each held against what stands above it, up to the root that was signed. A tile that does not fit is
 * found, and where what lies below it tells what it must have been, that is used in its place: one changed object must
 * not hide what else is wrong.
 */
export class TrustedTiles {
  private readonly tree: Tree;
  private readonly findings: Findings;
  private readonly above = new Map<string, Promise<Tiled>>();
  private edge: readonly Hashes[] = [];
  private isEdgeTrusted = false;

  private constructor(tree: Tree, findings: Findings) {
    this.tree = tree;
    this.findings = findings;
  }

  /** Opens the tiles below a signed root. */
  static async open({ size, root }: TreeHead, read: ReadTile, findings: Findings): Promise<TrustedTiles> {
    const tiles = new TrustedTiles({ size, read }, findings);
    await tiles.openEdge(root);
    return tiles;
  }

  /** Hashes of the tile at a place. */
  async hashes(level: number, index: number): Promise<Tiled> {
    const { width } = tileOf(this.tree.size, level, index);
    if (width < tileWidth) return { hashes: this.edge[level] ?? [], isTrusted: this.isEdgeTrusted };
    // those of level 0 are read once each, in order; what stands above them is read for each of 256 below
    if (level === 0) return this.full(level, index);
    const name = `${level}/${index}`;
    const found = this.above.get(name) ?? this.full(level, index);
    this.above.set(name, found);
    return found;
  }

  /** The edge of the tree at a smaller size. */
  async edgeAt(size: number): Promise<{ readonly edge: readonly Hashes[]; readonly isTrusted: boolean }> {
    if (size === this.tree.size) return { edge: this.edge, isTrusted: this.isEdgeTrusted };
    const tiled = await Promise.all(
      Array.from({ length: levelMax + 1 }, async (_, level): Promise<Tiled> => {
        const count = hashesAt(size, level);
        if (count % tileWidth === 0) return { hashes: [], isTrusted: true };
        const { hashes, isTrusted } = await this.hashes(level, Math.floor(count / tileWidth));
        return { hashes: hashes.slice(0, count % tileWidth), isTrusted: isTrusted && hashes.length > 0 };
      }),
    );
    return { edge: tiled.map(({ hashes }) => hashes), isTrusted: tiled.every(({ isTrusted }) => isTrusted) };
  }

  private async full(level: number, index: number): Promise<Tiled> {
    const parent = await this.hashes(level + 1, Math.floor(index / tileWidth));
    const expected = parent.isTrusted ? parent.hashes[index % tileWidth] : undefined;
    const stored = await this.stored(level, index);
    if (expected === undefined) return { hashes: stored ?? [], isTrusted: false };
    if (stored && rootOf(stored).equals(expected)) return { hashes: stored, isTrusted: true };
    if (stored) this.tell(level, index);
    const healed = await this.fromBelow(level, index);
    if (healed && rootOf(healed).equals(expected)) return { hashes: healed, isTrusted: true };
    return { hashes: stored ?? [], isTrusted: false };
  }

  /**
   * The edge is proven as a whole. Where it is not what was signed, each of its tiles may be wrong, or what lies below
   * it: of the few combinations, the one that was signed is used, and tells which tiles are wrong.
   */
  private async openEdge(root: Buffer): Promise<void> {
    const { size } = this.tree;
    const levels = Array.from({ length: levelMax + 1 }, (_, level) => level);
    const isAtEdge = (level: number) => hashesAt(size, level) % tileWidth !== 0;
    const indexAt = (level: number) => Math.floor(hashesAt(size, level) / tileWidth);
    const stored = await Promise.all(
      levels.map((level) => (isAtEdge(level) ? this.stored(level, indexAt(level)) : [])),
    );
    this.edge = stored.map((hashes) => hashes ?? []);
    this.isEdgeTrusted = edgeRoot(this.edge).equals(root);
    if (this.isEdgeTrusted) return;
    let choices: (readonly Hashes[])[] = [[]];
    for (const level of levels) {
      const healed = isAtEdge(level) ? await this.fromBelow(level, indexAt(level)) : undefined;
      const options = [stored[level], healed].filter((some) => some !== undefined);
      choices = choices.flatMap((chosen) => (options.length ? options : [[]]).map((one) => [...chosen, one]));
    }
    const signed = choices.find((edge) => edgeRoot(edge).equals(root));
    const edge = signed ?? this.edge;
    for (const level of levels)
      if (stored[level] && edge[level] !== stored[level] && !isSame(edge[level], stored[level]))
        this.tell(level, indexAt(level));
    this.edge = edge;
    this.isEdgeTrusted = signed !== undefined;
    if (!signed)
      this.findings.add({
        code: "tile.changed",
        what: "the tiles at the right edge are not what the checkpoint's root was signed over",
        ...(size > 0 ? { where: tilePath(tileOf(size, 0, Math.floor((size - 1) / tileWidth))) } : {}),
      });
  }

  /** What a tile must be by what lies below it; undefined where that is not there. */
  private async fromBelow(level: number, index: number): Promise<Hashes | undefined> {
    try {
      if (level === 0) return (await readEntries(this.tree, index)).map(leafHash);
      const below = [];
      for (let n = 0; n < tileOf(this.tree.size, level, index).width; n += 1)
        below.push(rootOf(await readHashes(this.tree, level - 1, index * tileWidth + n)));
      return below;
    } catch (fault) {
      if (fault instanceof TileFault) return undefined;
      throw fault;
    }
  }

  private async stored(level: number, index: number): Promise<Hashes | undefined> {
    try {
      return await readHashes(this.tree, level, index);
    } catch (fault) {
      if (!(fault instanceof TileFault)) throw fault;
      this.findings.add(faultFinding(fault));
      return undefined;
    }
  }

  private tell(level: number, index: number): void {
    const where = tilePath(tileOf(this.tree.size, level, index));
    this.findings.add({ code: "tile.changed", what: "its hashes are not what the tile above it commits to", where });
  }
}

const isSame = (some: Hashes | undefined, others: Hashes): boolean =>
  some?.length === others.length && some.every((hash, n) => hash.equals(others[n] as Buffer));

/** A missing or malformed object as a finding. */
export const faultFinding = ({ kind, tile }: TileFault) =>
  ({
    code: kind === "missing" ? "tile.missing" : "tile.changed",
    what: kind === "missing" ? "an object of the log is missing" : "an object of the log has not its form",
    where: tilePath(tile),
  }) as const;
