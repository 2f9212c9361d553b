/** Bundles that are kept by the hash of the files they were made from. */
import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Hasher, hashFile, hashOf } from "./hash.ts";
import { find, make } from "./store.ts";

/** How a function is bundled. */
interface Bundling {
  readonly name: string;
  /** Folder that its inputs are named from. */
  readonly root: string;
  /** Everything beside the inputs that decides about the result: lock, options, the bundler itself. */
  readonly settings: string;
  /** Bundles into a folder; resolves to the files it was made from. */
  readonly build: (folder: string) => Promise<readonly string[]>;
  /** Shared by the bundles that are looked up together. */
  readonly hash?: Hasher;
}

/** A bundle, ready to be used. */
interface KeptBundle {
  readonly name: string;
  readonly folder: string;
  /** Whether it was there already. */
  readonly kept: boolean;
}

/** A clock and a file system may differ by this much. */
const marginMillis = 2_000;

/**
 * A bundle, from the store when none of the files of its last build has changed since, and else built anew.
 * @param store where bundles are kept
 */
export async function keepBundle(store: string, bundling: Bundling): Promise<KeptBundle> {
  const { name, root, settings, build, hash: shared = hashFile } = bundling;
  const keyOf = (inputs: readonly string[], hash: Hasher): string =>
    `${name}-${hashOf(JSON.stringify([settings, inputs.map((input) => [input, hash(join(root, input))])])).slice(0, 40)}`;
  const list = join(store, `${name}.inputs.json`);
  const last = readInputs(list);
  const there = last && find(store, keyOf(last, shared), shared);
  if (there !== undefined) return { name, folder: there, kept: true };
  const startedMillis = Date.now();
  const { folder, made } = await make(store, async (into) => {
    const inputs = [...(await build(into))].sort();
    // a file saved while it was read may stand in the bundle as it was: such a bundle is used once
    const settled = inputs.every((input) => savedBefore(join(root, input), startedMillis - marginMillis));
    return { inputs, key: settled ? keyOf(inputs, hashFile) : undefined };
  });
  if (made.key !== undefined) put(list, JSON.stringify(made.inputs));
  return { name, folder, kept: false };
}

const savedBefore = (file: string, millis: number): boolean => existsSync(file) && statSync(file).mtimeMs < millis;

function readInputs(list: string): readonly string[] | undefined {
  try {
    const read: unknown = JSON.parse(readFileSync(list, "utf8"));
    return Array.isArray(read) && read.length > 0 && read.every((each) => typeof each === "string") ? read : undefined;
  } catch {
    return undefined;
  }
}

function put(file: string, text: string): void {
  const half = `${file}.${process.pid}`;
  writeFileSync(half, text);
  renameSync(half, file);
}
