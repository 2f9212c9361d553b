import { readFile } from "node:fs/promises";
import type { Plugin } from "esbuild";

/**
 * A function parses by its schemas and writes no JSON Schema of them; zod hangs that writer on every schema, so that no
 * bundler can tell. A bundle has in its place what says so. `lanyard registry schema` writes them, from the package itself.
 */
export const zodThatParses: Plugin = {
  name: "zod-that-parses",
  setup(build) {
    build.onLoad(
      { filter: /[\\/]zod[\\/]v4[\\/]core[\\/](to-json-schema|json-schema-processors)\.js$/ },
      async (file) => {
        const source = await readFile(file.path, "utf8");
        const names = [...source.matchAll(/^export (?:const|function|class) (\w+)/gm)].map(([, name]) => name);
        const lines = names.map((name) => `export { left as ${name} };`);
        return {
          loader: "js",
          contents: `const left = () => { throw new Error("a function's bundle writes no JSON Schema"); };\n${lines.join("\n")}`,
        };
      },
    );
  },
};
