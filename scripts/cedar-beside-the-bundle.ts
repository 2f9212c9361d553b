import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";

const root = fileURLToPath(new URL("../", import.meta.url));

/** Cedar's WebAssembly, wherever it lies beside a bundle. */
export const cedarFile = "cedar_wasm_bg.wasm";

/** Of Cedar's builds only `/web` survives bundling; it takes its bytes from beside the bundle. */
export const cedarBesideTheBundle: Plugin = {
  name: "cedar-beside-the-bundle",
  setup(build) {
    build.onResolve({ filter: /^@cedar-policy\/cedar-wasm\/nodejs$/ }, ({ path }) => ({ path, namespace: "cedar" }));
    build.onLoad({ filter: /.*/, namespace: "cedar" }, () => ({
      resolveDir: root,
      contents: `
        import { readFileSync } from "node:fs";
        import { initSync } from "@cedar-policy/cedar-wasm/web";
        initSync({ module: readFileSync(new URL("./${cedarFile}", import.meta.url)) });
        export * from "@cedar-policy/cedar-wasm/web";`,
    }));
  },
};
