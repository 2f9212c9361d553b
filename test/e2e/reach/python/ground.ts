import { type ChildProcess, execFile, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, vi } from "vitest";
import { parseAllDocuments } from "yaml";
import { run } from "../../../../bin/lanyard/program.ts";
import { customers, production, tickets } from "../../../../local/demo/story/desk.ts";
import { raiseWorld, type World } from "../../../../local/demo/story/world.ts";
import { call, environment } from "../../../../scripts/python/find.ts";
import { patience } from "../../../kit/patience.ts";
import { listen } from "../../../kit/wire/server.ts";
import { asksPeople } from "./people.ts";
import type { Told } from "./told.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const repository = here("../../../../");
const account = "111122223333";
const role = `arn:aws:iam::${account}:role/lanyard/target/trail-reader`;

/** The cloud, the package in an environment of its own, and a ticket API in it. */
export interface PythonDesk {
  readonly world: World;
  /** What the installed package says of itself. */
  installed(): ReturnType<typeof call>;
  /** Runs the agents' program to its end. */
  tell(): Promise<{ readonly code: number; readonly steps: readonly Told[]; readonly said: string }>;
  /** Runs the deployer's program, which asks people. */
  askPeople(): ReturnType<typeof asksPeople>;
  /** Runs `examples/fastapi` as its README says: its server, and its agent as the researcher. */
  example(ticket: string): ReturnType<typeof call>;
  close(): Promise<void>;
}

/** The support desk, whose researcher proves itself by a signed request, with a role for the tickets' sessions. */
async function raise(folder: string): Promise<World> {
  const registry = join(folder, "registry");
  cpSync(join(repository, "examples/support-desk"), registry, { recursive: true });
  cpSync(join(repository, "examples/support-desk-aws/release.yaml"), join(registry, "release.yaml"));
  const path = join(registry, "agents/researcher.yaml");
  const text = readFileSync(path, "utf8");
  // a role without a path, which this kind of evidence does not know
  const from = /aws-sts-web-identity(\n.*\n.*role\/)agents\//;
  if (!from.test(text)) throw new Error("researcher.yaml changed; adapt this test");
  writeFileSync(path, text.replace(from, "aws-sts-caller-identity$1"));
  const world = await raiseWorld({ memory: true, directory: join(folder, ".lanyard"), registry, onProgress: () => {} });
  const principals = { "aws:PrincipalArn": `arn:aws:iam::${account}:role/lanyard-local-eu-west-1-credentials` };
  const trust = {
    Effect: "Allow",
    Principal: { AWS: `arn:aws:iam::${account}:root` },
    Action: ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
    Condition: { StringEquals: principals },
  };
  const all = { Effect: "Allow", Action: "*", Resource: "*" };
  const document = (statement: object) => ({ Version: "2012-10-17", Statement: [statement] });
  world.cloud.addRole({ arn: role, trust: document(trust), policies: [document(all)] });
  const where = { bucket: "lanyard-local-cloudtrail", prefix: `AWSLogs/${account}/` };
  const grants = [{ scope: "tickets:read", service: "s3", actions: ["s3:GetObject", "s3:ListBucket"], where }];
  const row = { kind: "aws-role", name: "trail-reader", arn: role, agents: ["planner"], resource: tickets, grants };
  writeFileSync(join(registry, "aws.yaml"), JSON.stringify(row));
  const said: string[] = [];
  const terminal = { out: (line: string) => void said.push(line), err: (line: string) => void said.push(line) };
  if ((await run(["apply", registry, "--yes"], { terminal, env: {}, folder })) !== 0) throw new Error(said.join("\n"));
  return world;
}

