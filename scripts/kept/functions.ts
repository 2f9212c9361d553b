/** The functions' bundles, kept by the hash of what they were made from; alone, this puts them into `dist/`. */
import { cpSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { functionNames, registryPacker } from "../../lambdas/manifest.ts";
import { buildOptions, bundleOne, cedarWasm, fewAtATime } from "../build.ts";
import { keepBundle } from "./bundles.ts";
import { type Hasher, hashFile, hashOf, hashOnce } from "./hash.ts";
import { usualStore } from "./store.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Decides about bundles beside the files that the bundler names. */
const settings = hashOf(
  JSON.stringify([
    process.version,
    { ...buildOptions, plugins: buildOptions.plugins.map(({ name }) => name) },
    [
      "package-lock.json",
      "package.json",
      "tsconfig.json",
      "scripts/build.ts",
      "scripts/cedar-beside-the-bundle.ts",
      "lambdas/manifest.ts",
      "scripts/builtins-by-require.ts",
      "scripts/join-first-load.ts",
      "scripts/late-modules.ts",
      "scripts/lean-json-schema.ts",
      "scripts/lean-sdk.ts",
      "scripts/lean-zod.ts",
    ].map((file) => hashFile(join(root, file))),
    hashFile(cedarWasm()),
  ]),
);

interface Keeping {
  /** Told before each that is bundled. */
  readonly onDoing?: (what: string) => void;
  /** Hashes each file once for all of them. */
  readonly hash?: Hasher;
}

/**
 * Bundles functions, or finds them as they were made from the very same files.
 * @returns the folder of each by its name
 */
export async function keepFunctions(
  store: string,
  names: readonly string[],
  { onDoing = () => undefined, hash = hashOnce() }: Keeping = {},
): Promise<Record<string, string>> {
  let done = 0;
  const made = await fewAtATime(names, async (name) => {
    const build = async (folder: string) => {
      onDoing(`bundling the functions: ${name}, ${done + 1} of ${names.length}`);
      const { metafile } = await bundleOne(name, folder);
      return Object.keys(metafile.inputs).filter(
        (input) => !/^(builtin|builtin-by-name|cedar|credentials):/.test(input),
      );
    };
    const bundle = await keepBundle(join(store, "bundles", name), { name, root, settings, build, hash });
    done += 1;
    return bundle;
  });
  return Object.fromEntries(made.map(({ name, folder }) => [name, folder]));
}

/**
 * Puts every function's bundle, and the program that packs a registry, into a folder: as `bundle` of
 * `scripts/build.ts`, but what is kept is copied.
 * @param dist where to: a folder a function
 */
export async function putFunctions(dist: string, store: string = usualStore): Promise<void> {
  const ready = await keepFunctions(store, [...functionNames, registryPacker]);
  for (const [name, folder] of Object.entries(ready)) {
    rmSync(join(dist, name), { recursive: true, force: true });
    cpSync(folder, join(dist, name), { recursive: true });
  }
}

/**
 * What a cold start of a bundle reads: its entry and every chunk that is imported before the entry runs. What is
 * imported later lies beside and waits.
 * @returns their texts, by the files' names
 */
export function firstLoad(folder: string): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  const load = (file: string) => {
    if (files.has(file)) return;
    const text = readFileSync(join(folder, file), "utf8");
    files.set(file, text);
    for (const [, next = ""] of text.matchAll(/(?:from|import)\s*"\.\/([^"/]+\.mjs)"/g)) load(next);
  };
  load("index.mjs");
  return files;
}

/** How many bytes a cold start of a bundle reads. */
export const firstLoadBytes = (folder: string): number =>
  [...firstLoad(folder).values()].reduce((sum, text) => sum + Buffer.byteLength(text), 0);

if (import.meta.main) await putFunctions(join(root, "dist"));
