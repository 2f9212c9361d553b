import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { expect, vi } from "vitest";
import { awsStsWebIdentity } from "../../../client/evidence/aws-sts-web-identity.ts";
import { type AgentSession, createAgent } from "../../../client/index.ts";
import { attachToMessage } from "../../../client/messages.ts";
import { type IdentityProvider, startIdentityProvider } from "../../../local/demo/identity-provider/provider.ts";
import { awaitRecords } from "../../../local/demo/story/records.ts";
import { raiseWorld, type World } from "../../../local/demo/story/world.ts";
import { readAssembly } from "../../../local/emulator/cloudformation/assembly.ts";
import { patience } from "../../kit/patience.ts";
import { synthesize } from "../../local/sts/team.ts";
import { notedClient, readFiles, type Work } from "./agents/agent.ts";
import type { Told } from "./agents/archivist.ts";
import { bundleAgents } from "./agents/bundle.ts";
import { account, files, idOf, region, rows, targets, writeRegistry } from "./registry.ts";

/**
 * A deployment, a team's app beside it with its target roles, the agents' own app with the functions that three of them run
 * in, and two companies whose people sign in.
 */

export const folder = mkdtempSync(join(tmpdir(), "lanyard-lineage-"));
export let world: World;
let other: IdentityProvider;
const closers: (() => Promise<void>)[] = [];

/** A call by an SDK under credentials of a session, as its client saw it. */
export interface Done {
  readonly sid: string;
  readonly requestId: string;
}
/** Every call that was made under a session's credentials: what a trace must find, no more and no less. */
export const done: Done[] = [];

/** Raises everything; the trail is as unkind as AWS may be. */
export async function raise(): Promise<void> {
  const team = join(folder, "team");
  const lanyard = { account, region, stage: "local", trustDomain: "lanyard.local" };
  const agents = await bundleAgents(join(folder, "agents"));
  synthesize(team, { account, lanyard, roles: targets, agents });
  other = await startIdentityProvider({ lanyardIssuer: "https://nobody.example", agents: ["planner"] });
  closers.push(other.close);
  const registry = join(folder, "registry");
  writeRegistry(registry, other.issuer);
  world = await raiseWorld({
    ...{ memory: true, directory: join(folder, ".lanyard"), registry, applications: ["planner"] },
    ...{ beside: readAssembly(team), onProgress: () => undefined },
  });
  closers.push(world.close);
  // the watch of the deployment says, once an hour, which roles are our functions': only their signatures are ours
  await world.cloud.fireSchedules();
  world.cloud.trail?.unkind({ late: 0.5, doubled: 0.5, shuffled: true });
  const s3 = new S3Client({ ...world.endpoints.aws, credentials: world.cloud.operator, forcePathStyle: true });
  for (const Key of ["a/1", "b/1"]) await s3.send(new PutObjectCommand({ Bucket: "tickets", Key, Body: Key }));
}

export async function lower(): Promise<void> {
  for (const close of closers.reverse()) await close();
  rmSync(folder, { recursive: true, force: true });
}

/** Credentials of an agent's role. */
export function credentialsOf(name: string) {
  const { credentials } = world.endpoints.agents[name] ?? {};
  if (credentials === undefined) throw new Error(`no agent ${name}`);
  return { ...credentials };
}

/** An agent as it runs: its role's document, its key, its client. */
export function agentOf(name: string, more: Partial<Parameters<typeof createAgent>[0]> = {}) {
  const { endpoints } = world;
  const evidence = awsStsWebIdentity({ ...endpoints.aws, credentials: credentialsOf(name) });
  return createAgent({ issuer: endpoints.issuer, agent: idOf(name), evidence, ...more });
}

/** Ada, who has one `sub` at both companies. */
export const signIn = async (at: "people" | "others"): Promise<string> =>
  (await (at === "people" ? world.provider : other).signInAs("planner")).id_token;

