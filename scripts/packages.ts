/**
 * `node scripts/packages.ts`: builds the packages where they stand, ready for `npm pack` and `npm publish`
 * (docs/releasing.md); `--into FOLDER` puts each into a folder of its own there and leaves the checkout alone.
 */
import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { buildCdk } from "./packages/cdk.ts";
import { buildCli } from "./packages/cli.ts";
import { buildClient } from "./packages/client.ts";
import { placeSources } from "./packages/source-maps.ts";

/** A package that is published. */
interface Package {
  /** Its name without the scope. */
  readonly name: string;
  /** Where its `package.json` stands. */
  readonly folder: string;
  readonly build: (dist: string) => Promise<void>;
}

const root = fileURLToPath(new URL("../", import.meta.url));

/** Every package, in the order in which they are published. */
export const packages: readonly Package[] = [
  { name: "client", folder: "client", build: placing(buildClient) },
  { name: "cli", folder: "bin/lanyard", build: placing(buildCli) },
  { name: "cdk", folder: "lib", build: placing(buildCdk) },
];

function placing(build: Package["build"]): Package["build"] {
  return async (dist) => {
    await build(dist);
    placeSources(dist);
  };
}

/** The scope of their names, as the root's `package.json` holds it. */
export function packageScope(): string {
  const { name } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { readonly name: string };
  return name.slice(0, name.indexOf("/"));
}

/**
 * Builds one package into a folder of its own, just what `npm pack` reads.
 * @param into made where it is not there
 */
export async function buildInto({ folder, build }: Package, into: string): Promise<void> {
  mkdirSync(into, { recursive: true });
  const { files } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as {
    readonly files: readonly string[];
  };
  const written = files.filter((file) => file !== "dist");
  for (const file of ["package.json", "README.md", "LICENSE", ...written])
    cpSync(join(root, folder, file), join(into, file));
  await build(join(into, "dist"));
}

if (import.meta.main) {
  const at = process.argv.indexOf("--into");
  const into = at === -1 ? undefined : process.argv[at + 1];
  if (at !== -1 && into === undefined) throw new Error("--into needs a folder");
  for (const one of packages) {
    if (into === undefined) await one.build(join(root, one.folder, "dist"));
    else await buildInto(one, join(resolve(into), one.name));
    process.stdout.write(`${packageScope()}/${one.name}\n`);
  }
}
