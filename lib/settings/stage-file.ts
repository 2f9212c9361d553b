/** A stage's settings as a file. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { LanyardProps } from "./props.ts";
import { checkName, type Stage, stageOf } from "./stage.ts";

/**
 * Reads `stages/<name>.json`, and checks only that it is JSON. Stage `dev` needs no file. The trust domain may be left
 * out; then it is `<name>.lanyard.internal`.
 * @param folder the folder of the stages' files
 * @throws when the file is missing or is not JSON
 */
export function readSettings(folder: string, name: string): LanyardProps {
  // the name becomes part of a path, so it is checked before any file is opened
  checkName(name);
  const file = join(folder, `${name}.json`);
  const own = { stage: name, trustDomain: `${name}.lanyard.internal` };
  if (!existsSync(file)) {
    if (name === "dev") return own;
    throw new Error(`stage "${name}" has no settings: npm run stage -- ${name} makes stages/${name}.json`);
  }
  const given = parse(readFileSync(file, "utf8"), name);
  // stageOf refuses anything that is not an object of settings, and a second name in it
  if (typeof given !== "object" || given === null || Array.isArray(given) || "stage" in given) stageOf(name, given);
  return { ...own, ...(given as object) };
}

/**
 * Reads and checks `stages/<name>.json`.
 * @throws as {@link readSettings}, and when a setting is wrong
 */
export function readStage(folder: string, name: string): Stage {
  const { stage: _, ...given } = readSettings(folder, name);
  return stageOf(name, given);
}

function parse(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`stage "${name}": stages/${name}.json is no JSON: ${(error as Error).message}`);
  }
}
