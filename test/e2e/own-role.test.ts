/** A role that its agent takes by itself: by the functions that deploy, at the embedded cloud's STS, traced and stopped. */
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { IAMClient, UpdateAssumeRolePolicyCommand } from "@aws-sdk/client-iam";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { AssumeRoleWithWebIdentityCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../bin/lanyard/program.ts";
import { awsStsWebIdentity } from "../../client/evidence/aws-sts-web-identity.ts";
import { type AgentSession, type AwsSessionCredentials, createAgent } from "../../client/index.ts";
import { ownRole } from "../../client/own-role.ts";
import type { DeployedLanyard } from "../../lib/index.ts";
import { signedOrder } from "../../local/demo/story/cast.ts";
import { awaitRecords } from "../../local/demo/story/records.ts";
import { raiseWorld, type World } from "../../local/demo/story/world.ts";
import { readAssembly } from "../../local/emulator/cloudformation/assembly.ts";
import { synthesizeLocal } from "../kit/stage.ts";
import { synthesize } from "../local/sts/team.ts";
import { made } from "../stack/targets/ground.ts";
import { account, files, idOf, region, targetArn, targets, writeRegistry } from "./lineage/registry.ts";

const folder = mkdtempSync(join(tmpdir(), "lanyard-own-role-"));
/** Roles that are one agent's own, by the name of their agent. */
const owned = { planner: "PlannerOwn", archivist: "ArchivistOwn" } as const;
type Agent = keyof typeof owned;
let world: World;

/** Registers each agent's own role, for all that it may hold at the resource. */
function registerOwn(registry: string): void {
  const where = { bucket: "tickets", prefix: "a/" };
  const read = { scope: "files:read", service: "s3", actions: ["s3:GetObject"], where };
  const list = { scope: "files:list", service: "s3", actions: ["s3:ListBucket"], where };
  for (const [agent, grants] of [
    ["planner", [read, list]],
    ["archivist", [read]],
  ] as const) {
    const role = { kind: "aws-role", name: `${agent}-own`, arn: targetArn(owned[agent]), resource: files };
    const own = { ...role, agents: [agent], exclusive: true, grants };
    appendFileSync(join(registry, "all.yaml"), `\n---\n${JSON.stringify(own)}`);
  }
}

/** The trust that the construct writes, with this cloud's issuer in the place of one that AWS would take. */
function trustOf(agent: Agent, issuer: string, lanyard: DeployedLanyard): string {
  const webIdentity = { issuer: "https://issuer.placeholder.example" };
  const { trust } = made({ lanyard, agents: [agent], roleName: owned[agent], webIdentity });
  return JSON.stringify(trust)
    .replaceAll("issuer.placeholder.example", issuer.replace(/^https?:\/\//, ""))
    .replaceAll("444455556666", account);
}

beforeAll(async () => {
  const team = join(folder, "team");
  const lanyard = { account, region, stage: "local", trustDomain: "lanyard.local" };
  const roles = { ...targets, PlannerOwn: ["planner"], ArchivistOwn: ["archivist"] };
  synthesize(team, { account, lanyard, roles, objects: { PlannerOwn: "a/*", ArchivistOwn: "a/*" } });
  const assembly = await synthesizeLocal(folder, { awsCredentials: { accounts: [account], webIdentity: true } });
  const registry = join(folder, "registry");
  writeRegistry(registry, "https://nobody.example");
  registerOwn(registry);
  world = await raiseWorld({
    ...{ memory: true, directory: join(folder, ".lanyard"), assembly, registry, applications: ["planner"] },
    ...{ beside: readAssembly(team), onProgress: () => undefined },
  });
  const { issuer, aws } = world.endpoints;
  const credentials = { ...world.cloud.operator };
  world.cloud.addIdentityProvider(account, { url: issuer, clientIds: ["sts.amazonaws.com"] });
  const iam = new IAMClient({ ...aws, credentials });
  for (const agent of ["planner", "archivist"] as const) {
    const PolicyDocument = trustOf(agent, issuer, lanyard);
    await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: owned[agent], PolicyDocument }));
  }
  const s3 = new S3Client({ ...place(), credentials });
  for (const Key of ["a/1", "b/1"]) await s3.send(new PutObjectCommand({ Bucket: "tickets", Key, Body: Key }));
});
afterAll(async () => {
  await world?.close();
  rmSync(folder, { recursive: true, force: true });
});

