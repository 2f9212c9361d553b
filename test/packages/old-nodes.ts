/** The oldest Node of each line that the client promises to run on, as npm has them as packages. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const folder = join(import.meta.dirname, "nodes");
const programOf = (line: string) => join(folder, `node_modules/node-${line}-${process.arch}/bin/node`);

/**
 * Node 20 and 22 by their own lock, installed when they are not there yet, and this one.
 * @returns the programs, by line
 */
export async function nodes(): Promise<Readonly<Record<"20" | "22" | "24", string>>> {
  const found = { "20": programOf("20"), "22": programOf("22"), "24": process.execPath };
  if (!Object.values(found).every((program) => existsSync(program)))
    await promisify(execFile)("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: folder });
  return found;
}
