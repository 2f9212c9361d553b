import { readTilePath, type TileName, tilePath, tileWidth } from "../tlog/tile.ts";
import type { ReadTile } from "../tlog/tree.ts";

/** How an object of the log is kept: under Object Lock, or, since a fuller one takes its place, for a while. */
export type Keeping = "locked" | "partial";

/** An object as it was read. */
export interface FoundObject {
  readonly bytes: Buffer;
  /** The store's mark of exactly this content at this key. */
  readonly tag: string;
}

/** The objects of the log, by their paths below its prefix. */
export interface LogObjects {
  read(path: string): Promise<FoundObject | undefined>;
  /** Creates an object that is not there. @returns whether it was not there */
  create(path: string, bytes: Buffer, keeping: Keeping): Promise<boolean>;
  /** Replaces an object that still has a tag. @returns whether it had */
  replace(path: string, bytes: Buffer, tag: string): Promise<boolean>;
}

/** Something stands where the log wants to write, and is not what it would write. */
export class ChangedObject extends Error {
  readonly path: string;
  constructor(path: string) {
    super(`${path} is not what the log has there: nothing more is signed`);
    this.path = path;
  }
}

/** Reads tiles of the log. */
export const tilesOf =
  (objects: Pick<LogObjects, "read">): ReadTile =>
  async (name) =>
    (await objects.read(tilePath(name)))?.bytes;

/**
 * Tiles of hashes at level 0 and bundles of entries are replaced by fuller ones within days, since the log grows by an
 * entry an hour at least. Those of higher levels may be needed for years before they are full, and are few.
 */
const keepingOf = ({ level, width }: TileName): Keeping =>
  width < tileWidth && (level === 0 || level === "entries") ? "partial" : "locked";

/**
 * Writes an object for good.
 * @throws ChangedObject when another one is there
 */
export async function keep(objects: LogObjects, path: string, bytes: Buffer): Promise<void> {
  const name = readTilePath(path);
  if (await objects.create(path, bytes, name ? keepingOf(name) : "locked")) return;
  // who finishes another's batch finds some of it written
  const found = await objects.read(path);
  if (!found?.bytes.equals(bytes)) throw new ChangedObject(path);
}
