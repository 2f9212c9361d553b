import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { build } from "esbuild";
import { twinOf } from "../../scripts/packages/twins.ts";

const root = join(import.meta.dirname, "../..");

/** What every runtime has, browsers and workers included; nothing of Node's own. */
const webGlobals = {
  ...{ atob, btoa, Blob, crypto, DecompressionStream, TextDecoder, TextEncoder, URL, URLSearchParams },
  ...{ AbortSignal, Headers, Request, Response, ReadableStream, console },
};

/**
 * Loads files of ours where there is no Node: bundled as the client's `default` entries are, in a context that has no
 * `Buffer`, no `process` and no way to import.
 * @param files what to load, from the repository's root; all that they export is answered
 */
export async function loadWithoutNode(...files: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const { outputFiles } = await build({
    stdin: { contents: files.map((file) => `export * from "./${file}";`).join("\n"), resolveDir: root },
    bundle: true,
    write: false,
    format: "iife",
    globalName: "loaded",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["default"],
    plugins: [
      {
        name: "twins",
        setup: ({ onResolve }) =>
          onResolve({ filter: /./ }, ({ path, importer }) => {
            const twin =
              importer === "" ? undefined : twinOf(path, importer === "<stdin>" ? join(root, "x") : importer);
            return twin === undefined ? undefined : { path: twin };
          }),
      },
    ],
  });
  return runInNewContext(`${outputFiles[0]?.text}; loaded`, { ...webGlobals });
}
