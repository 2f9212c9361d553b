import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import { type BuildOptions, build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildOptions } from "../../scripts/build.ts";
import { joinFirstLoad } from "../../scripts/join-first-load.ts";
import { firstLoad } from "../../scripts/kept/functions.ts";

/** Two lazy modules that share, each with the entry, another one, and a log of what ran in which order. */
const sources: Readonly<Record<string, string>> = {
  "log.ts": `export const log: string[] = []; globalThis.joinedLog = log;`,
  "low.ts": `import { log } from "./log.ts"; log.push("low"); export let count = 0; export const grow = () => ++count;`,
  "a.ts": `import { grow } from "./low.ts"; import { log } from "./log.ts"; log.push("a"); export class A {}; export default grow;`,
  "b.ts": `import { A } from "./a.ts"; import { log } from "./log.ts"; log.push("b"); export const b = () => new A();`,
  "lazy-a.ts": `import grow, { A } from "./a.ts"; import { log } from "./log.ts"; log.push("lazy-a"); export const isA = (x) => x instanceof A; export const count = grow();`,
  "lazy-b.ts": `import { b } from "./b.ts"; import { grow } from "./low.ts"; export const made = b(); export const count = grow();`,
  "index.ts": `
    import grow from "./a.ts"; import { b } from "./b.ts"; import { count } from "./low.ts"; import { log } from "./log.ts";
    log.push("index");
    const { isA } = await import("./lazy-a.ts");
    export const handler = async () => {
      const lazy = await import("./lazy-b.ts");
      return { same: isA(b()) && isA(lazy.made), grown: grow(), seen: count, log };
    };`,
};

let place: string;
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), "lanyard-join-"));
  for (const [name, text] of Object.entries(sources)) writeFileSync(join(place, name), `// @ts-nocheck\n${text}`);
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

async function bundled(joinThem: boolean): Promise<string> {
  const outdir = mkdtempSync(join(place, "out-"));
  const options: BuildOptions = { ...buildOptions, plugins: [], absWorkingDir: place, outdir };
  const built = await build({
    ...options,
    entryPoints: { index: join(place, "index.ts") },
    metafile: true,
    write: false,
  });
  for (const { path, contents } of joinThem ? await joinFirstLoad(built, options) : built.outputFiles)
    writeFileSync(join(outdir, basename(path)), contents);
  return outdir;
}
const answerOf = async (folder: string): Promise<unknown> => {
  const { handler } = (await import(pathToFileURL(join(folder, "index.mjs")).href)) as { handler(): Promise<unknown> };
  return handler();
};

describe("the chunks that a cold start reads", () => {
  it("become one beside the entry, which behaves as before: one instance of each module, run in the same order", async () => {
    const [apart, together] = [await bundled(false), await bundled(true)];
    expect(firstLoad(apart).size).toBeGreaterThan(2);
    expect([...firstLoad(together).keys()]).toEqual(["index.mjs", "first.mjs"]);
    const answer = await answerOf(together);
    expect(answer).toEqual(await answerOf(apart));
    expect(answer).toEqual({ same: true, grown: 3, seen: 3, log: ["low", "a", "b", "index", "lazy-a"] });
  });

  it("wait for no entry: what is loaded while the entry waits comes without it", async () => {
    const folder = await bundled(true);
    for (const text of [...firstLoad(folder)].filter(([file]) => file !== "index.mjs").map(([, each]) => each))
      expect(text).not.toContain("index.mjs");
    expect(readFileSync(join(folder, "index.mjs"), "utf8")).toContain("first.mjs");
  });
});
