import type { Dirent } from "node:fs";
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import type { RegistryProblem } from "../../../core/model/registry-document.ts";
import { err, ok, type Result } from "../../../core/model/result.ts";

/** The contents of a folder. */
interface Listed {
  /** Files below it, as paths from it, in the order of their names. */
  readonly names: readonly string[];
  /** Files whose names begin with a dot, which are not listed. */
  readonly hidden: readonly string[];
  /** Links and entries that could not be followed. */
  readonly problems: readonly RegistryProblem[];
}

/** Most levels of folders that are read, since links can make circles. */
const depthMax = 20;

/**
 * Lists every file below a folder, following links: a folder mounted from a Kubernetes ConfigMap contains only links,
 * and a file that several registries share is linked into each. If a file were skipped silently, its prohibitions would
 * be missing. Names that begin with a dot are left out, since editors, version control and ConfigMaps (`..data`) use
 * them.
 * @param filesMax stops once there are more
 * @returns undefined where there is no such folder
 */
export async function listFolder(directory: string, filesMax: number): Promise<Listed | undefined> {
  const names: string[] = [];
  const hidden: string[] = [];
  const problems: RegistryProblem[] = [];
  const report = (file: string, message: string) => problems.push({ file, line: 1, path: "", message });
  const walk = async (below: string, above: readonly string[]): Promise<void> => {
    const folder = await realpath(join(directory, below));
    if (above.includes(folder)) return void report(below, "a link leads back to a folder above it");
    if (above.length > depthMax) return void report(below, `more than ${depthMax} folders deep`);
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      if (names.length > filesMax) return;
      const name = below === "" ? entry.name : `${below}/${entry.name}`;
      if (entry.name.startsWith(".")) {
        if (!entry.name.startsWith("..") && !entry.isDirectory()) hidden.push(name);
        continue;
      }
      const kind = await kindOf(entry, join(directory, name));
      if (kind === "folder") await walk(name, [...above, folder]);
      else if (kind === "file") names.push(name);
      else report(name, kind);
    }
  };
  try {
    await walk("", []);
  } catch (cause) {
    if (isMissing(cause) && names.length === 0) return undefined;
    throw cause;
  }
  return { names: names.sort(), hidden: hidden.sort(), problems };
}

async function kindOf(entry: Dirent, path: string): Promise<"file" | "folder" | (string & {})> {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "folder";
  if (!entry.isSymbolicLink()) return "is neither a file nor a folder";
  try {
    const target = await stat(path);
    return target.isDirectory() ? "folder" : target.isFile() ? "file" : "leads to neither a file nor a folder";
  } catch (cause) {
    if (isMissing(cause)) return "is a link that leads nowhere";
    throw cause;
  }
}

const isMissing = (cause: unknown): boolean =>
  cause instanceof Error && "code" in cause && ["ENOENT", "ENOTDIR", "ELOOP"].includes(String(cause.code));

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads a file as UTF-8. Another encoding is refused and not guessed: UTF-16 that is read as UTF-8 gives other letters,
 * and part of a policy could be lost. A byte order mark before UTF-8 is removed.
 * @returns the text, or what is wrong with the file
 */
export async function readText(path: string, maxBytes: number): Promise<Result<string, string>> {
  const { size } = await stat(path);
  if (size > maxBytes) return err(`larger than ${maxBytes} bytes`);
  const bytes = await readFile(path);
  if (bytes.length > maxBytes) return err(`larger than ${maxBytes} bytes`);
  const mark = bytes.subarray(0, 2).toString("hex");
  if (mark === "fffe" || mark === "feff") return err("is UTF-16; save it as UTF-8");
  if (bytes.includes(0)) return err("holds a zero byte: it is no text, or no UTF-8; save it as UTF-8");
  try {
    const text = utf8.decode(bytes);
    return ok(text.startsWith("\ufeff") ? text.slice(1) : text);
  } catch {
    return err("is not UTF-8; save it as UTF-8");
  }
}
