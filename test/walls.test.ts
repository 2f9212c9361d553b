import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { offences } from "../scripts/walls.ts";
import { tree, wrong } from "./scripts/offences.ts";

test("the project keeps its walls", () => {
  expect(offences(fileURLToPath(new URL("../", import.meta.url)))).toEqual([]);
});

test("a folder of vectors is skipped under test/ alone, where it holds data", () => {
  const text = 'import "../../../local/a.ts";';
  expect(wrong({ "core/model/vectors/a.ts": text, "test/vectors/a.ts": text })).toEqual([
    "core/model/vectors/a.ts:1 core may not import local/a.ts",
  ]);
});

describe("imports", () => {
  test.each([
    [
      "core from a lambda",
      "core/model/a.ts",
      'import { a } from "../../lambdas/a.ts";',
      "core may not import lambdas/a.ts",
    ],
    [
      "a type as well",
      "core/model/a.ts",
      'import type { A } from "../../client/a.ts";',
      "core may not import client/a.ts",
    ],
    ["a re-export", "core/model/a.ts", 'export * from "../../local/a.ts";', "core may not import local/a.ts"],
    [
      "a dynamic import",
      "core/model/a.ts",
      'const a = await import("../../local/a.ts");',
      "core may not import local/a.ts",
    ],
    ["an import for its effect", "core/model/a.ts", 'import "../../local/a.ts";', "core may not import local/a.ts"],
    [
      "one over several lines",
      "core/model/a.ts",
      'import {\n  a,\n} from "../../local/a.ts";',
      "core may not import local/a.ts",
    ],
    ["a way around", "core/model/deep/a.ts", 'import "../../../core/../local/a.ts";', "core may not import local/a.ts"],
    [
      "the SDK in core",
      "core/model/a.ts",
      'import "@aws-sdk/client-kms";',
      "core may not import the package @aws-sdk/client-kms",
    ],
    ["files in core", "core/model/a.ts", 'import "node:fs";', "core may not import the package node:fs"],
    [
      "files in core by their old name",
      "core/model/a.ts",
      'import "fs/promises";',
      "core may not import the package fs/promises",
    ],
    ["sockets in core", "core/model/a.ts", 'import "node:net";', "core may not import the package node:net"],
    ["a package like jose's", "core/model/a.ts", 'import "jose-evil";', "core may not import the package jose-evil"],
    ["a lambda from the client", "lambdas/a.ts", 'import "../client/a.ts";', "lambdas may not import client/a.ts"],
    ["core in a stack", "lib/a.ts", 'import "../core/a.ts";', "lib may not import core/a.ts"],
    [
      "more than names in a stack",
      "lib/a.ts",
      'import "../lambdas/wiring.ts";',
      "lib may not import lambdas/wiring.ts",
    ],
    ["core in the CDK app", "bin/app.ts", 'import "../core/a.ts";', "bin/app.ts may not import core/a.ts"],
    [
      "a stack in the command",
      "bin/lanyard/main.ts",
      'import "../../lib/a.ts";',
      "bin/lanyard may not import lib/a.ts",
    ],
    [
      "issuance in the client",
      "client/a.ts",
      'import "../core/endpoints/token.ts";',
      "client may not import core/endpoints/token.ts",
    ],
    [
      "core in the emulator",
      "local/emulator/a.ts",
      'import "../../core/a.ts";',
      "local/emulator may not import core/a.ts",
    ],
    [
      "the client in the emulator",
      "local/emulator/kms/service.ts",
      'import "../../../client/a.ts";',
      "local/emulator may not import client/a.ts",
    ],
    [
      "the demo in the emulator",
      "local/emulator/a.ts",
      'import "../demo/a.ts";',
      "local/emulator may not import local/demo/a.ts",
    ],
    ["core in the demo", "local/demo/story/a.ts", 'import "../../../core/a.ts";', "local may not import core/a.ts"],
  ])("tells %s", (_, file, text, what) => {
    const found = wrong({ [file]: text });
    expect(found).toHaveLength(1);
    expect(found[0]?.replace(/:\d+ /, " ")).toBe(`${file} ${what}`);
  });

  test("gives the line of each", () => {
    const text = 'import "./b.ts";\n\nimport "node:http";\nimport "node:net";\n';
    expect(wrong({ "core/model/a.ts": text }).map((line) => line.split(" ")[0])).toEqual([
      "core/model/a.ts:3",
      "core/model/a.ts:4",
    ]);
  });

  test("leaves what the architecture allows alone", () => {
    expect(
      wrong({
        "core/model/a.ts": 'import { b } from "./b.ts";\nimport { jwtVerify } from "jose";\nimport "node:crypto";',
        "lambdas/a.ts": 'import "../core/model/a.ts";\nimport "@aws-sdk/client-kms";',
        "lib/a.ts": 'import "../lambdas/env.ts";\nimport "aws-cdk-lib/aws-kms";',
        "bin/app.ts": 'import "../lib/a.ts";',
        "bin/lanyard/registry/plan.ts": 'import "../../../core/model/a.ts";',
        "client/a.ts": 'import "../core/verify/a.ts";\nimport "../core/model/wire.ts";',
        "local/demo/story/a.ts": 'import "../../../client/a.ts";\nimport "../../../bin/lanyard/registry/plan.ts";',
        "local/demo/boot.ts": 'import "../emulator/boot.ts";',
        "test/a.ts": 'import "../core/model/a.ts";\nimport "../local/a.ts";',
      }),
    ).toEqual([]);
  });

  test("is not misled by comments", () => {
    expect(
      wrong({ "core/model/a.ts": '// import "node:fs";\n/* import "node:fs"; */\n/**\n * from "node:fs"\n */' }),
    ).toEqual([]);
  });
});

