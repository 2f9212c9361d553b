/**
 * `node scripts/python.ts`: tests `python/` in an environment of its own, with the newest Python here (`LANYARD_PYTHON`
 * names another): mypy, pytest, and the package as it is built and installed. Where Python 3.10 or pip's index is missing,
 * it says so and ends with 0.
 */
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { call, environment, pythonProgram } from "./python/find.ts";

const source = fileURLToPath(new URL("../python", import.meta.url));

function run(what: string, program: string, args: readonly string[], cwd: string): Promise<boolean> {
  console.log(`python: ${what}`);
  return new Promise((resolve) => {
    // no file of Python's beside the sources
    const env = { ...process.env, PYTHONDONTWRITEBYTECODE: "1" };
    const child = spawn(program, args, { cwd, env, stdio: "inherit" });
    child.on("error", () => resolve(false));
    child.on("exit", (code) => resolve(code === 0));
  });
}

/** Builds the package of a copy, and uses it from an environment that has nothing else. */
async function installed(python: string, folder: string): Promise<boolean> {
  const copy = join(folder, "source");
  cpSync(source, copy, { recursive: true, filter: (path) => !/__pycache__|\.mypy_cache|\.venv/.test(path) });
  const wheels = join(folder, "wheels");
  const built = await call(python, ["-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", wheels, copy]);
  const [wheel = ""] = built.code === 0 ? readdirSync(wheels) : [];
  const empty = await environment(python, join(folder, "empty"), join(wheels, wheel));
  if (built.code !== 0 || empty.program === undefined) {
    console.error(`python: the package cannot be built or installed\n${built.out}${empty.why ?? ""}`);
    return false;
  }
  return run("the package as installed", empty.program, [join(source, "tests", "installed.py")], folder);
}

async function main(): Promise<boolean> {
  const python = await pythonProgram(10);
  if (python === undefined) {
    console.log("python: skipped, Python 3.10 or newer is missing here");
    return true;
  }
  const folder = mkdtempSync(join(tmpdir(), "lanyard-python-"));
  try {
    const tools = ["botocore", "cryptography", "fastapi", "httpx", "mypy==2.4.1", "pytest==9.2.0", "uvicorn"];
    const { program, why } = await environment(python, join(folder, "tests"), ...tools);
    if (program === undefined) {
      console.log(`python: skipped, pip cannot install what the tests need: ${why.trim().split("\n").at(-1)}`);
      return true;
    }
    const typed = await run("types", program, ["-m", "mypy", "--cache-dir", join(folder, "mypy")], source);
    const tested = await run("tests", program, ["-m", "pytest"], source);
    return (await installed(program, folder)) && typed && tested;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const passed = await main();
if (!passed) console.error("python: FAILED");
process.exitCode = passed ? 0 : 1;
