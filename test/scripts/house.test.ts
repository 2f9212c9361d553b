import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { circles, mutualRooms } from "../../scripts/house/imports.ts";
import { measure } from "../../scripts/house/measures.ts";
import { readSource } from "../../scripts/house/source.ts";
import type { Asked, Told } from "../../scripts/house/way/messages.ts";

const made: string[] = [];
afterAll(() => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

/** Writes a tree of files. */
function tree(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), "lanyard-house-"));
  made.push(root);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  return root;
}

/** One figure of a tree. */
async function figure(name: string, files: Record<string, string>) {
  const [found] = await measure(tree(files), [name]);
  return found ?? expect.fail(name);
}

const sources = (files: Record<string, string>) => Object.entries(files).map(([file, text]) => readSource(file, text));

describe("imports", () => {
  test("finds rooms that import each other, types and re-exports included, and lists the thinner way", () => {
    const found = mutualRooms(
      sources({
        "core/a/one.ts": 'import type { B } from "../b/two.ts";\nexport { C } from "../b/three.ts";',
        "core/b/two.ts": "\nimport { one } from '../a/one.ts';",
        "core/b/three.ts": 'import "../c/four.ts";',
        "core/c/four.ts": 'import "./five.ts";',
        "lambdas/x.ts": 'import "../core/a/one.ts";',
      }),
    );
    expect(found).toEqual([
      { rooms: ["core/a", "core/b"], counts: [2, 1], thinner: ["core/b/two.ts:2 core/a/one.ts"] },
    ]);
  });

  test("counts core's root as one room", () => {
    const found = mutualRooms(
      sources({ "core/a.ts": 'import "./room/b.ts";', "core/room/b.ts": 'import "../c.ts";', "core/c.ts": "" }),
    );
    expect(found.map(({ rooms }) => rooms)).toEqual([["core", "core/room"]]);
  });

  test("finds circles whole, the largest first, and no chain or diamond", () => {
    const found = circles(
      sources({
        "a.ts": 'import "./b.ts";\nimport "./d.ts";',
        "b.ts": 'import { c } from "./c.ts";',
        "c.ts": 'export * from "./a.ts";',
        "d.ts": 'const e = () => import("./e.ts");',
        "e.ts": 'import type { D } from "./d.ts";',
        "f.ts": 'import "./g.ts";\nimport "./h.ts";',
        "g.ts": 'import "./i.ts";',
        "h.ts": 'import "./i.ts";',
        "i.ts": "",
      }),
    );
    expect(found).toEqual([
      ["a.ts", "b.ts", "c.ts"],
      ["d.ts", "e.ts"],
    ]);
  });
});

describe("functions", () => {
  test("counts parameters told apart by place: not `this`, one object, one rest", async () => {
    const { figure: count, found } = await figure("positional", {
      "core/a.ts": [
        "export function four(a: 1, b: 2, c: 3, d: 4) {}",
        "export function three(this: void, a: 1, b: 2, c: 3) {}",
        "export const arrow = (a: 1, { b, c, d, e }: X, ...f: 1[]) => a;",
        "export class C { constructor(a: 1, b: 2, c: 3, d = 4) {} }",
      ].join("\n"),
      "local/b.ts": "const inner = { method(a, b, c, d, e) {} };",
    });
    expect(count).toBe(2);
    expect(found).toEqual([
      "4 parameters  core/a.ts:1 four",
      "4 parameters  core/a.ts:4 constructor",
      "5 parameters  local/b.ts:1 method",
    ]);
  });

  test("measures the longest by its lines, and leaves tables and tests out", async () => {
    const many = (line: string) => Array.from({ length: 90 }, () => line).join("\n");
    const { figure: lines, found } = await figure("longest", {
      "core/a.ts": `function long() {\n${many("f();")}\n}`,
      "core/table.ts": `function table(a) {\nswitch (a) {\n${many("case 1:")}\n}\n}\nconst list = () => [\n${many("1,")}\n];`,
      "core/closures.ts": `const open = () => ({\n${many("// why\n")}\nrun() {},\n});`,
      "test/a.test.ts": `test("x", () => {\n${many("f();\nf();\n")}\n});`,
    });
    expect(lines).toBe(183);
    expect(found.slice(0, 2)).toEqual(["183 lines  core/closures.ts:1 open", "92 lines  core/a.ts:1 long"]);
    expect(found.join()).not.toContain("table");
  });
});

