import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { run } from "../../../bin/lanyard/program.ts";

let scratch = "";

/** Gives the tests of the calling file a folder, and removes it. */
export function setUp(): void {
  beforeAll(() => {
    scratch = mkdtempSync(join(tmpdir(), "lanyard-tools-"));
  });
  afterAll(() => rmSync(scratch, { recursive: true }));
}

/** Runs a command line where no deployment is. */
export async function lanyard(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = { out: (line: string) => void out.push(line), err: (line: string) => void err.push(line) };
  const code = await run(args, { terminal, env, folder: scratch });
  return { code, out: out.join("\n"), err: err.join("\n") };
}

/** A file of JSON. */
export function jsonFile(value: unknown): string {
  const file = join(mkdtempSync(join(scratch, "json-")), "file.json");
  writeFileSync(file, typeof value === "string" ? value : JSON.stringify(value));
  return file;
}

/** A registry's folder of one file, and what that file holds now. */
export function folderWith(text: string) {
  const folder = mkdtempSync(join(scratch, "registry-"));
  writeFileSync(join(folder, "all.yaml"), text);
  return { folder, now: () => readFileSync(join(folder, "all.yaml"), "utf8") };
}
