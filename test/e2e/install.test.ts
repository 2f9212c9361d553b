import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { tickets } from "../../local/demo/story/desk.ts";
import { raiseWorld, type World } from "../../local/demo/story/world.ts";
import { clientEntries } from "../../scripts/packages/client.ts";
import { nodes } from "../packages/old-nodes.ts";
import { named, type Packed, Project, pack } from "../packages/packed.ts";
import { agentHeading, linesOf, serverHeading } from "../packages/readme.ts";

const root = join(import.meta.dirname, "../..");
const own = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const sdk = ["@aws-sdk/client-sts", "@smithy/signature-v4", "@aws-crypto/sha256-js"];
const lines = ["20", "22", "24"] as const;

let folder: string;
let world: World;
let client: Packed;
let cli: Packed;
let programs: Awaited<ReturnType<typeof nodes>>;
/** Agents, resource servers and whoever builds for them: the client and what its sources of evidence and entries ask for. */
let project: Project;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lanyard-pack-"));
  programs = await nodes();
  client = await pack("client", folder);
  cli = await pack("cli", folder);
  project = new Project();
  const pinned = ["typescript", "esbuild", "@modelcontextprotocol/client"].map(
    (name) => `${name}@${own.devDependencies[name]}`,
  );
  const peers = sdk.map((name) => `${name}@${own.dependencies[name]}`);
  await install(project, client.tarball, ...peers, ...pinned, "@types/node@20");
  world = await raiseWorld({ memory: true, onProgress: () => undefined });
});
afterAll(async () => {
  await world?.close();
  project?.remove();
  rmSync(folder, { recursive: true, force: true });
});

/** As anybody installs: by npm, from the registry, with nothing of this repository's settings. */
async function install(where: Project, ...wanted: readonly string[]): Promise<void> {
  expect(await where.npm("install", ...wanted)).toMatchObject({ code: 0 });
}

const issuerOf = () => ({ "https://issuer.lambda-url.eu-west-1.on.aws": world.endpoints.issuer });
const idOf = (name: string) => world.endpoints.agents[name]?.id ?? `no agent ${name}`;
const agentLines = () =>
  linesOf(agentHeading, {
    ...issuerOf(),
    "spiffe://agents.example.com/agent/planner": idOf("planner"),
    "spiffe://agents.example.com/agent/researcher": idOf("researcher"),
  });

/** What a Lambda function, a task or an instance finds in its environment. */
function environment(apiUrl: string): NodeJS.ProcessEnv {
  const { credentials } = world.endpoints.agents.planner ?? {};
  return {
    AWS_ENDPOINT_URL: world.endpoints.aws.endpoint,
    AWS_ACCESS_KEY_ID: credentials?.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials?.secretAccessKey,
    AWS_SESSION_TOKEN: credentials?.sessionToken,
    // the SDK says on Node 20 that its own next versions will not run there
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: "true",
    API_URL: apiUrl,
  };
}

/** Stands for the name and the proxy that a resource has in the world: its address leads to this machine. */
const resolver = `
const { fetch } = globalThis;
globalThis.fetch = (url, init) => fetch(String(url).replace(${JSON.stringify(tickets)}, process.env.API_URL), init);
`;

/** The README's resource server by one Node. */
async function startServer(node: string): Promise<{ readonly url: string; readonly process: ChildProcess }> {
  const listening = `.listen(0, "127.0.0.1", function () { console.log(this.address().port); })`;
  const program = linesOf(serverHeading, { ...issuerOf(), '.listen(8080, "127.0.0.1")': listening });
  project.write("server.js", program);
  const child = spawn(node, ["server.js"], { cwd: project.folder, stdio: ["ignore", "pipe", "inherit"] });
  const [port] = await once(child.stdout, "data");
  return { url: `http://127.0.0.1:${String(port).trim()}`, process: child };
}

