import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { clientEntries, webEntries } from "../../../scripts/packages/client.ts";
import { machineNames, named, type Packed, Project, pack } from "../../packages/packed.ts";

const root = join(import.meta.dirname, "../../..");
const client = named("client");
const needsSdk =
  /^(?:narrowed|own-role|evidence\/(?:aws-lambda-url-iam|aws-sts-caller-identity|aws-sts-web-identity|ecs-task))$/;
/** Entries whose declarations are written with a peer's own types. */
const needsTypes: Readonly<Record<string, string>> = { mcp: "@modelcontextprotocol/client" };
/** What each entry that runs without Node is there for. */
const madeBy = {
  index: "createAgent",
  verify: "createResourceServer",
  handler: "createFetchHandler",
  messages: "receive",
  fetch: "createFetchGuard",
  hono: "createHonoGuard",
  gateway: "createGateway",
} as const;
const entries = Object.keys(clientEntries());
const specifierOf = (entry: string) => (entry === "index" ? client : `${client}/${entry}`);
const plain = entries.filter((entry) => !needsSdk.test(entry));

let folder: string;
let packed: Packed;
let project: Project;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lanyard-pack-"));
  packed = await pack("client", folder);
  project = new Project();
  await project.unpack(packed);
});
afterAll(() => {
  project?.remove();
  rmSync(folder, { recursive: true, force: true });
});

describe("the client as it would be published", () => {
  test("brings every entry, its declarations and maps, its page and licence, and nothing else", () => {
    const built = (file: string) => [`dist/${file}.js`, `dist/${file}.js.map`, `dist/${file}.d.ts`];
    const web = webEntries.flatMap((entry) => built(`web/${entry}`)).filter((file) => !file.endsWith(".d.ts"));
    const own = new Set(["package.json", "README.md", "LICENSE", ...entries.flatMap(built), ...web]);
    // an entry whose code all stands in shared files only names it, and has nothing to map
    const passesOn = (file: string) => {
      const code = readFileSync(join(project.folder, "node_modules", client, file.replace(/\.map$/, "")), "utf8");
      return file.endsWith(".js.map") && /^(?:\s*(?:import|export) \{[^}]*\}(?: from "[^"]+")?;)*\s*$/.test(code);
    };
    expect([...own].filter((file) => !packed.files.includes(file) && !passesOn(file))).toEqual([]);
    const more = packed.files.filter((file) => !own.has(file));
    expect(more.filter((file) => !/^dist\/(?:web\/)?shared\/[\w.-]+\.(?:js|js\.map|d\.ts)$/.test(file))).toEqual([]);
  });

  test("asks whoever only verifies for two packages, and nobody for a platform's SDK", () => {
    const { dependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} } = packed.manifest;
    expect(Object.keys(dependencies)).toEqual(["@cfworker/json-schema", "jose"]);
    expect(Object.keys(peerDependencies).filter((name) => peerDependenciesMeta[name]?.optional !== true)).toEqual([]);
  });

  test("has types that stand by themselves, for the library and the types of the oldest Node it runs on", async () => {
    const tsc = join(root, "node_modules/.bin/tsc");
    expect(await project.run(tsc, ["--noEmit", "-p", join(root, "client")])).toMatchObject({ stdout: "", code: 0 });
  });

  test("runs nothing when it is installed, and says on which Node it runs", () => {
    expect(packed.manifest.scripts).toBeUndefined();
    expect(packed.manifest).toMatchObject({ type: "module", license: "Apache-2.0", engines: { node: ">=20.19.0" } });
  });

  test("has the conditions node and default on every entry", () => {
    for (const [entry, target] of Object.entries(packed.manifest.exports ?? {}))
      if (entry !== "./package.json") expect(Object.keys(target), entry).toEqual(["types", "node", "default"]);
  });

  test("names no folder of the machine it was built on", () => {
    expect(machineNames(project, packed)).toEqual([]);
  });
});

