import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildOptions } from "../../scripts/build.ts";

let place: string;
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), "lanyard-builtins-"));
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

/** Bundles a text as functions are, runs it in a process of its own, and reads what it printed. */
async function printed(text: string): Promise<unknown> {
  const outfile = join(place, `${Math.random().toString(36).slice(2)}.mjs`);
  const { splitting: _, outExtension: __, chunkNames: ___, absWorkingDir: ____, ...options } = buildOptions;
  const built = await build({ ...options, stdin: { contents: text, resolveDir: place } });
  writeFileSync(outfile, built.outputFiles[0]?.contents ?? "");
  const script = `
    const before = new Set(process.moduleLoadList);
    const { answer } = await import(${JSON.stringify(pathToFileURL(outfile).href)});
    const loaded = process.moduleLoadList.filter((one) => !before.has(one)).map((one) => one.replace(/^\\w+ /, ""));
    console.log(JSON.stringify(await answer(loaded)));`;
  const output = execFileSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
  return JSON.parse(output);
}

describe("modules of Node's in a bundle", () => {
  it("load what was asked of them, and no file behind a getter that nobody read", async () => {
    const loaded = await printed(`
      import { env } from "node:process";
      import { fstatSync, ReadStream } from "node:fs";
      import { readFile } from "node:fs/promises";
      import { createHash, getRandomValues } from "node:crypto";
      import { request } from "node:http";
      export const answer = (loaded) => [typeof env.PATH, typeof fstatSync, typeof createHash, typeof request,
        typeof ReadStream, typeof readFile, typeof getRandomValues, ...loaded];`);
    expect(loaded).toEqual(expect.arrayContaining(["crypto", "http"]));
    for (const never of ["internal/fs/streams", "internal/fs/promises", "internal/crypto/webcrypto", "tty"])
      expect(loaded).not.toContain(never);
    expect((loaded as string[]).filter((one) => /undici|readline|repl/.test(one))).toEqual([]);
  });

  it("are the very same ones, however they are imported", async () => {
    const answer = await printed(`
      import fs, { existsSync, ReadStream, createReadStream } from "node:fs";
      import * as path from "path";
      import process, { version } from "node:process";
      import promises, { readFile } from "node:fs/promises";
      import { getRandomValues } from "node:crypto";
      import { Readable } from "stream";
      export const answer = async () => {
        const stream = createReadStream(process.execPath);
        const made = new ReadStream(process.execPath);
        const whole = promises.readFile === fs.promises.readFile;
        const kinds = [stream instanceof ReadStream, made instanceof Readable, {} instanceof ReadStream];
        for (const one of [stream, made]) one.destroy();
        const builtin = globalThis.process.getBuiltinModule("node:fs");
        return {
          same: whole && fs === builtin && existsSync === builtin.existsSync && process === globalThis.process,
          kinds, joined: path.join("a", "..", "b"), versioned: version === globalThis.process.version,
          read: await readFile(".").catch(({ code }) => code),
          drawn: getRandomValues(new Uint8Array(16)).some((byte) => byte > 0),
        };
      };`);
    expect(answer).toEqual({
      same: true,
      kinds: [true, true, false],
      joined: "b",
      versioned: true,
      read: "EISDIR",
      drawn: true,
    });
  });

  it("are there for what asks for them by `require`", async () => {
    writeFileSync(join(place, "old.cjs"), 'module.exports = require("node:util").inspect([1]) + require("os").EOL;');
    expect(await printed('import old from "./old.cjs"; export const answer = () => old;')).toBe("[ 1 ]\n");
  });
});
