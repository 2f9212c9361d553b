/** Keeps core's imports going down. */
import { storeys } from "./rules.ts";

const storeyOf = new Map(storeys.flatMap((rooms, storey) => rooms.map((room) => [room, storey] as const)));

/** The room of a file of core; undefined for a file at core's root, where nothing lives, and for other files. */
const roomOf = (file: string): string | undefined => /^core\/([^/]+)\//.exec(file)?.[1];

/** What is wrong with where a file of core lies; undefined when nothing is. */
export function wrongPlace(file: string): string | undefined {
  if (!file.startsWith("core/")) return undefined;
  const room = roomOf(file);
  if (room === undefined)
    return "nothing lies at core's root: a file lives in a room of a storey (scripts/walls/rules.ts)";
  return storeyOf.has(room) ? undefined : `core/${room} stands in no storey; give it one in scripts/walls/rules.ts`;
}

/**
 * What is wrong with an import between two files of core; undefined when nothing is. Types count: a type that is
 * imported upwards ties the lower room to the higher as a value does.
 */
export function wrongWay(file: string, target: string): string | undefined {
  const [from, to] = [roomOf(file), roomOf(target)];
  if (from === undefined || to === undefined || from === to) return undefined;
  const [here, there] = [storeyOf.get(from), storeyOf.get(to)];
  if (here === undefined || there === undefined || there > here) return undefined;
  return `core/${from} may not import ${target}: core/${to} is ${there === here ? "beside it" : "above it"}; imports go down`;
}
