import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { machineNames, named, type Packed, Project, pack } from "../../packages/packed.ts";

const root = join(import.meta.dirname, "../../..");
const command = `node_modules/${named("cli")}/lanyard.js`;

let folder: string;
let packed: Packed;
let project: Project;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lanyard-pack-"));
  packed = await pack("cli", folder);
  project = new Project();
  await project.unpack(packed);
});
afterAll(() => {
  project?.remove();
  rmSync(folder, { recursive: true, force: true });
});

describe("the command as it would be published", () => {
  test("brings its bundle, Cedar, a launcher, its page and licence, and depends on nothing", () => {
    const { dependencies, peerDependencies = {}, peerDependenciesMeta, scripts, bin } = packed.manifest;
    expect([dependencies, scripts]).toEqual([undefined, undefined]);
    // what one command needs is installed by whoever calls it
    expect(Object.keys(peerDependencies)).toEqual(["@duckdb/node-api"]);
    expect(peerDependenciesMeta).toEqual({ "@duckdb/node-api": { optional: true } });
    expect(bin).toEqual({ lanyard: "lanyard.js" });
    const own = ["package.json", "README.md", "LICENSE", "lanyard.js", "dist/lanyard.js", "dist/cedar_wasm_bg.wasm"];
    expect(own.filter((file) => !packed.files.includes(file))).toEqual([]);
    const more = packed.files.filter((file) => !own.includes(file));
    expect(more.filter((file) => !/^dist\/[\w-]+\.js(?:\.map)?$/.test(file))).toEqual([]);
  });

  test("names no folder of the machine it was built on", () => {
    expect(machineNames(project, packed)).toEqual([]);
  });

  test("tells its version and what there is", async () => {
    const version = await project.run("node", [command, "--version"]);
    expect(version).toMatchObject({ code: 0, stdout: `${packed.manifest.version}\n`, stderr: "" });
    const help = await project.run("node", [command, "--help"]);
    expect(help).toMatchObject({ code: 0, stderr: "" });
    expect(help.stdout).toMatch(/^Usage: lanyard /);
  });

  test("checks policies with the Cedar it brings", async () => {
    const example = join(root, "examples/support-desk");
    expect(await project.run("node", [command, "policy", "check", example])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+ policies are valid\n$/),
    });
  });

  test("says what to install for the one command that wants more than it brings", async () => {
    const trace = ["trace", "session", "A".repeat(22), "--audit", ".", "--trail", "."];
    expect(await project.run("node", [command, ...trace])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("npm install @duckdb/node-api"),
    });
  });

  test("fills columns up by what a character takes, which it loads when one is wide", async () => {
    const stage = "木";
    const profile = {
      ...{ stage, account: "111122223333", region: "eu-west-1", trustDomain: "agents.example.com" },
      ...{ issuer: "https://id.example", adminRevoke: "https://a.example", adminWrite: "https://w.example" },
      adminRead: "https://r.example",
    };
    project.write("config/lanyard/profiles.json", JSON.stringify({ version: 1, profiles: { prod: profile } }));
    const env = { XDG_CONFIG_HOME: join(project.folder, "config") };
    const { code, stdout, stderr } = await project.run("node", [command, "profiles"], env);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(`${stage}     111122223333`);
  });
});
