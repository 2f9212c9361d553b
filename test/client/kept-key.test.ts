import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createAgentKey } from "../../client/agent/agent-key.ts";
import { KeptKeyError, keptKey } from "../../client/kept-key.ts";

let folder = "";
let path = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "kept-key-"));
  path = join(folder, "agent.pem");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const jkt = async (file = path) => (await createAgentKey(await keptKey(file))).jkt;

const pem = (namedCurve = "P-256") =>
  generateKeyPairSync("ec", { namedCurve }).privateKey.export({ type: "pkcs8", format: "pem" }).toString();

/** What is refused, with what the file holds never in the message, and the file left as it was. */
async function refused(text: string, why: RegExp) {
  const failure = await keptKey(path).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(failure).toBeInstanceOf(KeptKeyError);
  const said = `${String(failure)} ${failure instanceof Error ? failure.stack : ""} ${JSON.stringify(failure)}`;
  expect(said).toMatch(why);
  expect(said).not.toContain("PRIVATE KEY");
  for (const line of text.split("\n").filter((l) => l.length > 20)) expect(said).not.toContain(line);
  expect(readFileSync(path, "utf8")).toBe(text);
}

describe("a kept key", () => {
  it("is the same key after a restart, so that the document of before is shown by its first key (threat 16)", async () => {
    const first = await jkt();
    expect(await jkt()).toBe(first);
    expect(await jkt(join(folder, "another.pem"))).not.toBe(first);
  });

  it("proves requests, and cannot be taken out of the process", async () => {
    const pair = await keptKey(path);
    expect(pair.privateKey.extractable).toBe(false);
    const key = await createAgentKey(pair);
    const proof = await key.prove({ method: "POST", url: "https://a.example/", nowSeconds: 1 });
    const [head = "", body = "", signature = ""] = proof.split(".");
    const bytes = Buffer.from(signature, "base64url");
    const algorithm = { name: "ECDSA", hash: "SHA-256" };
    expect(await crypto.subtle.verify(algorithm, pair.publicKey, bytes, Buffer.from(`${head}.${body}`))).toBe(true);
  });

  it("is made for its owner alone, whatever the umask, and leaves nothing else in the folder", async () => {
    const before = process.umask(0);
    try {
      await keptKey(path);
    } finally {
      process.umask(before);
    }
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(["agent.pem"]);
  });

  it("is one key for all processes that start at one instant", async () => {
    expect(new Set(await Promise.all(Array.from({ length: 20 }, () => jkt()))).size).toBe(1);
    const other = join(folder, "by-processes.pem");
    const code = `
      const { keptKey } = await import(process.argv[1]);
      const { createAgentKey } = await import(process.argv[2]);
      process.stdout.write((await createAgentKey(await keptKey(process.argv[3]))).jkt);`;
    const modules = ["kept-key.ts", "agent/agent-key.ts"].map(
      (m) => new URL(`../../client/${m}`, import.meta.url).href,
    );
    const run = () => promisify(execFile)(process.execPath, ["--input-type=module", "-e", code, ...modules, other]);
    const ran = await Promise.all([run(), run(), run()]);
    expect(new Set([...ran.map(({ stdout }) => stdout), await jkt(other)]).size).toBe(1);
    expect(readdirSync(folder).sort()).toEqual(["agent.pem", "by-processes.pem"]);
  });

  it("may be brought by whoever runs the agent, in either form of PEM", async () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const found = [];
    for (const type of ["pkcs8", "sec1"] as const) {
      writeFileSync(path, privateKey.export({ type, format: "pem" }), { mode: 0o600 });
      found.push(await jkt());
    }
    expect(new Set(found).size).toBe(1);
  });
});

describe("a file that is no kept key is refused and left as it is", () => {
  it("a link, to a good key or to nothing: a key is neither read nor made behind it", async () => {
    const target = join(folder, "target.pem");
    const text = pem();
    writeFileSync(target, text, { mode: 0o600 });
    symlinkSync(target, path);
    await refused(text, /is a link/);
    rmSync(target);
    await expect(keptKey(path)).rejects.toThrow(/is a link/);
    expect(existsSync(target)).toBe(false);
  });

  it.each([0o640, 0o604, 0o620, 0o602, 0o610, 0o660, 0o644, 0o666])("a file of mode %o", async (mode) => {
    const text = pem();
    writeFileSync(path, text);
    chmodSync(path, mode);
    await refused(text, /open to others/);
  });

  it.runIf(process.geteuid?.() === 0)("a file of another user", async () => {
    const text = pem();
    writeFileSync(path, text, { mode: 0o600 });
    chownSync(path, 65_534, 65_534);
    await refused(text, /somebody else/);
  });

  it.each([
    ["an empty file", () => ""],
    ["half a key", () => pem().slice(0, 120)],
    ["a key of another curve", () => pem("P-384")],
    ["a key of another kind", () => generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" })],
    [
      "a public key",
      () => generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ type: "spki", format: "pem" }),
    ],
    ["text", () => "hunter2-hunter2-hunter2-hunter2"],
  ])("%s", async (_, make) => {
    const text = make().toString();
    writeFileSync(path, text, { mode: 0o600 });
    await refused(text, /holds no P-256 private key/);
  });

  it("a file beyond any key's length", async () => {
    const text = pem() + "\n".repeat(5_000);
    writeFileSync(path, text, { mode: 0o600 });
    await refused(text, /longer than/);
  });

  it("a folder, or a path without one", async () => {
    mkdirSync(path, { mode: 0o700 });
    await expect(keptKey(path)).rejects.toThrow(/is no file/);
    await expect(keptKey(join(folder, "none", "agent.pem"))).rejects.toThrow(/cannot be made \(ENOENT\)/);
  });

  it.runIf(process.platform === "linux")("a pipe, without waiting for its writer", async () => {
    await promisify(execFile)("mkfifo", ["-m", "600", path]);
    await expect(keptKey(path)).rejects.toThrow(/is no file/);
  });

  it("but a second name of the owner's own file is his file", async () => {
    const first = await jkt();
    linkSync(path, join(folder, "second-name.pem"));
    expect(await jkt()).toBe(first);
  });
});
