/** Where Python is on this machine: what runs in it needs one, and says so where there is none. */
import { execFile } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** How a program ended: what it printed, or its error. */
export interface Ended {
  readonly code: number;
  readonly out: string;
}

/** Runs a program to its end; 127 where it cannot be started. */
export const call = (program: string, args: readonly string[], cwd?: string): Promise<Ended> =>
  new Promise((resolve) => {
    const options = { maxBuffer: 64 * 1024 * 1024, ...(cwd ? { cwd } : {}) };
    execFile(program, args, options, (error, out, err) =>
      resolve({ code: error ? (typeof error.code === "number" ? error.code : 127) : 0, out: `${out}${err}` }),
    );
  });

const usual = ["python3.14", "python3.13", "python3.12", "python3.11", "python3.10", "python3", "python"];

/**
 * A Python that can make environments: `LANYARD_PYTHON`, the newest by its usual names, or one that pyenv keeps.
 * @param least the oldest minor version of Python 3 that will do
 * @returns its program; undefined where there is none
 */
export async function pythonProgram(least: number): Promise<string | undefined> {
  const named = process.env.LANYARD_PYTHON;
  const question = `import sys, venv; sys.exit(sys.version_info < (3, ${least}))`;
  for (const name of named ? [named] : [...usual, ...(await keptByPyenv())])
    if ((await call(name, ["-c", question])).code === 0) return name;
  return undefined;
}

/** pyenv's names on the path answer only for the version that it has selected. */
async function keptByPyenv(): Promise<readonly string[]> {
  const { code, out } = await call("pyenv", ["root"]);
  const versions = join(out.trim(), "versions");
  if (code !== 0 || !existsSync(versions)) return [];
  return readdirSync(versions).map((version) => join(versions, version, "bin", "python3"));
}

/**
 * An empty environment with these packages, by pip's own settings.
 * @returns its Python; undefined where pip reaches no index, or the index lacks one of them
 */
export async function environment(python: string, folder: string, ...packages: readonly string[]) {
  const made = await call(python, ["-m", "venv", folder]);
  if (made.code !== 0) throw new Error(`no environment could be made: ${made.out}`);
  const program = join(folder, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
  const install = await call(program, ["-m", "pip", "install", "--quiet", "--no-input", ...packages]);
  return install.code === 0 ? { program } : { program: undefined, why: install.out };
}
