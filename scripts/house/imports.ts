/** Who imports whom: rooms of core that import each other, and circles of files. */
import { circlesOf } from "../walls/circles.ts";
import type { Source } from "./source.ts";

/** Two rooms that import each other, with an import of either direction to look at. */
interface Pair {
  readonly rooms: readonly [string, string];
  /** How many imports go each way: the thinner way is the one to cut. */
  readonly counts: readonly [number, number];
  /** The imports of the thinner way, as `file:line target`. */
  readonly thinner: readonly string[];
}

/** The room a file of core lives in: the folder below `core/`, or core's root. */
function roomOf(file: string): string | undefined {
  const [top, room, ...rest] = file.split("/");
  if (top !== "core" || room === undefined) return undefined;
  return rest.length === 0 ? "core" : `core/${room}`;
}

/** Every pair of core's rooms with imports both ways; a type that is imported ties as a value does. */
export function mutualRooms(sources: readonly Source[]): readonly Pair[] {
  const ways = new Map<string, string[]>();
  for (const { file, imports } of sources)
    for (const { target, line } of imports) {
      const [from, to] = [roomOf(file), roomOf(target)];
      if (from === undefined || to === undefined || from === to) continue;
      const way = `${from} ${to}`;
      ways.set(way, [...(ways.get(way) ?? []), `${file}:${line} ${target}`]);
    }
  return [...ways].flatMap(([way, there]) => {
    const [from = "", to = ""] = way.split(" ");
    const back = ways.get(`${to} ${from}`);
    if (back === undefined || from > to) return [];
    return [
      {
        rooms: [from, to] as const,
        counts: [there.length, back.length] as const,
        thinner: there.length <= back.length ? there : back,
      },
    ];
  });
}

/** Circles of files, types included. */
export function circles(sources: readonly Source[]): readonly (readonly string[])[] {
  return circlesOf(new Map(sources.map(({ file, imports }) => [file, imports.map(({ target }) => target)])));
}
