import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as cedar from "@cedar-policy/cedar-wasm/nodejs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { folderOf } from "../../../bin/lanyard/registry/export.ts";
import { readDocuments, readRegistryFolder } from "../../../bin/lanyard/registry/folder.ts";
import { registrationJsonSchema } from "../../../bin/lanyard/registry/json-schema.ts";
import type { Registration } from "../../../core/model/registry.ts";
import { validateRegistry } from "../../../core/registry/validate.ts";
import { supportDesk, variables } from "../../kit/example.ts";
import { openDeployment } from "../deployment.ts";

const settings = {
  issuer: "https://lanyard.support-desk.example",
  trustDomain: "agents.support-desk.example",
  cedar,
};
const sorted = (rows: readonly Registration[]) =>
  [...rows].sort((a, b) => (`${a.kind} ${a.name}` < `${b.kind} ${b.name}` ? -1 : 1));

describe("an exported registry", () => {
  let deployment: Awaited<ReturnType<typeof openDeployment>>;
  beforeEach(async () => {
    deployment = await openDeployment();
  });
  afterEach(() => deployment.close());

  test("is a folder that applies as no change", async () => {
    const folder = join(deployment.folder, "exported");
    expect((await deployment.lanyard(["apply", supportDesk])).code).toBe(0);
    const exported = await deployment.lanyard(["export", folder, "--json"]);
    expect(JSON.parse(exported.out)).toMatchObject({ ok: true, version: 1, registrations: 22 });
    const again = await deployment.lanyard(["apply", folder, "--json"]);
    expect(JSON.parse(again.out)).toMatchObject({ ok: true, version: 1, added: [], changed: [], removed: [] });
  });

  test("is never mixed with what a folder already holds", async () => {
    await deployment.lanyard(["apply", supportDesk]);
    const refused = await deployment.lanyard(["export", supportDesk]);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain("not empty");
  });

  test.each(["0", "7", "1.5", "-1", "x"])("cannot be had of version %s, which there is not", async (version) => {
    await deployment.lanyard(["apply", supportDesk]);
    expect((await deployment.lanyard(["export", join(deployment.folder, "x"), "--version", version])).code).toBe(2);
  });
});

test("a text that looks like a placeholder comes back as that text", () => {
  const row: Registration = {
    kind: "policy",
    name: "p",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: that is the point
    cedar: "permit (principal, action, resource); // ${account} $${x} ${1} $5",
  };
  const [text] = folderOf([row]).values();
  const read = readDocuments("policy.yaml", text ?? "", { account: "stolen" });
  expect(read.ok && read.value[0]?.value).toEqual(row);
});

test("every kind of registration of the example comes back from its file as it was", async () => {
  const folder = await readRegistryFolder(supportDesk, variables);
  const rows = folder.ok ? validateRegistry(folder.value, settings) : folder;
  if (!rows.ok) throw new Error(JSON.stringify(rows.error));
  const files = [...folderOf(rows.value)].flatMap(([file, text]) => {
    const read = readDocuments(file, text, {});
    return read.ok ? read.value : [];
  });
  const back = validateRegistry(files, settings);
  expect(back.ok && sorted(back.value)).toEqual(sorted(rows.value));
});

describe("the published JSON Schema", () => {
  const schema = registrationJsonSchema();

  test("is the file editors are pointed to (npx @lanyard-iam/cli schema > docs/registry.schema.json)", async () => {
    const file = new URL("../../../docs/registry.schema.json", import.meta.url);
    expect(JSON.parse(await readFile(file, "utf8"))).toEqual(schema);
  });

  test("takes every file of the example, and refuses a word it does not know", async () => {
    const accepts = new Ajv2020({ strict: false, allErrors: true }).compile(schema);
    const folder = await readRegistryFolder(supportDesk, variables);
    if (!folder.ok) throw new Error(JSON.stringify(folder.error));
    for (const { value, file, line } of folder.value) expect(accepts(value), `${file}:${line}`).toBe(true);
    expect(accepts({ ...(folder.value[0]?.value as object), sudo: true })).toBe(false);
  });
});
