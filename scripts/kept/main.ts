/**
 * Makes the assembly of a stage, from what is kept where nothing has changed: `node scripts/kept/main.ts STORE STAGE`.
 * Prints one JSON object a line: `{ "doing": … }` before each step that takes time, `{ "assembly": FOLDER }` at the end.
 */
import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { functionNames, registryPacker } from "../../lambdas/manifest.ts";
import { keepAssembly } from "./assembly.ts";
import { keepFunctions } from "./functions.ts";
import { hashOnce } from "./hash.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const say = (what: object): void => void process.stdout.write(`${JSON.stringify(what)}\n`);

/** Folder of the registry that a stage deploys, if it names one. */
function registryOf(stage: string): { readonly registry?: string } {
  const settings = JSON.parse(readFileSync(join(root, "stages", `${stage}.json`), "utf8")) as {
    registry?: { folder?: string };
  };
  return settings.registry?.folder === undefined ? {} : { registry: resolve(root, settings.registry.folder) };
}

async function main(store: string, stage: string): Promise<void> {
  const registry = registryOf(stage);
  const hash = hashOnce();
  const packer = registry.registry === undefined ? [] : [registryPacker];
  const ready = await keepFunctions(store, [...functionNames, ...packer], {
    onDoing: (doing) => say({ doing }),
    hash,
  });
  const { context: flags } = JSON.parse(readFileSync(join(root, "cdk.json"), "utf8")) as { context?: object };
  // the checks of the templates belong to the tests and to `cdk synth`: a boot would pay seconds for them
  const context = { ...flags, stage, checks: "off" };
  const synthesis = {
    root,
    stage,
    context,
    environment: process.env,
    bundles: ready,
    ...registry,
    synthesize: async (into: string) => {
      say({ doing: "synthesizing the stacks" });
      await runApp(into, context, ready);
    },
  };
  const { folder } = await keepAssembly(join(store, "assemblies"), synthesis, hash);
  say({ assembly: folder });
}

/** Runs the app as the command line tool would, on the bundles as they are kept. */
async function runApp(into: string, context: object, ready: Readonly<Record<string, string>>): Promise<void> {
  const dist = mkdtempSync(join(tmpdir(), "lanyard-dist-"));
  try {
    for (const [name, folder] of Object.entries(ready)) cpSync(folder, join(dist, name), { recursive: true });
    // the app reads its feature flags from the command line tool, which does not run here
    const CDK_CONTEXT_JSON = JSON.stringify({ ...context, "lanyard:functions": dist });
    const env = { ...process.env, CDK_OUTDIR: into, CDK_CONTEXT_JSON, CDK_VALIDATION: "false" };
    const child = spawn(process.execPath, ["bin/app.ts"], { cwd: root, env, stdio: ["ignore", "ignore", "inherit"] });
    const code = await new Promise((resolve, reject) => child.once("error", reject).once("exit", resolve));
    if (code !== 0)
      throw new Error(`the stacks of stage ${stageIn(context)} cannot be synthesized: bin/app.ts ended with ${code}`);
  } finally {
    rmSync(dist, { recursive: true, force: true });
  }
}

const stageIn = (context: object): string => String((context as { stage?: unknown }).stage);

try {
  const [store = "", stage = "local"] = process.argv.slice(2);
  if (store === "") throw new Error("node scripts/kept/main.ts STORE [STAGE]");
  await main(store, stage);
} catch (thrown) {
  process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
  process.exitCode = 1;
}
