/**
 * `node scripts/python.ts`: tests `python/` in an environment of its own, with the newest Python here (`LANYARD_PYTHON`
 * names another): mypy and pytest. Where Python 3.10 or pip's index is missing, it says so and ends with 0. The package
 * as it is built and installed is the campaign's `reach-python`.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { environment, pythonProgram } from "./python/find.ts";

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

async function main(): Promise<boolean> {
  const python = await pythonProgram(10);
  if (python === undefined) {
    console.log("python: skipped, Python 3.10 or newer is missing here");
    return true;
  }
  const folder = mkdtempSync(join(tmpdir(), "lanyard-python-"));
  try {
    const tools = ["botocore", "cryptography", "fastapi", "httpx", "httpx2", "mypy==2.4.1", "pytest==9.2.0", "uvicorn"];
    const { program, why } = await environment(python, join(folder, "tests"), ...tools);
    if (program === undefined) {
      console.log(`python: skipped, pip cannot install what the tests need: ${why.trim().split("\n").at(-1)}`);
      return true;
    }
    const done = await Promise.all([
      run("types", program, ["-m", "mypy", "--cache-dir", join(folder, "mypy")], source),
      run("tests", program, ["-m", "pytest"], source),
    ]);
    return done.every((passed) => passed);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const passed = await main();
if (!passed) console.error("python: FAILED");
process.exitCode = passed ? 0 : 1;
