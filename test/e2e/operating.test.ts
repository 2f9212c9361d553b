import { execFile } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callSigned } from "../../bin/lanyard/deployment/call.ts";
import { loadProfile, type Profile } from "../../bin/lanyard/deployment/profile.ts";
import { run } from "../../bin/lanyard/program.ts";
import { awsStsWebIdentity } from "../../client/evidence/aws-sts-web-identity.ts";
import { type AgentSession, createAgent } from "../../client/index.ts";
import { writeEndpoints } from "../../local/demo/endpoints.ts";
import { customers, tickets } from "../../local/demo/story/desk.ts";
import { findLine } from "../../local/demo/story/trail.ts";
import { raiseWorld, type World } from "../../local/demo/story/world.ts";
import { archiveBucket, archived } from "../../local/demo/team.ts";

const execute = promisify(execFile);

let world: World;
let folder: string;
let profile: Profile;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lanyard-operating-"));
  world = await raiseWorld({ memory: true, archive: true, onProgress: () => undefined });
  writeEndpoints(join(folder, ".lanyard"), world.endpoints);
  profile = await loadProfile({}, {}, folder);
});
afterAll(async () => {
  profile?.dynamo.destroy();
  await world?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a command line as an operator of the running cloud would. */
async function lanyard(...args: readonly string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = {
    out: (line: string) => void out.push(line),
    err: (line: string) => void err.push(line),
    ask: async () => true,
  };
  const code = await run(args, { terminal, env: {}, folder });
  return { code, out: out.join("\n"), err: err.join("\n"), json: () => JSON.parse(out.join("\n")) };
}

const agentOf = (name: string) => {
  const { id, credentials } = world.endpoints.agents[name] ?? { id: "", credentials: undefined };
  if (!credentials) throw new Error(`no agent ${name}`);
  const evidence = awsStsWebIdentity({ ...world.endpoints.aws, credentials: { ...credentials } });
  return createAgent({ issuer: world.endpoints.issuer, agent: id, evidence });
};
const idOf = (name: string) => world.endpoints.agents[name]?.id ?? "";
const forBoth = [
  { resource: tickets, scopes: ["tickets:read"] },
  { resource: customers, scopes: ["customers:read"] },
];
/** The planner works for Ada and hands a part of it to the researcher. */
async function delegate() {
  const idToken = (await world.provider.signInAs("planner")).id_token;
  const root = await agentOf("planner").open({ onBehalfOf: { idToken }, grants: forBoth });
  const offer = await root.offer({ to: idOf("researcher"), grants: [{ resource: tickets, scopes: ["tickets:read"] }] });
  const child = await agentOf("researcher").redeem(offer.handle, { expect: "anything" });
  return { root, child };
}
/** Reads a file under AWS credentials of a session. */
async function readArchive(session: AgentSession): Promise<Readonly<Record<string, string>>> {
  const credentials = await session.awsCredentials({ resource: tickets, scopes: ["tickets:read"] });
  const s3 = new S3Client({ ...world.endpoints.aws, credentials, forcePathStyle: true });
  const { $metadata } = await s3.send(new GetObjectCommand({ Bucket: archiveBucket, Key: archived["C-7"] }));
  world.cloud.trail?.flush();
  const line = findLine(world.endpoints.trailFolder, $metadata.requestId ?? "");
  return { SESSION: session.sid, EVENT: line?.eventID ?? "" };
}
const sids = (all: readonly { readonly sid: string }[]) => all.map(({ sid }) => sid).sort();

describe("an operator of the running cloud", () => {
  it("sees who works for whom, by functions that each have their own rights alone", async () => {
    const { root, child } = await delegate();
    const tree = await lanyard("sessions", "--agent", "researcher", "--tree");
    expect(tree).toMatchObject({ code: 0, err: "" });
    expect(tree.out).toMatch(new RegExp(`${root.sid} {2}planner .*\n└─ ${child.sid} {2}researcher `));
    const { principals } = (await lanyard("principals", "--json")).json();
    const ada = principals.find(({ kind }: { kind: string }) => kind === "person");
    expect(ada.agents.map(({ agent }: { agent: string }) => agent).sort()).toEqual(
      [idOf("planner"), idOf("researcher")].sort(),
    );
    const story = (await lanyard("story", child.sid, "--json")).json();
    expect(sids(story.chain)).toEqual(sids([root, child]));
    expect(story.session).toMatchObject({ live: true, principal: { id: ada.id } });
    const planner = (await lanyard("agents", "planner", "--json")).json();
    const opens = planner.can.filter(
      ({ actions }: { actions: { open?: { allowed: boolean } } }) => actions.open?.allowed,
    );
    expect(opens.length).toBeGreaterThan(0);
    expect(planner.getsNothingBecause).toEqual([]);
  });

  it("is told beforehand exactly what a revocation ends", async () => {
    await delegate();
    const before = (await lanyard("sessions", "--json")).json().sessions;
    const told = (await lanyard("revoke", "--agent", "researcher", "--dry-run", "--json")).json();
    expect(told.ends.length).toBeGreaterThan(0);
    expect((await lanyard("revoke", "--agent", "researcher", "--reason", "misbehaves")).code).toBe(0);
    const left = new Set(sids((await lanyard("sessions", "--json")).json().sessions));
    expect(sids(told.ends)).toEqual(sids(before).filter((sid) => !left.has(sid)));
    expect((await lanyard("agents")).out).toMatch(/^researcher +active, BLOCKED/m);
    expect((await lanyard("lift", "--agent", "researcher", "--reason", "fixed")).code).toBe(0);
  });

  it("has a suspended agent's sessions shown as idle, and what they get refused agrees", async () => {
    const { root } = await delegate();
    expect((await lanyard("suspend", "planner", "--reason", "odd behaviour")).code).toBe(0);
    expect((await lanyard("story", root.sid)).out).toContain("IDLE, planner not active");
    await expect(root.accessToken(tickets)).rejects.toThrow();
    expect((await lanyard("activate", "planner", "--reason", "looked at")).code).toBe(0);
    expect((await lanyard("story", root.sid)).out).not.toContain("IDLE");
  });

  it("reads versions of the registry as they counted", async () => {
    const { adminRead = "" } = profile;
    const versions = await callSigned(profile, `${adminRead}/registry/versions?limit=2`, { method: "GET" });
    const [newest, before] = versions.items as { version: number; base: number; by: string; reason?: string }[];
    expect(newest).toMatchObject({ reason: "looked at", base: before?.version });
    expect(newest?.by).toContain("lanyard-local-operator");
    const earlier = await callSigned(profile, `${adminRead}/registry?version=${before?.version}`, { method: "GET" });
    const planner = (earlier.registrations as { kind: string; name: string; state?: string }[]).find(
      (row) => row.kind === "agent" && row.name === "planner",
    );
    expect(planner?.state).toBe("suspended");
    const { openapi } = await callSigned(profile, `${adminRead}/openapi.json`, { method: "GET" });
    expect(openapi).toBe("3.1.1");
    // what is exported is what was applied
    expect((await lanyard("export", join(folder, "exported"), "--json")).json().registrations).toBe(
      (earlier.registrations as unknown[]).length,
    );
    expect((await lanyard("status", "--json")).json()).toMatchObject({
      registryVersion: newest?.version,
      blocked: false,
    });
  });

  it("finds a refused question in the audit under its own name, and none of the answered ones", async () => {
    expect((await lanyard("story", "A".repeat(22))).code).toBe(2);
    await world.cloud.flushAudit();
    const { out } = await lanyard("audit", "tail", "--since", "10m", "--json");
    const asked = out
      .split("\n")
      .map((line) => JSON.parse(line))
      .filter((event) => event.metadata.event_code === "admin.read");
    expect(asked.map((event) => event.unmapped.lanyard.target)).toEqual([`/sessions/${"A".repeat(22)}`]);
    expect(asked[0].actor.user.name).toContain("lanyard-local-operator");
  });

  it("replays what was decided from the deployment's own audit", async () => {
    await world.cloud.flushAudit();
    const example = join(import.meta.dirname, "../../examples/support-desk-aws");
    const { code, out } = await lanyard("policy", "plan", example, "--events", "deployment");
    expect(out).toMatch(
      /^[1-9]\d* decisions of \d+ events replayed: [1-9]\d* as they were, 0 newly permitted, 0 newly refused$/m,
    );
    expect(code).toBe(0);
  });

  it("finds what can be tried beside npm start true, command by command", async () => {
    const { child } = await delegate();
    const traced = await readArchive(child);
    await expect(child.awsCredentials({ resource: customers, scopes: ["customers:read"] })).rejects.toThrow();
    await world.cloud.flushAudit();
    await world.cloud.invoke("sealer", {});
    const RECORD = JSON.parse(
      (await lanyard("audit", "tail", "--session", traced.SESSION ?? "", "--json")).out.split("\n")[0] ?? "",
    ).metadata.uid;
    const named: Readonly<Record<string, string>> = { ...traced, RECORD };
    const page = readFileSync(join(import.meta.dirname, "../../docs/try-it.md"), "utf8");
    const commands = page
      .split("\n")
      .flatMap((line) => /^npx @lanyard-iam\/cli (.*?) *(?:#.*)?$/.exec(line)?.[1] ?? []);
    const expected: Readonly<Record<string, RegExp>> = {
      "apply examples/support-desk-aws": /^nothing to change: the registry is at version \d+$/,
      agents: /^researcher +active /m,
      "sessions --tree": /^└─ [\w-]{22} {2}researcher /m,
      "revoke --agent researcher --dry-run": /living sessions? would end .*\n.*\nnothing was changed$/,
      "policy plan": /^[1-9]\d* decisions of \d+ events replayed: .* 0 newly permitted, 0 newly refused$/m,
      "trace session SESSION": /researcher, session .*\n(.*\n)*.*s3:GetObject/,
      "trace event EVENT": /^of {6}session .*\n(.*\n)*for {5}p_.*\n(.*\n)*.*s3:GetObject/m,
      "audit query refusals": /researcher/,
      "audit verify": /^nothing is missing, changed or added$/m,
      "audit prove RECORD": /\.tlog-proof: entry \d+ of \d+ of /,
      "evidence SESSION --out case.tar":
        /^case\.tar: 2 sessions, \d+ records, [1-9]\d* calls at AWS, proven to checkpoint \d+ of /,
      "evidence verify case.tar": /^every record is proven, and the tree, policies and calls follow from them$/m,
    };
    expect(commands).toEqual(Object.keys(expected));
    for (const command of commands)
      expect(
        await lanyard(...command.replace(/[A-Z]{5,}/, (name) => named[name] ?? name).split(" ")),
        command,
      ).toMatchObject({
        code: 0,
        err: "",
        out: expect.stringMatching(expected[command] ?? /^$/),
      });
  });

  it("logs in by what the Service stack wrote, and is then known by the profile's name", async () => {
    const { aws, operator } = world.endpoints;
    const { accessKeyId, secretAccessKey, sessionToken } = operator.credentials;
    const env = {
      PATH: process.env.PATH,
      AWS_ENDPOINT_URL: aws.endpoint,
      AWS_REGION: aws.region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      AWS_SESSION_TOKEN: sessionToken,
      XDG_CONFIG_HOME: join(folder, "config"),
    };
    const command = join(import.meta.dirname, "../../bin/lanyard/main.ts");
    const answer = async (...args: readonly string[]) =>
      JSON.parse((await execute(process.execPath, [command, ...args, "--json"], { env, cwd: folder })).stdout);
    const { trustDomain } = profile;
    expect(await answer("login", "--stage", "local", "--name", "toy")).toMatchObject({
      ok: true,
      profile: "toy",
      stage: "local",
      account: world.cloud.account,
      trustDomain,
    });
    expect(await answer("whoami", "--profile", "toy")).toMatchObject({
      issuer: world.endpoints.issuer,
      caller: { arn: expect.stringContaining("lanyard-local-operator") },
      mayLook: true,
    });
    expect((await answer("agents", "--profile", "toy")).agents.length).toBeGreaterThan(3);
  });

  it("nobody else looks: an agent's own credentials are turned away, and so is a call without any", async () => {
    const { credentials } = world.endpoints.agents.planner ?? {};
    const agents = {
      dynamo: { ...profile.dynamo, config: { ...profile.dynamo.config, credentials: async () => credentials } },
    };
    const call = callSigned(agents as never, `${profile.adminRead}/agents`, { method: "GET" });
    await expect(call).rejects.toMatchObject({ facts: { status: 403 } });
    expect((await fetch(`${profile.adminRead}/agents`)).status).toBe(403);
  });
});
