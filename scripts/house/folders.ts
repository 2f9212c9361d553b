/** How many source files lie beside each other. */
import { posix } from "node:path";
import type { Source } from "./source.ts";

/** Folders with their source files, fullest first; what lies in a folder's folders is not counted with it. */
export function flatFolders(
  sources: readonly Source[],
): readonly { readonly folder: string; readonly files: number }[] {
  const counts = new Map<string, number>();
  for (const { file } of sources) {
    const folder = posix.dirname(file);
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return [...counts].map(([folder, files]) => ({ folder, files })).sort((a, b) => b.files - a.files);
}
