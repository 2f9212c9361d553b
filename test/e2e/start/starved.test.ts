/**
 * The story on a machine that has next to nothing left: one core, shared with a busy loop that goes first. A newcomer's
 * laptop and a loaded CI runner look like this. Minutes long.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";

const start = join(import.meta.dirname, "../../../local/start.ts");
const folder = mkdtempSync(join(tmpdir(), "lanyard-starved-"));
/** Core 0 alone, where the system can say so: elsewhere one busy loop a core would be needed, and cores differ. */
const onCore = ["taskset", "-c", "0"] as const;
let busy: ChildProcess;

beforeAll(() => {
  busy = spawn(onCore[0], [...onCore.slice(1), process.execPath, "--eval", "for (;;);"], { stdio: "ignore" });
});
afterAll(() => {
  busy.kill("SIGKILL");
  rmSync(folder, { recursive: true, force: true });
});

it.runIf(process.platform === "linux")(
  "succeeds beside a busy loop on its only core, which goes first",
  {
    // the long stop of a test is for a machine that is merely busy
    timeout: starvedMillis(),
  },
  async () => {
    const args = [...onCore.slice(1), "nice", "-n", "10", process.execPath, start];
    const options = ["--once", "--json", "--memory", "--directory", folder];
    const child = spawn(onCore[0], [...args, ...options], { env: { ...process.env, NO_COLOR: "1" } });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on("data", (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const code = await new Promise((resolve) => child.once("close", resolve));
    expect(code, stderr).toBe(0);
    const told = JSON.parse(stdout) as { ok: boolean; steps: { ok: boolean }[]; auditRecords: number };
    expect(told.ok).toBe(true);
    expect(told.steps.length).toBeGreaterThan(10);
    expect(told.steps.every((step) => step.ok)).toBe(true);
    expect(told.auditRecords).toBeGreaterThan(10);
    expect(busy.exitCode, "the busy loop ran all the time").toBeNull();
  },
);

/** Half an hour. */
function starvedMillis(): number {
  return 1_800_000;
}
