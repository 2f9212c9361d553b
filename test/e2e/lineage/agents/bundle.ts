import { join } from "node:path";
import { build } from "esbuild";

/** Functions of the agents' team. */
export const hosted = ["desk", "archivist", "clerk"] as const;

/**
 * Bundles the agents' functions, as CDK's `NodejsFunction` does.
 * @returns the folder of each
 */
export async function bundleAgents(folder: string): Promise<Readonly<Record<(typeof hosted)[number], string>>> {
  const made = hosted.map(async (name) => {
    const outdir = join(folder, name);
    await build({
      entryPoints: { index: join(import.meta.dirname, `${name}.ts`) },
      ...{ outdir, bundle: true, platform: "node", target: "node24", format: "cjs", mainFields: ["module", "main"] },
      logLevel: "error",
    });
    return [name, outdir] as const;
  });
  return Object.fromEntries(await Promise.all(made)) as Record<(typeof hosted)[number], string>;
}
