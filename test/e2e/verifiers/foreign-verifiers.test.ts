import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { readTar } from "../../../core/evidence/tar.ts";
import { verifierKey } from "../../../core/tlog/note-key.ts";
import { proveInclusion } from "../../../core/tlog/proof.ts";
import { proofFileText } from "../../../core/tlog/proof-file.ts";
import { readEntries } from "../../../core/tlog/tree.ts";
import { call, pythonProgram } from "../../../scripts/python/find.ts";
import { setUp } from "../../evidence/ground.ts";
import { signerOf } from "../../kit/memory/log.ts";
import { writeLog } from "../../kit/memory/log-folder.ts";
import { entryOfBody, memoryTrail } from "../../kit/memory/trail.ts";
import { signedHead } from "../../tlog/trail/ground.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const folder = await mkdtemp(join(tmpdir(), "lanyard-log-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

/** More than a full tile of tiles: three levels, of which each has a partial tile. */
const trail = await memoryTrail([300, 65_000, 0, 700, 5]);
const size = 66_006;
const { log } = trail;
const key = verifierKey(log.signer);
const honest = join(folder, "honest");
await writeLog(honest, log);

/** Another copy of the log, with one object changed. */
async function changed(name: string, path: string, by: (bytes: Buffer) => Buffer): Promise<string> {
  const copy = join(folder, name);
  await cp(honest, copy, { recursive: true });
  await writeFile(join(copy, path), by(await readFile(join(copy, path))));
  return copy;
}

const turned = (at: number) => (bytes: Buffer) => {
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes;
};
/** Two entries of one length change places, so that the bundle's form stays. */
const swapped = (bytes: Buffer) => {
  const step = bytes.readUInt16BE(0) + 2;
  return Buffer.concat([bytes.subarray(step, 2 * step), bytes.subarray(0, step), bytes.subarray(2 * step)]);
};

/** Copies that were tampered with, each in one way. */
const tampered: readonly (readonly [what: string, path: string, by: (bytes: Buffer) => Buffer])[] = [
  ["a bit of an entry", "tile/entries/100", turned(20)],
  ["the order of two entries", "tile/entries/100", swapped],
  ["a bit of a leaf's hash", "tile/0/100", turned(40)],
  ["a bit of a hash above the leaves", "tile/1/000", turned(40)],
  ["a bit of the right edge", "tile/0/257.p/214", turned(40)],
  ["the size", "checkpoint", (bytes) => Buffer.from(bytes.toString().replace(String(size), String(size - 1)))],
];

