import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { evidenceTypes } from "../../core/attest/methods.ts";
import { readSource } from "../../scripts/walls/read-source.ts";

const root = new URL("../../", import.meta.url);
const methods = new URL("core/attest/methods/", root);
const types = [...evidenceTypes.keys()].sort();
const files = (folder: URL): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));
const imported = (file: URL): readonly string[] =>
  readSource(readFileSync(file, "utf8")).references.map(({ specifier }) => new URL(specifier, file).pathname);

describe("a method of attestation", () => {
  it("is one folder for each type of the table, and no folder is left over", () => {
    expect(readdirSync(methods).sort()).toEqual(types);
  });

  it.each(types)("%s is called alike by its entry, page, test and source of evidence", async (type) => {
    const { method } = await import(new URL(`${type}/method.ts`, methods).href);
    expect(method.type).toBe(type);
    const named = (...paths: readonly string[]) => paths.some((path) => existsSync(new URL(path, root)));
    expect(named(`docs/attestation/${type}.md`)).toBe(true);
    expect(named(`test/attest/methods/${type}.test.ts`)).toBe(true);
    // the platforms whose tokens are all of one type have a file each
    expect(named(`client/evidence/${type}.ts`, `client/evidence/${type}/`)).toBe(true);
  });

  it("imports no other method, and no form that several read imports a method", () => {
    const sideways = files(methods).flatMap((file) => {
      const [own = ""] = file.split("/");
      return imported(new URL(file, methods))
        .filter((path) => path.startsWith(methods.pathname) && !path.startsWith(`${methods.pathname}${own}/`))
        .map((path) => `${file} → ${path}`);
    });
    const formats = new URL("core/attest/formats/", root);
    const upwards = files(formats).flatMap((file) =>
      imported(new URL(file, formats)).filter((path) => path.startsWith(methods.pathname)),
    );
    expect([...sideways, ...upwards]).toEqual([]);
  });

  it("is parsed by nobody who only checks registrations: neither the table nor an entry reaches what proves it", () => {
    const reached = new Set<string>([new URL("core/attest/methods.ts", root).pathname]);
    for (const file of reached)
      for (const next of imported(new URL(`file://${file}`)).filter((path) => path.endsWith(".ts"))) reached.add(next);
    const provers = types.map((type) => new URL(`${type}/attestor.ts`, methods).pathname);
    expect([...reached].filter((path) => provers.includes(path))).toEqual([]);
    expect(reached.size).toBeGreaterThan(types.length);
  });

  it("is loaded when it is first presented: what lists the provers imports none of them at once", () => {
    const file = new URL("core/attest/attestors.ts", root);
    const eager = [...readFileSync(file, "utf8").matchAll(/^import [^;]*"([^"]+)";/gm)].map(([, path]) => path);
    expect(eager.filter((path) => path?.includes("/methods/"))).toEqual([]);
    const later = imported(file).filter((path) => path.startsWith(methods.pathname));
    // the caller whom Lambda authenticated is proved by a function of its own
    expect(later.map((path) => path.split("/").at(-2)).sort()).toEqual(
      types.filter((type) => type !== "aws-lambda-url-iam"),
    );
  });
});
