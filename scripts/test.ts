/**
 * `npm test`: bundles, typecheck, lint, import walls, then every vitest suite; then what failed, in few
 * lines, and one closing line that counts them.
 * Arguments are handed to vitest (`npm test -- test/narrow`); `--checks` alone leaves vitest out, `--tests` in
 * front all else. `--changed [SINCE]` runs the checks, and of the tests those that what differs from the last commit, or
 * from SINCE, can make fail; it needs git.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { changedFiles, testFinder } from "./test/changed.ts";
import type { TestReport } from "./test/failures.ts";
import { failureLines } from "./test/tail.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

/** Runs one step; resolves to its exit code, output straight through. */
function run(command: string, args: readonly string[]): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: "inherit" });
    child.on("error", (error) => {
      console.error(`${command} could not be started: ${error.message}`);
      resolve(1);
    });
    child.on("exit", (code) => resolve(code ?? 1));
  });
}

const checks: readonly (readonly [string, string, readonly string[]])[] = [
  ["bundles", "node", ["scripts/kept/functions.ts"]],
  ["types", "tsc", ["--noEmit"]],
  ["types of the client, alone and as Node 20 knows them", "tsc", ["--noEmit", "-p", "client"]],
  ["types of the stacks", "tsc", ["--noEmit", "-p", "tsconfig.cdk.json"]],
  ["lint", "biome", ["check", "."]],
  ["walls", "node", ["scripts/walls.ts"]],
];

const { args, none } = chosen(process.argv.slice(2));
const [first, ...rest] = args;
let passed = 0;
let failed = 0;
for (const [name, command, args] of first === "--tests" ? [] : checks) {
  const startedMillis = Date.now();
  const code = await run(command, args);
  console.log(`${code === 0 ? "ok  " : "FAIL"} ${name} (${((Date.now() - startedMillis) / 1000).toFixed(1)} s)`);
  if (code === 0) passed++;
  else failed++;
}

if (!none && !args.includes("--checks")) await suites(first === "--tests" ? rest : args);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** `--changed` becomes the files that it stands for; `none` when no test depends on what was changed. */
function chosen(given: readonly string[]): { readonly args: readonly string[]; readonly none: boolean } {
  const at = given.indexOf("--changed");
  if (at < 0) return { args: given, none: false };
  const [since, ...more] = given.slice(at + 1);
  const changed = changedFiles(root, since);
  if (changed === undefined || more.length > 0) {
    console.error(
      more.length > 0
        ? "--changed takes one commit or branch at most"
        : `--changed needs git, and a repository that knows ${since ?? "HEAD"}; npm test runs everything, npm test -- test/narrow a folder`,
    );
    process.exit(2);
  }
  const tests = testFinder(root)(changed);
  const count = tests === "all" ? "every test file" : `${tests.length} test files`;
  console.log(`${changed.length} changed files, ${count} to run`);
  const before = given.slice(0, at);
  return tests === "all" ? { args: before, none: false } : { args: [...before, ...tests], none: tests.length === 0 };
}

/** Runs the vitest suites, adds up what they report, and names once more behind it all what failed. */
async function suites(args: readonly string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "lanyard-test-"));
  process.env.LANYARD_TEST_REPORT = join(folder, "report.json");
  const reporter = fileURLToPath(new URL("./test/failures.ts", import.meta.url));
  const code = await run("vitest", ["run", "--reporter=default", `--reporter=${reporter}`, ...args]);
  try {
    const report = JSON.parse(readFileSync(process.env.LANYARD_TEST_REPORT, "utf8")) as TestReport;
    passed += report.passed;
    failed += report.failed;
    const failures = report.failures.map(({ where, why }) => [where, why] as const);
    for (const line of failureLines(failures, 16)) console.log(line);
  } catch {
    console.error("vitest left no report");
    failed++;
  }
  rmSync(folder, { recursive: true, force: true });
  // vitest may also fail for what is no test: a worker that died, a threshold
  if (code !== 0 && failed === 0) failed++;
}
