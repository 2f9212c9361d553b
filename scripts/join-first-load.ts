/** Joins the chunks that a bundle reads at every cold start: the bundler makes one for each set of lazy ones that shares it. */
import { basename, dirname } from "node:path";
import type { BuildOptions, Metafile, OutputFile, Plugin } from "esbuild";

/** A file of a bundle. */
type Written = Pick<OutputFile, "path" | "contents">;

/** What all of them become. */
const joined = "first.mjs";

/**
 * Puts every chunk that the entry imports, directly or not, into one file. It is no part of the entry: a lazy chunk
 * that shares code with it would wait for the entry, which may itself be waiting for that chunk.
 * @param built a bundle in ES modules, split, with its metafile
 * @param options how it was built
 * @returns its files; the very same ones where there is nothing to join
 */
export async function joinFirstLoad(
  built: { readonly outputFiles: readonly Written[]; readonly metafile: Metafile },
  options: BuildOptions,
): Promise<readonly Written[]> {
  const files = new Map(built.outputFiles.map((file) => [basename(file.path), file]));
  const outputs = new Map(Object.entries(built.metafile.outputs).map(([path, output]) => [basename(path), output]));
  const chunks = firstLoadOf(outputs);
  if (chunks.length < 2) return built.outputFiles;
  /** A name of a chunk as the joined file exports it. */
  const nameOf = (chunk: string, name: string) => `c${chunks.indexOf(chunk)}_${name}`;
  const exported = (chunk: string) => outputs.get(chunk)?.exports ?? [];
  const listOf = (chunk: string, line: (name: string, as: string) => string) =>
    exported(chunk)
      .map((name) => line(name, nameOf(chunk, name)))
      .join(", ");
  const entry = chunks
    .map(
      (chunk) =>
        `import "./${chunk}"; export { ${listOf(chunk, (name, as) => `${name} as ${as}`)} } from "./${chunk}";`,
    )
    .join("\n");
  const stub = (chunk: string) => `export { ${listOf(chunk, (name, as) => `${as} as ${name}`)} } from "./${joined}";`;
  const textOf = (file: string) => Buffer.from(files.get(file)?.contents ?? []).toString();
  const { outdir = "." } = options;
  // as in the build: a boot that finds every bundle kept never loads the bundler
  const { build } = await import("esbuild");
  const rewrite = async (contents: string, loadChunk: (chunk: string) => string): Promise<Uint8Array> => {
    const { banner: _, outdir: __, ...kept } = options;
    const plugins = [chunksFrom(new Set(chunks), loadChunk)];
    const stdin = { contents, resolveDir: outdir, loader: "js" } as const;
    const once = await build({ ...kept, stdin, plugins, splitting: false, write: false, metafile: false });
    return once.outputFiles?.[0]?.contents ?? new Uint8Array();
  };
  const others = [...files.keys()].filter((file) => !chunks.includes(file));
  return Promise.all([
    rewrite(entry, textOf).then((contents) => ({
      path: `${dirname(files.get("index.mjs")?.path ?? "")}/${joined}`,
      contents,
    })),
    ...others.map(async (file) => {
      const whole = files.get(file) as Written;
      const touches = outputs.get(file)?.imports.some(({ path }) => chunks.includes(basename(path))) ?? false;
      return touches ? { path: whole.path, contents: await rewrite(textOf(file), stub) } : whole;
    }),
  ]);
}

/** The chunks below the entry, each before whoever imports it. */
function firstLoadOf(outputs: ReadonlyMap<string, Metafile["outputs"][string]>): readonly string[] {
  const found = new Set<string>();
  const visit = (file: string) => {
    for (const { path, kind } of outputs.get(file)?.imports ?? []) {
      const next = basename(path);
      if (kind !== "import-statement" || !outputs.has(next) || found.has(next) || next === "index.mjs") continue;
      found.add(next);
      visit(next);
    }
  };
  visit("index.mjs");
  return [...found];
}

/** esbuild plugin: chunks of the first load come from memory, all other files stay beside the bundle. */
const chunksFrom = (chunks: ReadonlySet<string>, load: (chunk: string) => string): Plugin => ({
  name: "chunks",
  setup(bundler) {
    bundler.onResolve({ filter: /^\.\// }, ({ path, kind }) => {
      const file = basename(path);
      return chunks.has(file) && kind === "import-statement"
        ? { path: file, namespace: "chunk" }
        : { path, external: true };
    });
    bundler.onLoad({ filter: /.*/, namespace: "chunk" }, ({ path }) => ({ contents: load(path), loader: "js" }));
  },
});