const place = () => ({ ...world.endpoints.aws, forcePathStyle: true, maxAttempts: 1 });

function agentOf(name: Agent) {
  const { issuer, aws, agents } = world.endpoints;
  const { credentials } = agents[name] ?? expect.fail(`there is no agent ${name}`);
  const evidence = awsStsWebIdentity({ ...aws, credentials: { ...credentials } });
  return createAgent({ issuer, agent: idOf(name), evidence });
}

/** A session of the planner's for a person. */
async function open(scopes = ["files:read", "files:list"], more = {}): Promise<AgentSession> {
  const { id_token: idToken } = await world.provider.signInAs("planner");
  const grants = [{ resource: files, scopes }];
  return agentOf("planner").open({ onBehalfOf: { idToken }, grants, renewable: true, ...more });
}

/** A session of the archivist's, below one of the planner's. */
async function handOver(session: AgentSession) {
  const { handle } = await session.offer({
    to: idOf("archivist"),
    grants: [{ resource: files, scopes: ["files:read"] }],
  });
  return agentOf("archivist").redeem(handle, { expect: "anything" });
}

type Taking = Parameters<ReturnType<typeof ownRole>>[0];
/** Takes a role as an agent does, and keeps what STS was given. */
async function take(session: Pick<AgentSession, "awsCredentials">, agent: Agent = "planner") {
  const seen: Taking[] = [];
  const own = async (by: Taking) => {
    seen.push(by);
    return ownRole({ ...world.endpoints.aws })(by);
  };
  const credentials = await session.awsCredentials({ resource: files, role: `${agent}-own`, own });
  const [by = expect.fail("STS was not asked")] = seen;
  return { ...using(credentials), credentials, by };
}

/** What is done under credentials in hand, whatever becomes of their session. */
function using({ accessKeyId, secretAccessKey, sessionToken }: AwsSessionCredentials) {
  const s3 = new S3Client({ ...place(), credentials: { accessKeyId, secretAccessKey, sessionToken } });
  const Bucket = "tickets";
  const read = (Key = "a/1") => nameOf(s3.send(new GetObjectCommand({ Bucket, Key })));
  const write = (Key: string) => nameOf(s3.send(new PutObjectCommand({ Bucket, Key, Body: "x" })));
  return { read, write };
}
const nameOf = (work: Promise<unknown>) =>
  work.then(
    () => "ok",
    ({ name }: Error) => name,
  );

/** What STS answers to whoever shows a token. */
async function show({ token, roleArn, roleSessionName }: Taking): Promise<string> {
  const sts = new STSClient({ ...world.endpoints.aws, maxAttempts: 1 });
  const named = { RoleArn: roleArn, RoleSessionName: roleSessionName };
  return nameOf(sts.send(new AssumeRoleWithWebIdentityCommand({ ...named, WebIdentityToken: token })));
}

const isRefused = ({ read }: { readonly read: () => Promise<string> }) =>
  expect.poll(() => read()).toBe("AccessDenied");

/** What a command of the terminal came to. */
async function lanyard(...args: readonly string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = { out: (text: string) => void out.push(text), err: (text: string) => void err.push(text) };
  const code = await run([...args], { terminal, env: {}, folder });
  if (code !== 0) throw new Error(err.join("\n"));
  return JSON.parse(out.join("\n"));
}

