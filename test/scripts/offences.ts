import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { offences } from "../../scripts/walls.ts";

/** Writes a tree. */
export function tree(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), "lanyard-walls-"));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  return root;
}

/** Tells what is wrong with a tree, as `file:line what`; no circle is known. */
export function wrong(files: Record<string, string>): string[] {
  const root = tree(files);
  return offences(root, []).map(({ file, line, what }) => `${file}:${line} ${what}`);
}