describe("installed where nothing of the repository is", () => {
  test("loads in plain JavaScript, every entry that needs no SDK", async () => {
    project.write("load.js", `${plain.map((entry) => `await import("${specifierOf(entry)}");`).join("\n")}\n`);
    expect(await project.run("node", ["load.js"])).toMatchObject({ code: 0, stderr: "" });
  });

  test("an entry that needs an SDK asks for that, by name", async () => {
    for (const entry of entries.filter((each) => needsSdk.test(each))) {
      project.write("load.js", `await import("${specifierOf(entry)}");\n`);
      const { code, stderr } = await project.run("node", ["load.js"]);
      expect([entry, code]).toEqual([entry, 1]);
      expect(stderr).toMatch(/Cannot find package '@(?:aws-sdk|aws-crypto|smithy)\//);
    }
  });

  test("guards of frameworks bring no framework along, and no SDK", async () => {
    const files = ["authorizer", "express", "fastify", "fetch", "hono", "middy"].map((entry) => `dist/${entry}.js`);
    const seen = new Set<string>();
    for (const file of files) {
      const text = readFileSync(join(project.folder, "node_modules", client, file), "utf8");
      for (const [, from = ""] of text.matchAll(/\bfrom ?"([^"]+)"/g))
        if (!from.startsWith(".")) seen.add(from);
        else if (!files.includes(join(dirname(file), from))) files.push(join(dirname(file), from));
    }
    expect([...seen].filter((name) => !/^(?:node:|jose$|@cfworker\/json-schema$)/.test(name))).toEqual([]);
  });

  test("shows what is no entry to nobody", async () => {
    for (const path of ["dist/index.js", "evidence/platform/ask", "shared/limits"]) {
      project.write("load.js", `await import("${client}/${path}");\n`);
      expect((await project.run("node", ["load.js"])).stderr, path).toMatch(
        /ERR_PACKAGE_PATH_NOT_EXPORTED|ERR_MODULE_NOT_FOUND/,
      );
    }
  });

  test.each([
    ["Node's own types", ["node"], ["es2022"]],
    ["a browser's types alone", [], ["es2022", "dom"]],
  ])("compiles under NodeNext without skipLibCheck, with %s", async (_, types, lib) => {
    if (types.length > 0) {
      project.link("client/node_modules/@types/node", "@types/node");
      for (const peer of Object.values(needsTypes)) project.link(`node_modules/${peer}`, peer);
    }
    // those peers are for Node, as their types are
    const typed = plain.filter((entry) => types.length > 0 || !(entry in needsTypes));
    const imports = typed.map((entry, at) => `import * as entry${at} from "${specifierOf(entry)}";`);
    const uses = typed.map((_entry, at) => `entry${at}`).join(", ");
    project.write("all.ts", `${imports.join("\n")}\nexport const all: readonly object[] = [${uses}];\n`);
    project.write("typed.ts", both);
    const compilerOptions = { strict: true, exactOptionalPropertyTypes: true, module: "nodenext", target: "es2022" };
    project.write(
      "tsconfig.json",
      JSON.stringify({
        compilerOptions: { ...compilerOptions, lib, types, noEmit: true, skipLibCheck: false },
        files: ["all.ts", "typed.ts"],
      }),
    );
    const tsc = join(root, "node_modules/.bin/tsc");
    expect(await project.run(tsc, ["-p", "."])).toMatchObject({ stdout: "", code: 0 });
  });

  test("is bundled by esbuild, and a bundle that only verifies holds no agent, no SDK and no jose", async () => {
    project.write("verify.js", `export { createResourceServer } from "${client}/verify";\n`);
    const esbuild = join(root, "node_modules/.bin/esbuild");
    const args = [
      "verify.js",
      "--bundle",
      "--platform=node",
      "--format=esm",
      "--outfile=bundle.js",
      "--metafile=meta.json",
    ];
    expect(await project.run(esbuild, args)).toMatchObject({ code: 0 });
    const { inputs } = JSON.parse(readFileSync(join(project.folder, "meta.json"), "utf8")) as { inputs: object };
    expect(Object.keys(inputs).filter((path) => /aws|smithy|jose|dist\/index|agent/.test(path))).toEqual([]);
    project.write("run.js", `import { createResourceServer } from "./bundle.js";\n${guardOnce}`);
    expect(await project.run("node", ["run.js"])).toMatchObject({
      code: 0,
      stdout: "AccessError credentials_missing 401\n",
    });
  });

  test.each(webEntries)("%s loads where there is no Node, by its condition default", async (entry) => {
    project.write("web.js", `export * from "${specifierOf(entry)}";\n`);
    const esbuild = join(root, "node_modules/.bin/esbuild");
    const args = ["--bundle", "--platform=browser", "--format=iife", "--global-name=loaded", "--outfile=web.bundle.js"];
    expect(await project.run(esbuild, ["web.js", ...args, "--metafile=meta.json"])).toMatchObject({ code: 0 });
    const { inputs } = JSON.parse(readFileSync(join(project.folder, "meta.json"), "utf8")) as { inputs: object };
    expect(Object.keys(inputs).some((path) => path.endsWith(`/dist/web/${entry}.js`))).toBe(true);
    const bundle = readFileSync(join(project.folder, "web.bundle.js"), "utf8");
    // nothing but what browsers and workers have
    const globals = { TextDecoder, TextEncoder, URL, crypto, Headers, AbortSignal };
    const loaded = runInNewContext(`${bundle}; loaded`, { ...globals }) as Readonly<Record<string, unknown>>;
    expect(typeof loaded[madeBy[entry]]).toBe("function");
  });
});

/** Uses each side as a typed program would; what it means is checked elsewhere. */
const both = `
import { createAgent, type EvidenceSource, LanyardError } from "${client}";
import { createResourceServer } from "${client}/verify";
const evidence: EvidenceSource = { type: "mine", collect: async () => ({ type: "mine" }) };
const agent = createAgent({ issuer: "https://id.example", agent: "spiffe://a.example/agent/x", evidence });
export const guard = createResourceServer({ issuer: "https://id.example", resource: "https://api.example", mode: "introspect", agent });
export const codeOf = (error: unknown): string => (error instanceof LanyardError ? error.code : "none");
`;

const guardOnce = `
const guard = createResourceServer({ issuer: "https://id.example", resource: "https://api.example", mode: "offline" });
const refused = await guard.authenticate({ method: "GET", url: "/", headers: {} }).catch((error) => error);
console.log(refused.name, refused.code, refused.reply.status);
`;
