import type { Plugin } from "esbuild";

/** A value of any format is not of that format. */
export const noFormats = "export const format = new Proxy({}, { get: () => () => false });";

/**
 * A registered details type has no `format` (`core/details/schema-keywords.ts`), but the validator brings all of them, 6 kB
 * of patterns. A bundle has in their place what refuses: a schema that says `format` after all is met by nothing.
 */
export const schemasWithoutFormats: Plugin = {
  name: "schemas-without-formats",
  setup(build) {
    build.onLoad({ filter: /[\\/]@cfworker[\\/]json-schema[\\/]dist[\\/]esm[\\/]format\.js$/ }, () => ({
      loader: "js",
      contents: noFormats,
    }));
  },
};
