import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { functionNames, registryPacker } from "../../../lambdas/manifest.ts";
import { templateFile } from "../../../scripts/template-file.ts";
import { machineNames, named, type Packed, Project, pack } from "../../packages/packed.ts";

const root = join(import.meta.dirname, "../../..");
const cdk = named("cdk");
let folder: string;
let packed: Packed;
let project: Project;

/** A team's app, as the package's page shows it. */
const app = `import { App } from "aws-cdk-lib";
import { Lanyard } from "${cdk}";

const app = new App();
new Lanyard(app, "Lanyard", {
  stage: "prod",
  region: "eu-central-1",
  trustDomain: "agents.example.com",
  operators: ["role/LanyardOperator"],
});
app.synth();
`;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lanyard-pack-cdk-"));
  packed = await pack("cdk", folder);
  project = new Project();
  await project.unpack(packed);
  for (const peer of Object.keys(packed.manifest.peerDependencies ?? {})) project.link(`node_modules/${peer}`, peer);
});
afterAll(() => {
  project?.remove();
  rmSync(folder, { recursive: true, force: true });
});

describe("the cdk package as it would be published", () => {
  test("brings the constructs, their declarations and the code of every function, with Cedar once", () => {
    const own = ["package.json", "README.md", "LICENSE", ...["js", "js.map", "d.ts"].map((end) => `dist/index.${end}`)];
    expect([...own].filter((file) => !packed.files.includes(file))).toEqual([]);
    const folders = new Set(packed.files.flatMap((file) => /^dist\/functions\/([^/]+)\//.exec(file)?.[1] ?? []));
    expect([...folders].sort()).toEqual([...functionNames, registryPacker].sort());
    expect(packed.files.filter((file) => file.endsWith(".wasm"))).toEqual([
      `dist/functions/${registryPacker}/cedar_wasm_bg.wasm`,
    ]);
    const rest = packed.files.filter((file) => !own.includes(file));
    expect(
      rest.filter(
        (file) => !/^dist\/functions\/[a-z-]+\/(?:[\w.-]+\.(?:mjs|wasm)|(?:denials|schemas)\.cjs)$/.test(file),
      ),
    ).toEqual([]);
  });

  test("depends on nothing: CDK and its constructs are the team's own", () => {
    expect(packed.manifest.dependencies).toBeUndefined();
    expect(Object.keys(packed.manifest.peerDependencies ?? {})).toEqual(["aws-cdk-lib", "constructs"]);
    expect(packed.manifest.scripts).toBeUndefined();
  });

  test("loads CDK and Node alone into a team's app: no checks of ours, no schema library, no bundler", () => {
    const text = readFileSync(join(project.folder, "node_modules", cdk, "dist/index.js"), "utf8");
    const imported = [...text.matchAll(/^import .* from "([^"]+)";$/gm)].map(([, name = ""]) => name);
    expect(imported.filter((name) => !/^(node:|aws-cdk-lib(\/|$)|constructs$)/.test(name))).toEqual([]);
    expect(text).not.toMatch(/\brequire\(|\bimport\(|AwsSolutionsChecks/);
  });

  test("names no folder of the machine it was built on", () => {
    expect(machineNames(project, packed)).toEqual([]);
  });
});

describe("installed where nothing of the repository is", () => {
  const templateOf = (out: string, part: string) =>
    JSON.parse(readFileSync(templateFile(join(project.folder, out), `lanyard-prod-${part}`), "utf8")) as {
      Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>;
    };

  test("a CDK app of ten lines synthesizes the four stacks", async () => {
    project.write("app.js", app);
    expect(await project.run("node", ["app.js"], { CDK_OUTDIR: "cdk.out", CDK_VALIDATION: "false" })).toMatchObject({
      code: 0,
    });
    const counts = ["state", "audit", "issuer", "service"].map(
      (part) => Object.keys(templateOf("cdk.out", part).Resources).length,
    );
    expect(Math.min(...counts)).toBeGreaterThan(5);
  });

  test("functions that decide are deployed with Cedar beside them, the others without", async () => {
    const assets = readdirSync(join(project.folder, "cdk.out")).filter((name) => name.startsWith("asset."));
    const withCedar = assets.filter((name) =>
      readdirSync(join(project.folder, "cdk.out", name)).includes("cedar_wasm_bg.wasm"),
    );
    // token, admin-read, admin-write: no registry is deployed here
    expect(withCedar).toHaveLength(3);
    expect(assets.length).toBeGreaterThan(15);
  });

  test("a registry is validated when the app is synthesized, with file and line, and deployed when it holds up", async () => {
    const settings = {
      account: "111122223333",
      registry: {
        folder: "registry",
        variables: { identityProvider: "https://login.example", stsIssuer: "https://0123.tokens.sts.global.api.aws" },
      },
    };
    project.write("registry.js", app.replace("operators:", `...${JSON.stringify(settings)},\n  operators:`));
    cpSync(join(root, "examples/support-desk"), join(project.folder, "registry"), { recursive: true });
    const good = readFileSync(join(root, "examples/support-desk/agents/triage.yaml"), "utf8");
    project.write("registry/agents/triage.yaml", good.replace("tickets:write", "tickets:burn"));
    const env = { CDK_OUTDIR: "registry.out", CDK_VALIDATION: "false" };
    const refused = await project.run("node", ["registry.js"], env);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringMatching(/agents\/triage\.yaml:16: .*tickets:burn/),
    ]);
    project.write("registry/agents/triage.yaml", good);
    expect(await project.run("node", ["registry.js"], env)).toMatchObject({ code: 0 });
    const kinds = Object.values(templateOf("registry.out", "service").Resources).map(({ Type }) => Type);
    expect(kinds).toContain("Custom::Registry");
  });

  test("works in an app of CommonJS, as cdk init makes them", async () => {
    project.write("old.cjs", app.replace(/import (\{ \w+ \}) from ("[^"]+");/g, "const $1 = require($2);"));
    const env = { CDK_OUTDIR: "old.out", CDK_VALIDATION: "false" };
    expect(await project.run("node", ["old.cjs"], env)).toMatchObject({ code: 0 });
  });

  test("its declarations hold in a typed app, where a setting that does not exist is an error", async () => {
    project.link("node_modules/typescript", "typescript");
    project.link("node_modules/@types/node", "@types/node");
    project.write("app.ts", app);
    const check = (file: string) =>
      project.run("node", [
        "node_modules/typescript/bin/tsc",
        "--noEmit",
        "--strict",
        "--module",
        "nodenext",
        "--types",
        "node",
        "--skipLibCheck",
        file,
      ]);
    expect(await check("app.ts")).toMatchObject({ code: 0, stdout: "" });
    project.write("wrong.ts", app.replace("trustDomain:", "trustDomian:"));
    expect((await check("wrong.ts")).stdout).toMatch(/wrong\.ts\(8,3\): error TS2561.*trustDomian/);
  });
});
