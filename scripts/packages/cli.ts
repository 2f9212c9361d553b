/** Builds the operator's command: one bundle, with everything inside. */
import { copyFileSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";
import { buildOptions, cedarWasm } from "../build.ts";
import { cedarBesideTheBundle, cedarFile } from "../cedar-beside-the-bundle.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** What is required only when it is needed: by a name that the bundler sees, or it would be looked for at run time. */
const requiredLate: Plugin = {
  name: "required-late",
  setup(build) {
    build.onLoad({ filter: /[\\/]bin[\\/]lanyard[\\/]terminal[\\/]width\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, "utf8");
      const late = 'createRequire(import.meta.url)("string-width")';
      if (!text.includes(late)) throw new Error(`${path} requires string-width otherwise than the bundler knows`);
      return { contents: text.replace(late, 'require("string-width")'), loader: "ts" };
    });
  },
};

/**
 * Bundles the command.
 * @param dist where to; emptied first
 */
export async function buildCli(dist: string): Promise<void> {
  rmSync(dist, { recursive: true, force: true });
  const { build } = await import("esbuild");
  await build({
    ...buildOptions,
    entryPoints: { lanyard: join(root, "bin/lanyard/main.ts") },
    outdir: dist,
    outExtension: { ".js": ".js" },
    write: true,
    // 68 MB of native code that one command needs: whoever uses that installs it
    external: ["@duckdb/node-api"],
    // places in our files and in others'; their text would be four times the bundle
    sourcemap: true,
    sourcesContent: false,
    plugins: [...buildOptions.plugins, cedarBesideTheBundle, requiredLate],
  });
  copyFileSync(cedarWasm(), join(dist, cedarFile));
}
