/** The synthesized assembly, kept by the hash of everything that the app reads. */
import { join } from "node:path";
import { filesBelow, type Hasher, hashesBelow, hashFile, hashOf } from "./hash.ts";
import { find, make } from "./store.ts";

/** What an assembly is made from. */
export interface Synthesis {
  /** Folder of the project. */
  readonly root: string;
  readonly stage: string;
  /** Context as the app gets it, without the bundles' place. */
  readonly context: object;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Folder of each function's bundle. */
  readonly bundles: Readonly<Record<string, string>>;
  /** Folder of the registry that the stage deploys. */
  readonly registry?: string;
  /** Synthesizes into a folder. */
  readonly synthesize: (folder: string) => Promise<void>;
}

/** `bin` reads the client, too. */
const sources = ["lib", "bin", "core", "scripts", "client", "stages"];
const alsoRead = [
  "lambdas/env.ts",
  "lambdas/manifest.ts",
  "cdk.json",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
];
const unread = new Set(["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "NODE_COMPILE_CACHE"]);

/**
 * Hash of everything an assembly depends on. Credentials are left out: nothing of them reaches a template, and they
 * change by the hour; so is where Node keeps what it compiled.
 */
export function assemblyKey(
  { root, stage, context, environment, bundles, registry }: Omit<Synthesis, "synthesize">,
  hash: Hasher = hashFile,
): string {
  const named = Object.entries(environment).filter(([name]) => /^(CDK|JSII|AWS|NODE)_/.test(name) && !unread.has(name));
  return hashOf(
    JSON.stringify({
      node: process.version,
      stage,
      context,
      environment: named.sort(([a], [b]) => (a < b ? -1 : 1)),
      sources: sources.map((folder) => [folder, hashesBelow(join(root, folder), hash)]),
      alsoRead: alsoRead.map((file) => [file, hash(join(root, file))]),
      bundles: Object.entries(bundles).map(([name, folder]) => [name, hashesBelow(folder, hash)]),
      registry: registry === undefined ? [] : [filesBelow(registry), hashesBelow(registry, hash)],
    }),
  ).slice(0, 40);
}

/**
 * An assembly from the store when nothing it depends on has changed, and else synthesized anew.
 * @param store where assemblies are kept
 * @param hash remembers what was hashed for the bundles
 * @returns its folder, and whether it was there already
 */
export async function keepAssembly(
  store: string,
  synthesis: Synthesis,
  hash: Hasher = hashFile,
): Promise<{ readonly folder: string; readonly kept: boolean }> {
  const key = assemblyKey(synthesis, hash);
  const there = find(store, key);
  if (there !== undefined) return { folder: there, kept: true };
  const { folder } = await make(store, async (into) => {
    await synthesis.synthesize(into);
    // a file saved meanwhile may have been read before or after: such an assembly is used once
    return { key: assemblyKey(synthesis) === key ? key : undefined };
  });
  return { folder, kept: false };
}