describe("pure code", () => {
  test.each([
    ["the environment", "const a = process.env.A;"],
    ["the environment by brackets", 'const a = process["env"];'],
    ["the clock", "const now = Date.now();"],
    ["the clock as a date", "const now = new Date();"],
    ["the clock handed on", "const clock = { now: Date.now };"],
    ["a stopwatch", "const a = performance.now();"],
    ["the network", 'await fetch("https://example.com");'],
    ["the network by its owner", 'await globalThis.fetch("https://example.com");'],
    ["chance", "const a = Math.random();"],
    ["random bytes", "const a = randomBytes(16);"],
  ])("may not touch %s", (_, text) => {
    expect(wrong({ "core/model/a.ts": text })).toHaveLength(1);
    expect(wrong({ "lambdas/a.ts": text })).toEqual([]);
  });

  test.each([
    ["a port called fetch", "await ports.fetch(url);"],
    ["a date of a given time", "const at = new Date(millis).toISOString();"],
    ["a word in a text", 'const text = "process.env and fetch(x)";'],
    ["a word in a comment", "const a = 1; // Date.now() is a port"],
    ["a longer name", "const a = prefetch(1);"],
  ])("may have %s", (_, text) => {
    expect(wrong({ "core/model/a.ts": text })).toEqual([]);
  });
});

describe("folders", () => {
  test.each(["utils", "common", "helpers", "services", "types"])("are not called %s, however deep", (name) => {
    expect(wrong({ [`core/token/${name}/a.ts`]: "" })).toEqual([
      `core/token/${name}/:1 no folder is called ${name}: a thing lives with what it serves`,
    ]);
  });

  test("at the top are those of the architecture", () => {
    expect(wrong({ "src/a.ts": "" })).toEqual(["src/:1 there is no such room; the architecture names the folders"]);
  });
});

describe("storeys of core", () => {
  test("may be gone down, by one or by many, and a room may import its own files", () => {
    expect(
      wrong({
        "core/admin/a.ts": 'import "../token/settle.ts";\nimport "../model/result.ts";',
        "core/token/settle.ts": 'import type { A } from "./source.ts";\nimport "../session/liveness.ts";',
      }),
    ).toEqual([]);
  });

  test.each([
    ["upwards", "core/session/a.ts", 'import { a } from "../token/a.ts";', "above it"],
    ["upwards for a type", "core/model/a.ts", 'import type { A } from "../endpoints/a.ts";', "above it"],
    ["beside it", "core/keys/a.ts", 'export * from "../session/a.ts";', "beside it"],
    ["upwards from a folder inside", "core/session/deep/a.ts", 'import "../../token/a.ts";', "above it"],
  ])("are not gone %s", (_, file, text, where) => {
    const [found, ...more] = wrong({ [file]: text });
    expect(more).toEqual([]);
    expect(found).toMatch(new RegExp(`^${file}:1 core/\\w+ may not import core/\\w+/a\\.ts: core/\\w+ is ${where}`));
  });

  test("leave no file at core's root, and no room without a storey", () => {
    expect(wrong({ "core/a.ts": "", "core/cellar/a.ts": "" })).toEqual([
      "core/a.ts:1 nothing lies at core's root: a file lives in a room of a storey (scripts/walls/rules.ts)",
      "core/cellar/a.ts:1 core/cellar stands in no storey; give it one in scripts/walls/rules.ts",
    ]);
  });
});

describe("circles", () => {
  const files = {
    "lib/a.ts": 'import type { B } from "./b.ts";',
    "lib/b.ts": 'import "./c.ts";',
    "lib/c.ts": 'import "./a.ts";',
  };

  test("are told whole and once, types included", () => {
    expect(wrong({ ...files, "lib/d.ts": 'import "./a.ts";' })).toEqual([
      "lib/a.ts:1 imports in a circle: lib/a.ts, lib/b.ts, lib/c.ts",
    ]);
  });

  test("that are known are let be for as long as they are there, and told once they are gone or changed", () => {
    const known = [["lib/a.ts", "lib/b.ts", "lib/c.ts"]];
    expect(offences(tree(files), known)).toEqual([]);
    expect(offences(tree({ "lib/a.ts": "" }), known).map(({ what }) => what)).toEqual([
      "this circle is gone; take it out of scripts/walls/known-circles.ts: lib/a.ts, lib/b.ts, lib/c.ts",
    ]);
    const shorter = { ...files, "lib/b.ts": 'import "./a.ts";', "lib/c.ts": "" };
    expect(offences(tree(shorter), known).map(({ what }) => what.split(":")[0])).toEqual([
      "imports in a circle",
      "this circle is gone; take it out of scripts/walls/known-circles.ts",
    ]);
  });
});