describe("Go: golang.org/x/mod/sumdb and Tessera's fsck", async () => {
  const go = (await call("go", ["version"])).code === 0;
  beforeEach(({ skip }) => skip(!go, "Go is missing here; CI has it"));
  const program = join(folder, "verifiers");
  const verify = (...args: readonly string[]) => call(program, args);
  beforeAll(async () => {
    // Go asks git for the version, which a checkout without git, or of somebody else, does not answer
    const build = ["build", "-buildvcs=false", "-o", program, "."];
    if (go) expect(await call("go", build, here("go"))).toMatchObject({ code: 0 });
  });

  test("note opens the checkpoint by the key alone, and by no other", async () => {
    const root = log.root.toString("base64");
    expect(await verify("checkpoint", honest, key)).toEqual({ code: 0, out: `${size} ${root}\n` });
    const other = verifierKey(signerOf(log.origin, "another key"));
    expect(await verify("checkpoint", honest, other)).toMatchObject({
      code: 1,
      out: expect.stringContaining("no verifiable signatures"),
    });
  });

  test.each([0, 255, 256, 65_535, 65_536, size - 1])("tlog includes entry %i by our tiles", async (index) => {
    const entries = await readEntries(log, Math.floor(index / 256));
    const entry = (at: number) => (entries[at % 256] as Buffer).toString("base64");
    expect(await verify("inclusion", honest, key, `${index}`, entry(index))).toMatchObject({
      code: 0,
      out: "included\n",
    });
    const wrong = await verify("inclusion", honest, key, `${index}`, Buffer.from("another entry").toString("base64"));
    expect(wrong).toMatchObject({ code: 1, out: expect.stringContaining("invalid transparency proof") });
  });

  test.each([300, 65_300, 66_001])("tlog finds the log consistent with its kept checkpoint of %i", async (older) => {
    expect(await verify("consistency", honest, key, `${older}`)).toMatchObject({ code: 0, out: "consistent\n" });
    const note = await signedHead(trail, older, Buffer.alloc(32, 7));
    const forked = await changed(`forked-${older}`, `checkpoints/${older}`, () => Buffer.from(note));
    expect(await verify("consistency", forked, key, `${older}`)).toMatchObject({ code: 1 });
  });

  test("tlog checks a proof file of ours, and refuses one of another entry", async () => {
    const [entry] = await readEntries(log, 7);
    const path = join(folder, "event.tlog-proof");
    const checkpoint = log.files.get("checkpoint")?.toString() ?? "";
    await writeFile(path, proofFileText({ index: 1_792, proof: await proveInclusion(log, 1_792), checkpoint }));
    const base64 = (entry as Buffer).toString("base64");
    expect(await verify("proof", path, key, base64)).toMatchObject({ code: 0, out: "proven\n" });
    expect(await verify("proof", path, key, Buffer.from("x").toString("base64"))).toMatchObject({ code: 1 });
  });

  test("fsck derives every tile and the root again, and finds nothing", async () => {
    expect(await verify("fsck", honest, key)).toMatchObject({ code: 0, out: expect.stringContaining("fsck\n") });
  });

  test.each(tampered)("fsck refuses a log with %s changed", async (what, path, by) => {
    expect(await verify("fsck", await changed(`fsck ${what}`, path, by), key)).toMatchObject({ code: 1 });
  });
});

describe("Python: aics-tlog", async () => {
  const python = await pythonProgram(12);
  beforeEach(({ skip }) => skip(python === undefined, "Python 3.12 or newer is missing here; CI has it"));
  const venv = join(folder, "venv");
  const verify = (copy: string, ...older: readonly string[]) =>
    call(join(venv, "bin", "python"), [here("python/verify.py"), copy, key, ...older]);
  beforeAll(async () => {
    if (python === undefined) return;
    expect(await call(python, ["-m", "venv", venv])).toMatchObject({ code: 0 });
    const install = ["-m", "pip", "install", "--quiet", "--requirement", here("python/requirements.txt")];
    expect(await call(join(venv, "bin", "python"), install)).toMatchObject({ code: 0 });
  });

  test("it verifies checkpoints, every tile and bundle, inclusion and consistency", async () => {
    const said = await verify(honest, "300", "65300", "66001");
    expect(said).toEqual({ code: 0, out: `verified ${size}\n` });
  });

  test.each(tampered)("it refuses a log with %s changed", async (what, path, by) => {
    expect(await verify(await changed(`python ${what}`, path, by))).toMatchObject({ code: 1 });
  });

  test("it refuses a log that does not continue a kept checkpoint", async () => {
    const note = await signedHead(trail, 300, Buffer.alloc(32, 7));
    const forked = await changed("python forked", "checkpoints/300", () => Buffer.from(note));
    expect(await verify(forked, "300")).toMatchObject({ code: 1, out: expect.stringContaining("does not continue") });
  });
});

