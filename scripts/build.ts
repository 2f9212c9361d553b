/**
 * Bundles the functions: `lambdas/<name>/index.ts` becomes `dist/<name>/index.mjs`, everything inside, the AWS SDK too
 * (the runtime's own version floats); and beside them the program that packs a registry for a deployment.
 * `node scripts/build.ts [--report]`.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BuildOptions, Metafile } from "esbuild";
import { functionNames, registryPacker, withCedar } from "../lambdas/manifest.ts";
import { builtinsByRequire } from "./builtins-by-require.ts";
import { cedarBesideTheBundle, cedarFile } from "./cedar-beside-the-bundle.ts";
import { joinFirstLoad } from "./join-first-load.ts";
import { lateBesideTheBundle, lateBuilds } from "./late-modules.ts";
import { schemasWithoutFormats } from "./lean-json-schema.ts";
import { credentialsOfTheEnvironment, leanClients } from "./lean-sdk.ts";
import { zodThatParses } from "./lean-zod.ts";

const root = fileURLToPath(new URL("../", import.meta.url));

/** How every function is bundled. */
export const buildOptions = {
  outExtension: { ".js": ".mjs" },
  // what a function imports lazily lies beside it and is read when it is needed, not at every cold start
  splitting: true,
  chunkNames: "[name]-[hash]",
  write: false,
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  target: "node24",
  format: "esm",
  minify: true,
  mainFields: ["module", "main"],
  // CommonJS packages inside an ES module still call `require`; few do at a start, so it is made when one does
  banner: {
    js: "const require=(name)=>process.getBuiltinModule('node:module').createRequire(import.meta.url)(name);",
  },
  legalComments: "none",
  metafile: true,
  logLevel: "error",
  plugins: [
    builtinsByRequire,
    leanClients,
    credentialsOfTheEnvironment,
    zodThatParses,
    schemasWithoutFormats,
    lateBesideTheBundle,
  ],
} as const satisfies BuildOptions;

/** One bundle as built. */
interface Bundle {
  readonly name: string;
  readonly folder: string;
  /** Size of `index.mjs` and its chunks. */
  readonly bytes: number;
  /** esbuild's account of what is inside. */
  readonly metafile: Metafile;
}

/**
 * Bundles functions.
 * @param names which ones; all of them by default
 * @param dist where to; `dist/` by default
 * @throws naming every function whose entry file is missing
 */
export async function bundle(
  names: readonly string[] = [...functionNames, registryPacker],
  dist: string = join(root, "dist"),
): Promise<Bundle[]> {
  const missing = names.filter((name) => !existsSync(join(root, entry(name))));
  if (missing.length > 0) throw new Error(`cannot bundle: ${missing.map(entry).join(", ")} does not exist`);
  return fewAtATime(names, (name) => bundleOne(name, join(dist, name)));
}

/**
 * Does work for each of several things, for no more at a time than there are cores: seventeen bundlers at once take a
 * gigabyte, and each other's time.
 * @returns the results in the order of the things
 */
export async function fewAtATime<T, R>(things: readonly T[], work: (thing: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(things.length);
  const queue = things.entries();
  const worker = async () => {
    for (const [index, thing] of queue) results[index] = await work(thing);
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), things.length) }, worker));
  return results;
}

/**
 * Bundles one function into a folder.
 * @throws naming it, with what the bundler said
 */
export async function bundleOne(name: string, folder: string): Promise<Bundle> {
  try {
    return await bundleInto(name, folder);
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    throw new Error(`function ${name} cannot be bundled from ${entry(name)}: ${why}`, { cause: thrown });
  }
}

async function bundleInto(name: string, folder: string): Promise<Bundle> {
  mkdirSync(folder, { recursive: true });
  // a boot that finds every bundle kept never loads the bundler
  const { build } = await import("esbuild");
  const options = {
    ...buildOptions,
    ...(name === registryPacker && { plugins: [...buildOptions.plugins, cedarBesideTheBundle] }),
    outdir: folder,
  };
  const first = await build({ ...options, entryPoints: { index: join(root, entry(name)) } });
  const late = await Promise.all(
    lateBuilds(first.metafile.inputs, options).map((each) => build({ ...each, metafile: true, write: false })),
  );
  const outputFiles = [...(await joinFirstLoad(first, options)), ...late.flatMap((each) => each.outputFiles)];
  // whoever keeps a bundle by what it was made from must know of these files too
  const inputs = Object.assign({}, first.metafile.inputs, ...late.map(({ metafile }) => metafile.inputs));
  const metafile: Metafile = { ...first.metafile, inputs };
  // chunks first: an index that is there finds everything it names
  const isEntry = ({ path }: { path: string }) => basename(path) === "index.mjs";
  for (const { path, contents } of [...outputFiles.filter((f) => !isEntry(f)), ...outputFiles.filter(isEntry)])
    put(path, contents);
  const kept = outputFiles.map(({ path }) => basename(path));
  if (name === registryPacker || withCedar.some((one) => one === name)) {
    put(join(folder, cedarFile), readFileSync(cedarWasm()));
    kept.push(cedarFile);
  }
  // chunks of an earlier build would be deployed with this one
  for (const old of readdirSync(folder)) if (!kept.includes(old)) rmSync(join(folder, old), { force: true });
  return { name, folder, bytes: outputFiles.reduce((sum, { contents }) => sum + contents.length, 0), metafile };
}

/** Replaces a file in one step: two builds at a time, or a function that is just starting, never see half of it. */
function put(file: string, contents: Uint8Array): void {
  const half = join(dirname(dirname(file)), `.${process.pid}-${basename(dirname(file))}-${basename(file)}`);
  writeFileSync(half, contents);
  renameSync(half, file);
}

/** Where a bundle begins, below the project. */
const entry = (name: string): string =>
  name === registryPacker ? "bin/lanyard/registry/pack.ts" : `lambdas/${name}/index.ts`;

/** Where Cedar's WebAssembly lies. */
export function cedarWasm(): string {
  // `./web` has an import condition only: `require.resolve` does not find it
  const web = fileURLToPath(import.meta.resolve("@cedar-policy/cedar-wasm/web"));
  return join(dirname(web), cedarFile);
}

if (import.meta.main) {
  const bundles = await bundle();
  if (process.argv.includes("--report")) {
    for (const { name, bytes } of bundles) process.stdout.write(`${name.padEnd(14)}${Math.round(bytes / 1024)} KB\n`);
    const all = Object.fromEntries(bundles.map(({ name, metafile }) => [name, metafile]));
    writeFileSync(join(root, "dist", "metafiles.json"), JSON.stringify(all));
  }
}
