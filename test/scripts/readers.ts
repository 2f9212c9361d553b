import { cpSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findDocuments } from "../../scripts/vectors/find.ts";
import { isSideFile, type Trial, tryDocument } from "../../scripts/vectors/trial.ts";

const own = new URL("../vectors/", import.meta.url).pathname;

/** A copy of one of our own folders of vectors, to be spoilt. */
export function copyOf(topic: string): string {
  const folder = join(mkdtempSync(join(tmpdir(), "lanyard-readers-")), topic);
  cpSync(join(own, topic), folder, { recursive: true });
  return folder;
}

/** An empty folder with these files. */
export function folderWith(files: Readonly<Record<string, unknown>>): string {
  const folder = mkdtempSync(join(tmpdir(), "lanyard-readers-"));
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
  return folder;
}

/** Rewrites a JSON file, in place. */
// biome-ignore lint/suspicious/noExplicitAny: each note has its own shape, which its reader knows
export function rewrite(folder: string, file: string, change: (content: any) => void): void {
  const path = join(folder, file);
  const content: unknown = JSON.parse(readFileSync(path, "utf8"));
  change(content);
  writeFileSync(path, JSON.stringify(content));
}

/** What a file or folder of vectors comes to, and the files in it that nothing read. */
export async function tried(path: string) {
  const { documents, untold } = findDocuments(path);
  const trials: Trial[] = [];
  for (const document of documents) trials.push(await tryDocument(document));
  const failed = trials.filter(({ passed }) => passed === false);
  return {
    trials,
    passed: trials.filter(({ passed }) => passed === true).length,
    failed,
    /** Name of the case, outcome and reason of each failure. */
    why: failed.map(({ file, outcome, reason }) => `${file.split("#").at(-1)}: ${outcome}: ${reason}`),
    unread: untold.filter((file) => !isSideFile(file)).map(({ file }) => file),
  };
}