describe("threat 10: a role that is the agent's own", () => {
  it("is had whole by a session that holds all that it is registered for: read, written, and no other prefix", async () => {
    const { read, write, credentials } = await take(await open());
    expect([await read(), await write("a/2"), await read("a/2")]).toEqual(["ok", "ok", "ok"]);
    expect([await read("b/1"), await write("b/2")]).toEqual(["AccessDenied", "AccessDenied"]);
    expect(credentials.expiration.getTime() - Date.now()).toBeGreaterThan(600_000);
  });

  it("is kept from a session that holds less", async () => {
    const session = await open(["files:read"]);
    await expect(take(session)).rejects.toMatchObject({ code: "scope_refused" });
  });

  it("is taken by no token but its own: under another session's name, for another role, by another agent", async () => {
    const session = await open();
    const { by } = await take(session);
    expect(by.roleSessionName).toBe(session.sid);
    expect(await show(by)).toBe("ok");
    expect(await show({ ...by, roleSessionName: "X".repeat(22) })).toBe("AccessDenied");
    for (const name of ["Files", "ArchivistOwn"])
      expect(await show({ ...by, roleArn: targetArn(name) })).toBe("AccessDenied");
    const child = await handOver(session);
    await expect(take(child, "planner")).rejects.toMatchObject({ code: "target_refused" });
    const theirs = await take(child, "archivist");
    expect(await theirs.read()).toBe("ok");
    expect(await show({ ...theirs.by, roleArn: targetArn("PlannerOwn") })).toBe("AccessDenied");
  });

  it("is printed by lanyard aws-credentials --own-role", async () => {
    const idTokenFile = join(folder, "id-token");
    writeFileSync(idTokenFile, (await world.provider.signInAs("planner")).id_token);
    const wanted = ["--resource", files, "--scope", "files:read", "files:list", "--role", "planner-own"];
    const person = ["--id-token-file", idTokenFile];
    const said = await lanyard("aws-credentials", "--agent", "planner", ...wanted, "--own-role", ...person);
    const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken: sessionToken } = said;
    const sts = new STSClient({ ...place(), credentials: { accessKeyId, secretAccessKey, sessionToken } });
    const { Arn } = await sts.send(new GetCallerIdentityCommand({}));
    expect(Arn).toBe(`arn:aws:sts::${account}:assumed-role/PlannerOwn/${said.session.sid}`);
    expect(Date.parse(said.Expiration) - Date.now()).toBeGreaterThan(600_000);
  });
});

describe("threat 20: credentials of a role that its agent took by itself are denied in AWS, and nobody else's", () => {
  it.each<[string, (session: AgentSession) => Promise<unknown>]>([
    ["the agent has ended its session", (session) => session.end()],
    [
      "an operator has revoked its session",
      ({ sid }) => signedOrder(world, { revoke: { session: sid }, reason: "tried" }),
    ],
  ])("once %s, with what is below it", async (_, end) => {
    const dead = await open();
    // two sign-ins within one second are one login, which an operator's revocation ends as a whole
    await sleep(1_050 - (Date.now() % 1_000)); // clock: the person's next login
    const other = await open();
    const child = await handOver(dead);
    const [gone, below, stays] = [await take(dead), await take(child, "archivist"), await take(other)];
    const reads = () => Promise.all([gone, below, stays].map(({ read }) => read()));
    expect(await reads()).toEqual(["ok", "ok", "ok"]);
    await end(dead);
    await isRefused(gone);
    await isRefused(below);
    expect(await stays.read()).toBe("ok");
    // the token lives for its minute: what is begun with it now is denied as well
    const late = await ownRole({ ...world.endpoints.aws })(gone.by);
    expect(await using(late).read()).toBe("AccessDenied");
  });

  it("once its session has come to its end by itself", async () => {
    const [short, other] = [await open(undefined, { lifetimeSeconds: 15 }), await open()];
    const endMillis = Date.now() + 15_000;
    const [gone, stays] = [await take(short), await take(other)];
    expect(await gone.read()).toBe("ok");
    await sleep(Math.max(0, endMillis - Date.now()) + 1_000); // clock: the session's own end
    // as its schedule does within the minute
    await world.cloud.invoke("publisher", {});
    await isRefused(gone);
    expect(await stays.read()).toBe("ok");
  });
});

describe("threat 21: what was done with it is traced to the session", () => {
  it("by its session, by each event and by the key, over AssumeRoleWithWebIdentity's own line", async () => {
    const session = await open();
    const { sid } = session;
    const { read, credentials } = await take(session);
    expect(await read()).toBe("ok");
    await awaitRecords(
      world,
      (all) => all.some(({ facts }) => facts.sid === sid && facts.operation === "credentials.token"),
      30_000,
    );
    world.cloud.trail?.flush();
    const { roots } = await lanyard("trace", "session", sid, "--json");
    const calls: { by: string; line: { name: string; eventId: string } }[] = roots[0].calls;
    const named = (by: string) => calls.filter((call) => call.by === by).map(({ line }) => line.name);
    expect([named("vend"), named("key")]).toEqual([["AssumeRoleWithWebIdentity"], ["GetObject"]]);
    for (const { by, line } of calls.filter((call) => call.by !== "sign")) {
      const { chain } = await lanyard("trace", "event", line.eventId, "--json");
      expect([by, chain[0], chain.at(-1)]).toEqual([
        ...[by, expect.stringContaining(sid), `for     ${session.principal}`],
      ]);
    }
    const { chain } = await lanyard("trace", "key", credentials.accessKeyId, "--json");
    expect(chain.join("\n")).toContain(sid);
  });
});
