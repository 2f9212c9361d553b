import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Denial } from "../../core/denial/denial.ts";
import { explainDenial } from "../../core/denial/explain.ts";
import { denialReply } from "../../core/denial/wire.ts";
import { schemaFault } from "../../core/details/conform.ts";
import { buildOptions } from "../../scripts/build.ts";
import { lateBuilds } from "../../scripts/late-modules.ts";
import { denials } from "../kit/samples/denials.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "lanyard-late-"));
const { cache } = createRequire(import.meta.url);
const isLoaded = (file: string): boolean => Object.keys(cache).includes(join(folder, file));

interface Bundled {
  readonly explainDenial: typeof explainDenial;
  readonly denialReply: typeof denialReply;
  readonly schemaFault: typeof schemaFault;
}
let bundled: Bundled;
let inputs: readonly string[];

beforeAll(async () => {
  const contents = `
    export { explainDenial } from "./core/denial/explain.ts";
    export { denialReply } from "./core/denial/wire.ts";
    export { schemaFault } from "./core/details/conform.ts";`;
  const options = { ...buildOptions, write: true, outdir: folder };
  const first = await build({ ...options, stdin: { contents, resolveDir: root } });
  const late = await Promise.all(lateBuilds(first.metafile.inputs, options).map((each) => build(each)));
  inputs = late.flatMap(({ metafile }) => Object.keys(metafile?.inputs ?? {}));
  bundled = (await import(pathToFileURL(join(folder, "stdin.mjs")).href)) as Bundled;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("what a function loads when it first needs it", () => {
  it("is not loaded with the function, and is with the first call", () => {
    expect([isLoaded("denials.cjs"), isLoaded("schemas.cjs")]).toEqual([false, false]);
    expect(bundled.denialReply({ code: "dpop_missing" }).status).toBe(400);
    expect([isLoaded("denials.cjs"), isLoaded("schemas.cjs")]).toEqual([true, false]);
    expect(bundled.schemaFault({ schema: { type: "object" } }, { type: "t" })).toBeUndefined();
    expect(isLoaded("schemas.cjs")).toBe(true);
  });

  it.each(Object.values<Denial>(denials))("tells of $code what the source tells", (denial) => {
    expect(bundled.denialReply(denial)).toEqual(denialReply(denial));
    expect(bundled.explainDenial(denial)).toEqual(explainDenial(denial));
  });

  it("finds the fault in a detail that the source finds", () => {
    const schema = {
      type: "object",
      required: ["customers"],
      properties: { customers: { type: "array", maxItems: 1 } },
    };
    for (const detail of [{ type: "t" }, { type: "t", customers: ["C-1"] }, { type: "t", customers: ["C-1", "C-2"] }])
      expect(bundled.schemaFault({ schema }, detail)).toEqual(schemaFault({ schema }, detail));
  });

  it("is told to whoever keeps bundles by what they were made from", () => {
    expect(inputs).toContain("core/denial/table/offer.ts");
    expect(inputs.some((input) => input.includes("@cfworker/json-schema"))).toBe(true);
  });
});
