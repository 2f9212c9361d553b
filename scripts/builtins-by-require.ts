import type { Plugin } from "esbuild";

/**
 * esbuild plugin: `node:http` and its kin come by `process.getBuiltinModule`. An ES import of them evaluates every lazy
 * getter (undici's WebSocket among them): 25 to 40 ms of each cold start.
 */
export const builtinsByRequire: Plugin = {
  name: "builtins-by-require",
  setup(build) {
    build.onResolve({ filter: /^(node:)?(http|https|http2)$/ }, ({ path }) => ({
      path: path.replace(/^node:/, ""),
      namespace: "builtin",
    }));
    build.onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule("node:${path}");`,
      loader: "js",
    }));
  },
};
