import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readRegistryFolder, skippedFiles } from "../../../bin/lanyard/registry/folder.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lanyard-folder-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const text = (name: string) => `kind: policy\nname: ${name}\ncedar: forbid (principal, action, resource);\n`;
function put(name: string, content: string | Uint8Array = text("p")): void {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), content);
}
const link = (to: string, name: string) => symlinkSync(to, join(folder, name));
async function read(below = "registry") {
  const outcome = await readRegistryFolder(join(folder, below), {});
  if (outcome.ok) return outcome.value.map(({ file }) => file);
  return outcome.error.map(({ file, message }) => `${file}: ${message}`);
}

describe("a registry's folder", () => {
  test("is read through links: of a file that registries share, of a folder, of a ConfigMap's", async () => {
    put("shared/guardrails.yaml");
    put("more/deep/x.yml");
    put("registry/own.yaml");
    link("../shared/guardrails.yaml", "registry/guardrails.yaml");
    link("../more", "registry/more");
    expect(await read()).toEqual(["guardrails.yaml", "more/deep/x.yml", "own.yaml"]);
    put("mounted/..2026_11_30/a.yaml");
    link("..2026_11_30", "mounted/..data");
    link("..data/a.yaml", "mounted/a.yaml");
    expect(await read("mounted")).toEqual(["a.yaml"]);
    link("mounted", "current");
    expect(await read("current")).toEqual(["a.yaml"]);
  });

  test("is read in whatever case its files' ends are written", async () => {
    for (const name of ["a.YAML", "b.Yml", "c.yaml", "d.TEST.YAML"]) put(`registry/${name}`);
    expect(await read()).toEqual(["a.YAML", "b.Yml", "c.yaml"]);
  });

  test("says which link leads nowhere, back, or to no file, and is not taken without it", async () => {
    put("registry/own.yaml");
    link("gone.yaml", "registry/lost.yaml");
    link("..", "registry/up");
    link("self.yaml", "registry/self.yaml");
    link("/dev/null", "registry/null.yaml");
    const found = await read();
    expect(found.join("\n")).toContain("lost.yaml: is a link that leads nowhere");
    expect(found.join("\n")).toContain("self.yaml: is a link that leads nowhere");
    expect(found.join("\n")).toContain("up/registry: a link leads back to a folder above it");
    expect(found.join("\n")).toContain("null.yaml: leads to neither a file nor a folder");
    expect(found).not.toContain("own.yaml");
  });

  test("names what stands there and is not read", async () => {
    for (const name of [
      "a.yaml",
      "b.test.yaml",
      "guardrails.yaml.bak",
      "more/notes.txt",
      "README.md",
      ".hidden.yaml",
      ".git/x.yaml",
    ])
      put(`registry/${name}`);
    expect(await skippedFiles(join(folder, "registry"))).toEqual([
      "guardrails.yaml.bak",
      "more/notes.txt",
      ".hidden.yaml",
    ]);
  });

  test.each<[string, Uint8Array, string]>([
    ["UTF-16 with its mark", Buffer.from(`\ufeff${text("p")}`, "utf16le"), "is UTF-16"],
    ["UTF-16 the other way round", Buffer.from(`\ufeff${text("p")}`, "utf16le").swap16(), "is UTF-16"],
    ["UTF-16 without a mark", Buffer.from(text("p"), "utf16le"), "zero byte"],
    ["a zero byte, behind which a reader may stop", Buffer.from(`${text("p")}\u0000${text("q")}`), "zero byte"],
    ["Latin-1", Buffer.from(`# Pr\u00fcfung\n${text("p")}`, "latin1"), "is not UTF-8"],
    ["half a character", Buffer.concat([Buffer.from(text("p")), Buffer.from([0xc3])]), "is not UTF-8"],
    ["an overlong slash", Buffer.concat([Buffer.from(text("p")), Buffer.from([0xc0, 0xaf])]), "is not UTF-8"],
  ])("is refused with a file in %s", async (_, content, message) => {
    put("registry/a.yaml", content);
    expect(await read()).toEqual([expect.stringContaining(message)]);
  });

  test("is taken with a mark of byte order before UTF-8, as some editors write it", async () => {
    put("registry/a.yaml", `\ufeff${text("p")}`);
    expect(await read()).toEqual(["a.yaml"]);
  });
});
