import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const script = new URL("../../../scripts/vectors.ts", import.meta.url).pathname;
export const own = new URL("../../vectors/", import.meta.url).pathname;

export function run(...args: readonly string[]) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [script, ...args], { encoding: "utf8" });
  const lines = stdout.trimEnd().split("\n");
  return { lines, last: lines.at(-1), stdout, stderr, status };
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
