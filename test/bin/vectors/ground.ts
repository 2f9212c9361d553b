import { cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runVectors } from "../../../scripts/vectors.ts";

export const own = new URL("../../vectors/", import.meta.url).pathname;

/** Runs the command in this process; a process for each would cost most of the time. */
export async function run(...args: readonly string[]) {
  const [said, wrong]: [string[], string[]] = [[], []];
  const status = await runVectors(args, { out: (line) => void said.push(line), err: (line) => void wrong.push(line) });
  const lines = said.join("\n").trimEnd().split("\n");
  const shown = (all: readonly string[]) => all.map((line) => `${line}\n`).join("");
  return { lines, last: lines.at(-1), stdout: shown(said), stderr: shown(wrong), status };
}

/** A folder with a copy of one of ours, to be spoilt. */
export function copyOf(topic: string): string {
  const folder = join(mkdtempSync(join(tmpdir(), "lanyard-vectors-")), topic);
  cpSync(join(own, topic), folder, { recursive: true });
  return folder;
}

/** Rewrites a manifest of a copy. */
export function rewrite<T>(folder: string, file: string, change: (content: T) => unknown): void {
  const path = join(folder, file);
  writeFileSync(path, JSON.stringify(change(JSON.parse(readFileSync(path, "utf8")) as T)));
}