describe("the script in docs/audit-proof.md", async () => {
  const page = await readFile(here("../../../docs/audit-proof.md"), "utf8");
  const [, code = ""] = /```js\n([\s\S]*?)```/.exec(page) ?? [];
  const script = join(folder, "check-proof.mjs");
  await writeFile(script, code);
  const body = trail.objects[1]?.lines[1_000] as string;
  const index = 1_300;
  const checkpoint = log.files.get("checkpoint")?.toString() ?? "";
  const extra = entryOfBody(body);
  const text = proofFileText({ index, proof: await proveInclusion(log, index), checkpoint, extra });
  const check = async (file: string, by = key, ...record: readonly string[]) => {
    await writeFile(join(folder, "p.tlog-proof"), file);
    const [line] = record;
    if (line !== undefined) await writeFile(join(folder, "record"), line);
    const more = line === undefined ? [] : [join(folder, "record")];
    return call(process.execPath, [script, by, join(folder, "p.tlog-proof"), ...more]);
  };

  test("has 40 lines at most, and imports nothing but Node", () => {
    expect(code.trimEnd().split("\n").length).toBeLessThanOrEqual(40);
    const imports = [...code.matchAll(/from "([^"]+)"/g)].map(([, from]) => from);
    expect(imports).toEqual(["node:crypto", "node:fs"]);
  });

  test("proves a record by its line, and an id and hash without it", async () => {
    const said = `PROVEN: entry ${index} of ${size} of ${log.origin} is`;
    expect(await check(text)).toEqual({ code: 0, out: `${said} this id and hash\n${extra}\n` });
    expect(await check(text, key, `${body}\n`)).toEqual({ code: 0, out: `${said} this record\n${extra}\n` });
    expect(await check(text, key, body)).toMatchObject({ code: 0 });
    const plainText = text.replace(/^extra .*\n/m, "");
    expect(await check(plainText, key, body)).toMatchObject({ code: 0 });
  });

  test.each([0, 255, 256, 65_535, 65_536, size - 1])("proves entry %i", async (at) => {
    const entry = (await readEntries(log, Math.floor(at / 256)))[at % 256] as Buffer;
    const file = proofFileText({ index: at, proof: await proveInclusion(log, at), checkpoint, extra: entry });
    expect(await check(file)).toMatchObject({ code: 0 });
    expect(await check(file.replace(`index ${at}`, `index ${at === 7 ? 8 : 7}`))).toMatchObject({ code: 1 });
  });

  test("proves every record of an archive of evidence", async () => {
    const read = readTar(await (await setUp()).archive());
    const files = new Map((read.ok ? read.value : []).map(({ name, bytes }) => [name, bytes.toString()]));
    const records = [...files].filter(([name]) => name.startsWith("records/"));
    const owner = (files.get("verifier-key.txt") ?? "").trim();
    for (const [name, line] of records) {
      const proof = files.get(name.replace(/^records\/(.*)\.json$/, "proofs/$1.tlog-proof")) ?? "";
      expect(await check(proof, owner, line)).toMatchObject({ code: 0 });
      expect(await check(proof, owner, line.replace("Lanyard", "Landyard"))).toMatchObject({ code: 1 });
    }
    expect(records).toHaveLength(11);
  });

  const otherKey = verifierKey(signerOf(log.origin, "another key"));
  const hashLine = text.split("\n")[3] as string;
  test.each<readonly [string, string, string, string | undefined]>([
    ["another record", text, key, body.replace("attest", "revoke")],
    ["another entry", text.replace(/^extra .*$/m, `extra ${Buffer.from("x").toString("base64")}`), key, undefined],
    ["no entry", text.replace(/^extra .*\n/m, ""), key, undefined],
    ["a hash left out", text.replace(`${hashLine}\n`, ""), key, undefined],
    ["a hash too many", text.replace(hashLine, `${hashLine}\n${hashLine}`), key, undefined],
    ["another size", text.replace(`\n${size}\n`, `\n${size + 1}\n`), key, undefined],
    ["another log's name", text.replaceAll(log.origin, "example.com/else"), key, undefined],
    ["another format", text.replace("@v1", "@v2"), key, undefined],
    ["another key", text, otherKey, undefined],
    ["a key whose id is another's", text, `${otherKey.slice(0, -44)}${key.slice(-44)}`, undefined],
    ["no key", text, "", undefined],
    ["no checkpoint", text.slice(0, text.indexOf("\n\n")), key, undefined],
  ])("refuses %s", async (_, file, by, line) => {
    const { code, out } = await check(file, by, ...(line === undefined ? [] : [line]));
    expect(code).toBe(1);
    expect(out).not.toContain("PROVEN: entry");
  });
});
