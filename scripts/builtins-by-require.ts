/** Node's own modules by `process.getBuiltinModule`: an ES import of one evaluates its every getter, needed or not. */
import { builtinModules } from "node:module";
import type { OnResolveArgs, Plugin } from "esbuild";

/** Functions and classes behind getters that load files of Node's own: read when they are called or compared with. */
const lateMembers: Readonly<Record<string, readonly string[]>> = {
  crypto: ["getRandomValues"],
  fs: ["ReadStream", "WriteStream"],
};
/** What no ordinary call needs: the SDK reads its files of settings with it where there are any. */
const lateModules = ["fs/promises"];

const nameOf = (path: string): string => path.replace(/^node:/, "");

/**
 * esbuild plugin: what is imported of Node's modules is read of them by name, and the rest is left alone. ES imports of
 * `process` and `fs` alone cost a cold start eight milliseconds (streams for standard output, a list of flags), those of
 * `http` 25 to 40 (undici's WebSocket among them).
 */
export const builtinsByRequire: Plugin = {
  name: "builtins-by-require",
  setup(build) {
    const known = new Set(builtinModules);
    build.onResolve({ filter: /^(node:)?[a-z_]+(\/[a-z_]+)?$/ }, ({ path, kind }) =>
      kind === "import-statement" && known.has(nameOf(path))
        ? { path: nameOf(path), namespace: "builtin-by-name", sideEffects: false }
        : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: "builtin-by-name" }, ({ path }) => ({
      contents: lateModules.includes(path) ? lateText(path) : textOf(path),
      loader: "js",
    }));
    httpByRequire.setup(build);
  },
};

/** Each member for itself, so that the bundler leaves out what nobody imports, and its getter with it. */
function textOf(name: string): string {
  const late = lateMembers[name] ?? [];
  return [
    `const own = /* @__PURE__ */ process.getBuiltinModule("node:${name}");`,
    "const member = (name) => own[name];",
    `const late = (name) => new Proxy(function () {}, {
      get: (_, key) => own[name][key],
      apply: (_, self, facts) => own[name](...facts),
      construct: (_, facts) => new own[name](...facts),
    });`,
    ...membersOf(name).map(
      (member) => `export const ${member} = /* @__PURE__ */ ${late.includes(member) ? "late" : "member"}("${member}");`,
    ),
    "export default own;",
  ].join("\n");
}

/** A module of functions alone, loaded by the first of them that is called. */
const lateText = (name: string): string =>
  [
    `const own = () => process.getBuiltinModule("node:${name}");`,
    ...membersOf(name)
      .filter((member) => member !== "constants")
      .map((member) => `export const ${member} = (...facts) => own().${member}(...facts);`),
    "export default /* @__PURE__ */ new Proxy({}, { get: (_, key) => own()[key] });",
  ].join("\n");

const membersOf = (name: string): readonly string[] =>
  Object.getOwnPropertyNames(process.getBuiltinModule(`node:${name}`)).filter(
    (member) => /^[A-Za-z_$][\w$]*$/.test(member) && member !== "default",
  );

/** The same for `http` and its kin alone, whole and when a chunk that is loaded late asks for them. */
export const httpByRequire: Plugin = {
  name: "http-by-require",
  setup(build) {
    build.onResolve({ filter: /^(node:)?(http|https|http2)$/ }, ({ path }: OnResolveArgs) => ({
      path: nameOf(path),
      namespace: "builtin",
    }));
    build.onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule("node:${path}");`,
      loader: "js",
    }));
  },
};
