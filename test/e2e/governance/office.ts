import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { callSigned } from "../../../bin/lanyard/deployment/call.ts";
import { loadProfile, type Profile } from "../../../bin/lanyard/deployment/profile.ts";
import { run } from "../../../bin/lanyard/program.ts";
import { awsStsWebIdentity } from "../../../client/evidence/aws-sts-web-identity.ts";
import { type AgentSession, createAgent, type LanyardAgent, type OpenInput } from "../../../client/index.ts";
import type { AgentRegistration } from "../../../core/model/agent-registration.ts";
import type { Registration } from "../../../core/model/registry.ts";
import { raiseWorld, type World } from "../../../local/demo/story/world.ts";
import { createRefusals, type Refusals } from "./refusals.ts";

export const crm = "https://crm.back-office.example";
export const mail = "https://mail.back-office.example";
export const deploy = "https://deploy.back-office.example";

/** How many sandboxes each function may have: one more than two, since two may agree by chance. */
export const instances = 3;

/** What a command of the operator came to. */
interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** The back office of `examples/`, running: one cloud for every case. */
export interface Office {
  readonly world: World;
  readonly refusals: Refusals;
  /** Copy of the example's folder, which cases change and put back. */
  readonly registry: string;
  /** Runs the operator's command; by default as the operator who may do everything. */
  lanyard(args: readonly string[], from?: string): Promise<Said>;
  /** Applies the folder, which must succeed. */
  apply(folder?: string): Promise<Said>;
  /** Replaces words of a file of the folder while `then` runs; an absent file is made of `to`. Applies nothing. */
  edited<T>(file: string, from: string, to: string, then: () => Promise<T>): Promise<T>;
  version(): Promise<number>;
  /** An agent's registration as it counts now. */
  registered(name: string): Promise<AgentRegistration>;
  /** What a command line finds here. */
  readonly profile: Profile;
  /** An agent with a fresh key; one that is registered later gets its role now. */
  agent(name: string): LanyardAgent;
  /** A session of the mail drafter for somebody; Ada unless told otherwise. */
  draft(more?: Partial<OpenInput>, person?: string): Promise<AgentSession>;
  /** A session of the deployer on its own. */
  promote(more?: Partial<OpenInput>): Promise<AgentSession>;
  /** Part of the deployer's session, as the release notes hold it. */
  notes(root: AgentSession): Promise<AgentSession>;
  /** Whether the resource's own server is told that a token of the session is good. */
  lets(session: AgentSession, resource: string): Promise<boolean>;
  close(): Promise<void>;
}

/** The registry that counts, as admin-read answers it. */
interface Counting {
  readonly version: number;
  readonly registrations: readonly Registration[];
}

const example = join(import.meta.dirname, "../../../examples/back-office");

/** Boots the cloud with the back office's registry. */
export async function openOffice(): Promise<Office> {
  const home = mkdtempSync(join(tmpdir(), "lanyard-governance-"));
  const registry = join(home, "registry");
  cpSync(example, registry, { recursive: true });
  const world = await raiseWorld({
    memory: true,
    directory: join(home, ".lanyard"),
    registry,
    applications: ["mail-drafter"],
    instancesPerFunction: instances,
    onProgress: () => undefined,
  });
  const agents = new Map<string, LanyardAgent>();
  const known = (name: string) => {
    const agent = agents.get(name) ?? agentOf(world, name);
    agents.set(name, agent);
    return agent;
  };
  const profile = await loadProfile({ profile: "local" }, {}, home);
  const counts = async () =>
    (await callSigned(profile, `${world.endpoints.adminRead}/registry`, { method: "GET" })) as unknown as Counting;
  const lanyard: Office["lanyard"] = (args, from = home) => command(args, from);
  const office: Office = {
    world,
    refusals: createRefusals(world),
    registry,
    lanyard,
    apply: async (folder = registry) => {
      const said = await lanyard(["apply", folder]);
      expect(said, said.err).toMatchObject({ code: 0 });
      return said;
    },
    edited: (file, from, to, then) => edited(join(registry, file), from, to, then),
    profile,
    version: async () => (await counts()).version,
    registered: async (name) => {
      const { registrations } = await counts();
      return registrations.find((row) => row.kind === "agent" && row.name === name) as AgentRegistration;
    },
    agent: (name) => agentOf(world, name),
    draft: async (more = {}, person = "ada") => {
      const { id_token: idToken } = await world.provider.signInAs("mail-drafter", person);
      const usual = { onBehalfOf: { idToken }, grants: [{ resource: crm, scopes: ["crm:read"] }] };
      return known("mail-drafter").open({ ...usual, purpose: "answer a letter", renewable: true, ...more });
    },
    promote: (more = {}) =>
      known("deployer").open({
        grants: [{ resource: deploy, scopes: ["builds:read", "builds:promote"] }],
        renewable: true,
        ...more,
      }),
    notes: async (root) => {
      const notes = known("release-notes");
      const grants = [{ resource: deploy, scopes: ["builds:read"] }];
      return notes.redeem((await root.offer({ to: notes.agent, grants })).handle, { expect: "anything" });
    },
    lets: async (session, resource) => {
      const server = known(resource === crm ? "crm-api" : "deploy-api");
      return (await server.introspect((await session.accessToken(resource)).token)).active;
    },
    close: async () => {
      profile.dynamo.destroy();
      await world.close();
      rmSync(home, { recursive: true, force: true });
    },
  };
  return office;
}

/** Puts another operator's credentials into a folder of their own, as `npm start` leaves them for the command. */
export function operatorFolder(office: Office, name: string, credentials: object): string {
  const home = mkdtempSync(join(tmpdir(), `lanyard-${name}-`));
  mkdirSync(join(home, ".lanyard"));
  const endpoints = { ...office.world.endpoints, operator: { credentials } };
  writeFileSync(join(home, ".lanyard/endpoints.json"), JSON.stringify(endpoints), { mode: 0o600 });
  return home;
}

function agentOf(world: World, name: string): LanyardAgent {
  const { issuer, attest, token, introspect, revoke, agents, aws, deployment } = world.endpoints;
  const { id, credentials } = agents[name] ?? {
    id: `spiffe://${deployment.trustDomain}/agent/${name}`,
    credentials: world.cloud.addWorkload({ name, roleArn: `arn:aws:iam::${world.cloud.account}:role/agents/${name}` }),
  };
  const evidence = awsStsWebIdentity({ ...aws, credentials: { ...credentials } });
  return createAgent({ issuer, agent: id, evidence, endpoints: { attest, token, introspect, revoke } });
}

async function command(args: readonly string[], folder: string): Promise<Said> {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = {
    out: (line: string) => void out.push(line),
    err: (line: string) => void err.push(line),
    ask: async () => true,
  };
  const code = await run(args, { terminal, env: {}, folder });
  return { code, out: out.join("\n"), err: err.join("\n") };
}

async function edited<T>(path: string, from: string, to: string, then: () => Promise<T>): Promise<T> {
  const before = from === "" ? undefined : readFileSync(path, "utf8");
  if (before?.includes(from) === false) throw new Error(`${path} does not say ${from}`);
  writeFileSync(path, before?.replace(from, to) ?? to);
  try {
    return await then();
  } finally {
    if (before === undefined) rmSync(path);
    else writeFileSync(path, before);
  }
}
