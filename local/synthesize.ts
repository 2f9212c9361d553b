/** Builds the bundles and synthesizes the app, as a deployment would, without network and without credentials. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const mostOutputCharacters = 4_000;

/**
 * Runs the build and the app.
 * @param folder where the cloud assembly goes
 * @param onProgress told before each step
 * @param stage stage of the app
 * @returns the folder; throws with the tail of what the failing step printed
 */
export async function synthesize(folder: string, onProgress: (text: string) => void, stage = "local"): Promise<string> {
  onProgress("bundling the functions");
  await run(["scripts/build.ts"], {});
  onProgress("synthesizing the stacks");
  const settings = join(root, "cdk.json");
  const context = existsSync(settings)
    ? (JSON.parse(readFileSync(settings, "utf8")) as { context?: object }).context
    : {};
  await run(["bin/app.ts"], {
    CDK_OUTDIR: folder,
    // The app reads its feature flags from the command line tool, which does not run here.
    CDK_CONTEXT_JSON: JSON.stringify({ ...context, stage }),
  });
  return folder;
}

function run(script: readonly string[], more: Record<string, string>): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, script, {
      cwd: root,
      env: { ...process.env, ...more },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let tail = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        tail = (tail + chunk.toString()).slice(-mostOutputCharacters);
      });
    }
    child.once("error", reject);
    child.once("exit", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`${script.join(" ")} ended with ${code}:\n${tail}`));
    });
  });
}