describe("exports", () => {
  test("finds those that no file takes, by name, whole or lazily, and leaves entries out", async () => {
    const { found } = await figure("exports", {
      "package.json": '{ "exports": { ".": { "default": "./client/index.ts" } } }',
      "client/index.ts": 'export const forAll = 1;\nexport { own } from "./own.ts";',
      "built/package.json":
        '{ "exports": { "./kinds/*": { "types": "./dist/kinds/*.d.ts", "default": "./dist/kinds/*.js" } } }',
      "built/kinds/one.ts": "export const forAll = 1;",
      "built/kinds/deep/two.ts": "export const inner = 1;",
      "client/own.ts": "export const own = 1;\nexport const alone = 2;\nexport type Alone = 3;",
      "core/whole.ts": "export const a = 1;",
      "core/lazy.ts": "export const a = 1;",
      "core/user.ts": 'import * as whole from "./whole.ts";\nconst lazy = () => import("./lazy.ts");',
      "core/default.ts": "export default 1;",
      "lambdas/token/index.ts": "export const handler = 1;",
    });
    expect(found).toEqual([
      "client/own.ts:2 alone",
      "client/own.ts:3 Alone",
      "core/default.ts:1 default",
      "built/kinds/deep/two.ts:1 inner",
    ]);
  });

  test("takes a file's twin for runtimes without Node as taken where the file is, and for nothing beyond", async () => {
    const { found } = await figure("exports", {
      "core/bytes.ts": "export const read = 1;\nexport const alone = 2;",
      "core/bytes.web.ts": "export const read = 1;\nexport const alone = 2;\nexport const more = 3;",
      "core/user.ts": 'import { read } from "./bytes.ts";',
    });
    expect(found).toEqual(["core/bytes.ts:2 alone", "core/bytes.web.ts:2 alone", "core/bytes.web.ts:3 more"]);
  });
});

test("the fullest folder is told by the files that lie in it, not below it", async () => {
  const files = (folder: string, count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`${folder}/f${n}.ts`, ""]));
  const { figure: most, found } = await figure("folders", {
    ...files("core/a", 21),
    ...files("core/a/b", 12),
    ...files("core/c", 20),
  });
  expect(most).toBe(21);
  expect(found).toEqual(["21 files  core/a/"]);
});

test("a threat has a test where a named file cites it; what is not built yet is named and not counted", async () => {
  // in two parts, or the lint would take this text for a citation
  const threat = "thre" + "at";
  const {
    figure: untried,
    found,
    note,
  } = await figure("threats", {
    "docs/threats.md": [
      "| no. | attack | answer | tried by |",
      "| 1 | a | b | `test/a.test.ts` |",
      "| 2 | a | b | `test/a.test.ts` |",
      "| 3 | a | b | `test/gone.test.ts` |",
      "| 4 | a | b | *not built yet* (audit) |",
    ].join("\n"),
    "test/a.test.ts": `test("${threat} 1: is refused");\n// ${threat} 22`,
  });
  expect(untried).toBe(2);
  expect(found).toEqual([`docs/threats.md:3 ${threat} 2`, `docs/threats.md:4 ${threat} 3`]);
  expect(note).toMatch(/^of 4 .*: 4$/);
});

test("a file that does not parse is an error, not a gap in the figures", () => {
  expect(() => readSource("core/a.ts", "export const = 1;")).toThrow("core/a.ts does not parse");
});

test("the way of a request counts what ran between event and answer: not loading, nor what did not run", async () => {
  const root = tree({
    "handler.mjs": [
      'import { used, unused } from "./used.mjs";',
      'import { atLoad } from "./at-load.mjs";',
      "atLoad();",
      "export const handler = async (event) => (event.lazy ? (await import('./lazy.mjs')).late(1) : used(event.n));",
    ].join("\n"),
    "used.mjs": "export const used = (n) => n + 1;\nexport const unused = () => 0;",
    "at-load.mjs": "export function atLoad() { return 1; }",
    "lazy.mjs": "const value = 1;\nexport function late(n) { return n + value; }",
  });
  const child = fork(fileURLToPath(new URL("../../scripts/house/way/function.ts", import.meta.url)), [
    join(root, "handler.mjs"),
  ]);
  const told = async () => ((await once(child, "message")) as [Told])[0];
  expect(await told()).toEqual({ kind: "ready" });
  const ask = async (event: unknown) => {
    child.send({ requestId: "r", event } satisfies Asked);
    const answer = await told();
    if (answer.kind !== "answered") return expect.fail();
    const ran = answer.ran.filter(({ url }) => url.includes("lanyard-house-"));
    return { payload: answer.payload, ran: ran.map(({ url, functions }) => `${url.split("/").at(-1)} ${functions}`) };
  };
  expect(await ask({ n: 1 })).toEqual({ payload: "2", ran: ["handler.mjs handler", "used.mjs used"] });
  // again, and what it loads on the way does not count by being loaded
  expect(await ask({ n: 2 })).toEqual({ payload: "3", ran: ["handler.mjs handler", "used.mjs used"] });
  expect((await ask({ lazy: true })).ran).toEqual(["handler.mjs handler", "lazy.mjs late"]);
  child.disconnect();
  await once(child, "exit");
});