describe("the client, installed by npm where nothing of the repository is", () => {
  it("brings whoever only verifies two packages", async () => {
    const verifier = new Project();
    await install(verifier, client.tarball);
    const found = readdirSync(join(verifier.folder, "node_modules")).flatMap((name) =>
      name.startsWith("@")
        ? readdirSync(join(verifier.folder, "node_modules", name)).map((below) => `${name}/${below}`)
        : name.startsWith(".")
          ? []
          : [name],
    );
    expect(found.sort()).toEqual(["@cfworker/json-schema", named("client"), "jose"].sort());
    verifier.remove();
  });

  it.each(lines)("runs the README's agent against the README's resource server, on Node %s", async (line) => {
    const node = programs[line];
    expect((await project.run(node, ["--version"])).stdout).toMatch(new RegExp(`^v${line}\\.`));
    const server = await startServer(node);
    try {
      project.write("agent.js", agentLines());
      project.write("resolver.js", resolver);
      project.write(
        "drive.js",
        `import { plan } from "./agent.js";\nconsole.log(JSON.stringify(await plan(process.argv[2])));\n`,
      );
      const idToken = (await world.provider.signInAs("planner")).id_token;
      const args = ["--import", "./resolver.js", "drive.js", idToken];
      const { code, stdout, stderr } = await project.run(node, args, environment(server.url));
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(JSON.parse(stdout)).toMatchObject({
        tickets: { for: expect.stringMatching(/^p_[a-z2-7]{32}$/) },
        handle: expect.stringMatching(/^[\w-]{43}$|^lyo_/),
      });
    } finally {
      server.process.kill();
    }
  });

  it.each(lines)("loads every entry on Node %s", async (line) => {
    const specifiers = Object.keys(clientEntries()).map((name) => (name === "index" ? "" : `/${name}`));
    const text = specifiers.map((entry) => `await import("${named("client")}${entry}");`).join("\n");
    project.write("load.js", text);
    const { code, stderr } = await project.run(programs[line], ["load.js"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  it("compiles under NodeNext without skipLibCheck, the README's lines and every entry", async () => {
    const specifiers = Object.keys(clientEntries()).map((name) => (name === "index" ? "" : `/${name}`));
    const imports = specifiers.map((entry, at) => `export * as entry${at} from "${named("client")}${entry}";`);
    project.write("all.ts", `${imports.join("\n")}\n`);
    project.write("agent.js", linesOf(agentHeading));
    project.write("server.js", linesOf(serverHeading));
    const compilerOptions = {
      ...{ strict: true, exactOptionalPropertyTypes: true, skipLibCheck: false, noEmit: true, module: "nodenext" },
      ...{ target: "es2022", lib: ["es2022"], types: ["node"], allowJs: true, checkJs: true },
    };
    project.write("tsconfig.json", JSON.stringify({ compilerOptions, files: ["all.ts", "agent.js", "server.js"] }));
    const { code, stdout } = await project.run("node_modules/.bin/tsc", ["-p", "."]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
  });

  it("is bundled by esbuild, SDK and all, and the bundle runs on the oldest Node", async () => {
    const server = await startServer(programs["20"]);
    try {
      project.write("agent.js", agentLines());
      const args = ["agent.js", "--bundle", "--platform=node", "--format=cjs", "--outfile=bundle.cjs"];
      expect(await project.run("node_modules/.bin/esbuild", args)).toMatchObject({ code: 0 });
      project.write("resolver.js", resolver);
      const drive = `import bundle from "./bundle.cjs";\nconsole.log(Object.keys(await bundle.plan(process.argv[2])).join());\n`;
      project.write("drive.js", drive);
      const idToken = (await world.provider.signInAs("planner")).id_token;
      const env = environment(server.url);
      const ran = await project.run(programs["20"], ["--import", "./resolver.js", "drive.js", idToken], env);
      expect(ran).toMatchObject({ code: 0, stdout: "tickets,handle\n" });
    } finally {
      server.process.kill();
    }
  });
});

describe("the command, installed by npm", () => {
  it("tells its version, what there is, and what an older Node is to do", async () => {
    const operator = new Project();
    await install(operator, cli.tarball);
    expect(readdirSync(join(operator.folder, "node_modules")).filter((name) => !name.startsWith("."))).toEqual([
      named("cli").split("/")[0],
    ]);
    const lanyard = "node_modules/.bin/lanyard";
    expect(await operator.run(lanyard, ["--version"])).toMatchObject({ code: 0, stdout: `${own.version}\n` });
    expect((await operator.run(lanyard, ["--help"])).stdout).toMatch(/^Usage: lanyard /);
    const old = await operator.run(programs["20"], [lanyard, "--version"]);
    expect(old).toMatchObject({ code: 2, stderr: expect.stringMatching(/needs Node 24 or newer/) });
    operator.remove();
  });
});

it("both would be published as they are", async () => {
  for (const name of ["client", "cli"]) {
    const where = new Project();
    await where.unpack(name === "client" ? client : cli);
    const { code, stderr } = await where.npm("publish", "--dry-run", `./node_modules/${named(name)}`);
    // (that nobody is logged in is no fault of the package)
    const warned = stderr.split("\n").filter((line) => /^npm (?:warn|error)/.test(line) && !/logged in/.test(line));
    expect([name, code, warned]).toEqual([name, 0, []]);
    where.remove();
  }
});