/** Builds the package and installs it, with its extras, where nothing else is: as its user would. */
async function install(python: string, folder: string): Promise<string | undefined> {
  const source = join(folder, "source");
  const filter = (path: string) => !/__pycache__|\.mypy_cache|\.venv/.test(path);
  cpSync(join(repository, "python"), source, { recursive: true, filter });
  const wheels = join(folder, "wheels");
  const built = await call(python, ["-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", wheels, source]);
  const wheel = built.code === 0 ? `${join(wheels, readdirSync(wheels)[0] ?? "")}[fastapi,aws]` : "";
  const made = wheel === "" ? undefined : await environment(python, join(folder, "venv"), wheel, "uvicorn");
  if (made?.program !== undefined) return made.program;
  // without an index nothing can be built or installed; where there is one, the fault is the package's
  const probe = await call(python, ["-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, "hatchling"]);
  if (probe.code === 0) throw new Error(`${built.out}${made?.why ?? ""}`);
  return undefined;
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const { port, close } = await listen({});
  await close();
  return port;
}

async function untilServed(url: string, child: ChildProcess): Promise<void> {
  await vi.waitFor(async () => {
    const { ok } = await fetch(`${url}/.well-known/oauth-protected-resource`).catch(() => ({
      ok: child.exitCode !== null,
    }));
    expect(ok).toBe(true);
  }, patience);
  if (child.exitCode !== null) throw new Error(`the ticket API ended with ${child.exitCode}`);
}

/** The registered types of details of the tickets, as a resource server declares them. */
const detailsTypes = (): readonly object[] =>
  parseAllDocuments(readFileSync(join(repository, "examples/support-desk/resources.yaml"), "utf8"))
    .map((document) => document.toJS() as Record<string, unknown>)
    .filter(({ kind, resource }) => kind === "details-type" && resource === tickets)
    .map(({ name, schema, rules }) => ({ name, schema, rules }));

/**
 * Opens the desk with this Python.
 * @returns undefined where pip reaches no index
 */
export async function openPythonDesk(python: string): Promise<PythonDesk | undefined> {
  const folder = mkdtempSync(join(tmpdir(), "lanyard-reach-python-"));
  const [world, program] = await Promise.all([raise(folder), install(python, folder)]);
  if (program === undefined) {
    await world.close();
    rmSync(folder, { recursive: true, force: true });
    return undefined;
  }
  const port = await freePort();
  const { issuer, aws, agents } = world.endpoints;
  const named = Object.entries(agents);
  const facts = {
    ...{ issuer, tickets, customers, production, mode: "offline", researcher: "caller-identity" },
    ...{ aws: aws.endpoint, region: aws.region, served: `http://localhost:${port}`, details: detailsTypes() },
    agents: Object.fromEntries(named.map(([name, { id }]) => [name, id])),
    roles: Object.fromEntries(
      named.map(([name, { credentials: c }]) => [name, [c.accessKeyId, c.secretAccessKey, c.sessionToken]]),
    ),
    id_token: (await world.provider.signInAs("planner")).id_token,
  };
  const env = { ...process.env, DESK: JSON.stringify(facts), PYTHONDONTWRITEBYTECODE: "1" };
  const cwd = here(".");
  const served = ["-m", "uvicorn", "server:app", "--port", String(port), "--log-level", "warning"];
  const server = spawn(program, served, { cwd, env, stdio: "inherit" });
  const close = async () => {
    server.kill();
    await world.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await untilServed(facts.served, server);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    world,
    close,
    installed: () => call(program, [here("installed.py")], folder),
    tell: () => told(program, { cwd, env }),
    askPeople: () => asksPeople(program, { cwd, env }, world),
    example: (ticket) => runExample({ program, world, ticket }),
  };
}

async function runExample({ program, world, ticket }: { program: string; world: World; ticket: string }) {
  const { issuer, aws, agents } = world.endpoints;
  const { id, credentials } = agents.researcher ?? expect.fail("no researcher");
  const port = await freePort();
  const served = `http://localhost:${port}`;
  const env = {
    ...{ PATH: process.env.PATH, PYTHONDONTWRITEBYTECODE: "1", ISSUER: issuer, RESOURCE: tickets, SERVED_AT: served },
    ...{ AGENT: id, AWS_REGION: aws.region, AWS_ENDPOINT_URL: aws.endpoint },
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
  };
  const cwd = join(repository, "examples/fastapi");
  const asked = ["-m", "uvicorn", "server:app", "--port", String(port), "--log-level", "warning"];
  const server = spawn(program, asked, { cwd, env, stdio: "inherit" });
  try {
    await untilServed(served, server);
    return await new Promise<{ code: number; out: string }>((resolve) => {
      execFile(program, ["agent.py", ticket], { cwd, env }, (error, out, err) =>
        resolve({ code: error ? 1 : 0, out: `${out}${err}` }),
      );
    });
  } finally {
    server.kill();
  }
}

function told(program: string, options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv }) {
  return new Promise<Awaited<ReturnType<PythonDesk["tell"]>>>((resolve) => {
    const child = spawn(program, ["agents.py"], { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let [out, said] = ["", ""];
    child.stdout.on("data", (part: Buffer) => {
      out += part.toString();
    });
    child.stderr.on("data", (part: Buffer) => {
      said += part.toString();
    });
    child.on("exit", (code) => {
      const steps = out.split("\n").filter((line) => line !== "");
      resolve({ code: code ?? 1, steps: steps.map((line) => JSON.parse(line) as Told), said });
    });
  });
}
