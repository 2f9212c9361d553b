/**
 * `npm test`: bundles, typecheck, lint, import walls, then every vitest suite, and one closing line that counts them.
 * Arguments are handed to vitest (`npm test -- test/narrow`); `--checks` alone leaves vitest out.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

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
  ["bundles", "node", ["scripts/build.ts"]],
  ["types", "tsc", ["--noEmit"]],
  ["types of the client, alone and as Node 20 knows them", "tsc", ["--noEmit", "-p", "client"]],
  ["types of the stacks", "tsc", ["--noEmit", "-p", "tsconfig.cdk.json"]],
  ["lint", "biome", ["check", "."]],
  ["walls", "node", ["scripts/walls.ts"]],
];

let passed = 0;
let failed = 0;
for (const [name, command, args] of checks) {
  const startedMillis = Date.now();
  const code = await run(command, args);
  console.log(`${code === 0 ? "ok  " : "FAIL"} ${name} (${((Date.now() - startedMillis) / 1000).toFixed(1)} s)`);
  if (code === 0) passed++;
  else failed++;
}

if (!process.argv.includes("--checks")) await suites();
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** Runs the vitest suites and adds up what they report. */
async function suites(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "lanyard-test-"));
  const report = join(folder, "report.json");
  const code = await run("vitest", [
    "run",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
    ...process.argv.slice(2),
  ]);
  try {
    const counts = JSON.parse(readFileSync(report, "utf8")) as { numPassedTests: number; numFailedTests: number };
    passed += counts.numPassedTests;
    failed += counts.numFailedTests;
  } catch {
    console.error("vitest left no report");
    failed++;
  }
  rmSync(folder, { recursive: true, force: true });
  // a suite that cannot be loaded fails the run without failing a single test
  if (code !== 0 && failed === 0) failed++;
}
