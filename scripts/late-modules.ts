import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BuildOptions, Plugin } from "esbuild";

const root = fileURLToPath(new URL("../", import.meta.url));

/** A module that a function loads when it is first called. */
interface LateModule {
  /** Its file, from the project's root. */
  readonly file: string;
  /** What it is called beside the bundle. */
  readonly as: string;
  /** The functions of it that others import. */
  readonly names: readonly string[];
}

/**
 * What most requests do not need, a tenth of what the larger functions would read at a cold start: the texts of
 * refusals, and the validator of JSON Schema, which only a request with authorization details of a registered type
 * needs. Their callers are synchronous, since they stand in the middle of decisions and records, so an `import()`
 * cannot load them.
 */
const lateModules: readonly LateModule[] = [
  { file: "core/denial/table.ts", as: "denials.cjs", names: ["rowOf", "grantFault"] },
  { file: "core/details/conform.ts", as: "schemas.cjs", names: ["schemaFault"] },
];

const fileOf = ({ file }: LateModule): string => join(root, file);

/**
 * esbuild plugin: a late module becomes a file beside the bundle, which its first call reads and compiles, about a
 * millisecond, once a sandbox. CommonJS, since Lambda's Node does not `require` ES modules.
 */
export const lateBesideTheBundle: Plugin = {
  name: "late-beside-the-bundle",
  setup(build) {
    const byFile = new Map(lateModules.map((late) => [fileOf(late), late]));
    build.onResolve({ filter: /^\.\/(denials|schemas)\.cjs$/ }, ({ path }) => ({ path, external: true }));
    build.onLoad({ filter: /[\\/]core[\\/](denial[\\/]table|details[\\/]conform)\.ts$/ }, ({ path }) => {
      const late = byFile.get(path);
      return late && { loader: "js", contents: stubOf(late) };
    });
  },
};

const stubOf = ({ as, names }: LateModule): string =>
  [
    "let loaded;",
    `const late = () => (loaded ??= require("./${as}"));`,
    ...names.map((name) => `export const ${name} = (...facts) => late().${name}(...facts);`),
  ].join("\n");

/**
 * How the late modules of a bundle are built, each by itself.
 * @param inputs the files that the bundle was made from
 * @param options how the bundle was built
 */
export const lateBuilds = (inputs: Readonly<Record<string, unknown>>, options: BuildOptions): readonly BuildOptions[] =>
  lateModules
    .filter(({ file }) => file in inputs)
    .map((late) => ({
      ...options,
      entryPoints: { [late.as.replace(/\.cjs$/, "")]: fileOf(late) },
      plugins: (options.plugins ?? []).filter((plugin) => plugin !== lateBesideTheBundle),
      outExtension: { ".js": ".cjs" },
      format: "cjs",
      splitting: false,
      banner: {},
    }));
