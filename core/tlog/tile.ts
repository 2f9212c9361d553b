/** Hashes of a full tile, and entries of a full bundle (C2SP tlog-tiles). */
export const tileWidth = 256;

/** Highest level at which a tree whose size a number can hold exactly has hashes. */
export const levelMax = 6;

/** One object of the log: a tile of hashes at a level, or a bundle of entries. */
export interface TileName {
  readonly level: number | "entries";
  /** Place within the level, from 0. */
  readonly index: number;
  /** Hashes or entries in it: 256 when it is full, else it is partial and stands at the right edge of some tree. */
  readonly width: number;
}

/** Path of a tile below the log's prefix: `tile/<L>/<N>[.p/<W>]`, `tile/entries/<N>[.p/<W>]` (C2SP tlog-tiles). */
export function tilePath({ level, index, width }: TileName): string {
  const groups = [String(index % 1000).padStart(3, "0")];
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000))
    groups.unshift(`x${String(rest % 1000).padStart(3, "0")}`);
  return `tile/${level}/${groups.join("/")}${width === tileWidth ? "" : `.p/${width}`}`;
}

const pathForm = /^tile\/(entries|\d|[1-5]\d|6[0-3])\/((?:x\d{3}\/){0,5}\d{3})(?:\.p\/([1-9]\d{0,2}))?$/;

/** The tile that a path names; undefined when it is no path of a tile in its one spelling. */
export function readTilePath(path: string): TileName | undefined {
  const [, level, groups, width] = pathForm.exec(path) ?? [];
  if (level === undefined || groups === undefined) return undefined;
  const name: TileName = {
    level: level === "entries" ? level : Number(level),
    index: Number(groups.replaceAll(/[x/]/g, "")),
    width: width === undefined ? tileWidth : Number(width),
  };
  // written back it must be the same text, which no `.p/256` and no leading group of zeros is
  return name.width <= tileWidth && Number.isSafeInteger(name.index) && tilePath(name) === path ? name : undefined;
}
