/** Builds what a team installs for its own CDK app: the constructs, and the functions' code as it is deployed. */
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { registryPacker } from "../../lambdas/manifest.ts";
import { bundle } from "../build.ts";
import { cedarFile } from "../cedar-beside-the-bundle.ts";

const source = fileURLToPath(new URL("../../lib/", import.meta.url));

/**
 * Bundles the constructs as one ES module for Node 20 with its declarations, and every function beside it. What is a peer
 * by `lib/package.json` stays outside.
 * @param dist where to; emptied first
 */
export async function buildCdk(dist: string): Promise<void> {
  const { build } = await import("tsdown");
  await build({
    config: false,
    cwd: source,
    entry: { index: "./index.ts" },
    outDir: dist,
    tsconfig: "tsconfig.json",
    format: "esm",
    platform: "node",
    target: "node20.19",
    // by each file alone (isolatedDeclarations): TypeScript 7 has no interface that a bundler could ask
    dts: { oxc: true },
    sourcemap: true,
    fixedExtension: false,
    clean: true,
    logLevel: "warn",
  });
  const functions = join(dist, "functions");
  await bundle(undefined, functions);
  // Cedar once: the constructs put it beside each function that decides
  for (const name of readdirSync(functions))
    if (name !== registryPacker) rmSync(join(functions, name, cedarFile), { force: true });
}
