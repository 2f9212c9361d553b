/** Builds the bundles and synthesizes the app, as a deployment would, without network and without credentials. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const mostOutputCharacters = 4_000;

/**
 * Runs the build and the app.
 * @param folder where bundles and cloud assembly go
 * @param onProgress told before each step
 * @param stage stage of the app
 * @returns the assembly's folder; throws with the tail of what the failing step printed
 */
export async function synthesize(folder: string, onProgress: (text: string) => void, stage = "local"): Promise<string> {
  onProgress("bundling the functions");
  // Into a folder of its own: two runs at the same time must not take away each other's bundles.
  const dist = join(folder, "dist");
  const build = `const { bundle } = await import("./scripts/build.ts"); await bundle(undefined, ${JSON.stringify(dist)});`;
  await run(["--input-type=module", "--eval", build], {});
  onProgress("synthesizing the stacks");
  const assembly = join(folder, "cdk.out");
  const settings = join(root, "cdk.json");
  const context = existsSync(settings)
    ? (JSON.parse(readFileSync(settings, "utf8")) as { context?: object }).context
    : {};
  await run(["bin/app.ts"], {
    CDK_OUTDIR: assembly,
    // The app reads its feature flags from the command line tool, which does not run here.
    CDK_CONTEXT_JSON: JSON.stringify({ ...context, stage, dist }),
  });
  return assembly;
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