/** A client of the SDK that calls this cloud; nobody notes its calls. */
export const clientOf: <T extends { readonly middlewareStack: { add(...args: never[]): void } }>(
  Client: new (settings: object) => T,
  credentials: object,
) => T = (Client, credentials) =>
  notedClient(Client, { ...world.endpoints.aws, credentials: { ...credentials } }, () => undefined);

/** What a session's work comes to; the calls to STS that its credentials took are noted as its own. */
export async function noted(begun: Promise<Work>): Promise<Work> {
  const before = world.cloud.calls().length;
  const work = await begun;
  const lent = new Set(["AssumeRole", "GetScopedCredentials"]);
  const taken = world.cloud.calls().slice(before);
  const ids = taken.flatMap(({ operation, requestId }) => (lent.has(operation) ? [requestId] : []));
  for (const requestId of [...ids, ...work.requestIds]) done.push({ sid: work.sid, requestId });
  return work;
}

/** What the story came to. */
export interface Story {
  readonly planner: AgentSession;
  readonly desk: Pick<AgentSession, "sid">;
  readonly archivist: Pick<AgentSession, "sid">;
  readonly ends: Readonly<Record<"planner" | "desk" | "archivist", readonly string[]>>;
}

/**
 * A person's work: the planner reads, calls the desk's function, which goes on under the token it is shown, and puts the
 * rest into a queue, from which the archivist's function has it. One after the other: whose each call to STS is, is known
 * by when it was made.
 */
export async function tell(at: "people" | "others"): Promise<Story> {
  const deskUrl = (world.cloud.outputs.DeskUrl ?? "").replace(/\/$/, "");
  const planner = agentOf("planner", { servedAt: { [files]: deskUrl } });
  const session = await planner.open({
    onBehalfOf: { idToken: await signIn(at) },
    grants: [
      { resource: files, scopes: ["files:read", "files:list"] },
      { resource: rows, scopes: ["rows:write"] },
    ],
    purpose: "note what ticket 1 says",
  });
  const own = await noted(readFiles(session, (credentials) => ({ ...world.endpoints.aws, credentials })));
  const desk = await noted(atDesk(session, `${deskUrl}/notes`));
  const archivist = await noted(queued(session));
  return { planner: session, desk, archivist, ends: { planner: own.ends, desk: desk.ends, archivist: archivist.ends } };
}

/** Calls the desk's function by its URL. */
async function atDesk(session: AgentSession, url: string): Promise<Work> {
  const answer = await session.fetch(url, { resource: files, scopes: ["files:read"] });
  if (answer.status !== 200) throw new Error(`the desk answered ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as Work;
}

/** Sends work to the archivist by a queue, as the planner's role may; its mapping hands it to the archivist's function. */
async function queued(session: AgentSession): Promise<Work> {
  const sqs = clientOf(SQSClient, credentialsOf("planner"));
  const { WorkUrl: QueueUrl = "", ArchivistName = "" } = world.cloud.outputs;
  const offer = { to: idOf("archivist"), grants: [{ resource: files, scopes: ["files:read"] }] };
  const message = await attachToMessage(session, { QueueUrl, MessageBody: "ticket 1" }, offer);
  const { MessageId } = await sqs.send(new SendMessageCommand(message));
  const told = () =>
    world.cloud
      .logs(ArchivistName)
      .flatMap((line) => (line.startsWith('{"message":') ? [JSON.parse(line) as Told] : []))
      .find((one) => one.message === MessageId);
  const { work, failed } = await vi.waitFor(() => told() ?? expect.fail("the archivist said nothing"), patience);
  if (work === undefined) throw new Error(`the archivist failed: ${failed}`);
  return work;
}

/** Waits until both trails hold everything that was done so far. */
export async function settle(...sids: readonly string[]): Promise<void> {
  const there = (sid: string) => (all: Awaited<ReturnType<typeof awaitRecords>>) =>
    all.some(({ facts }) => facts.sid === sid && facts.operation === "credentials.vend");
  await awaitRecords(world, (all) => sids.every((sid) => there(sid)(all)), 30_000);
  world.cloud.trail?.flush();
}
