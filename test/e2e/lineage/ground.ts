import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { DeleteMessageCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { awsStsWebIdentity } from "../../../client/evidence/aws-sts-web-identity.ts";
import { createLambdaHandler, type LambdaHttpEvent } from "../../../client/handler.ts";
import { type AgentSession, type AwsSessionCredentials, createAgent } from "../../../client/index.ts";
import { attachToMessage, receive } from "../../../client/messages.ts";
import { createResourceServer } from "../../../client/verify.ts";
import { type IdentityProvider, startIdentityProvider } from "../../../local/demo/identity-provider/provider.ts";
import { raiseWorld, type World } from "../../../local/demo/story/world.ts";
import { readAssembly } from "../../../local/emulator/cloudformation/assembly.ts";
import { listen } from "../../../local/emulator/loopback.ts";
import { synthesize } from "../../local/sts/team.ts";
import { account, files, idOf, region, rows, targets, writeRegistry } from "./registry.ts";

/** A deployment, a team's app beside it with its target roles, and two companies whose people sign in. */

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
  synthesize(team, { account, lanyard, roles: targets });
  other = await startIdentityProvider({ lanyardIssuer: "https://nobody.example", agents: ["planner"] });
  closers.push(other.close);
  const registry = join(folder, "registry");
  writeRegistry(registry, other.issuer);
  world = await raiseWorld({
    ...{ memory: true, directory: join(folder, ".lanyard"), registry, applications: ["planner"] },
    ...{ beside: readAssembly(team), onProgress: () => undefined },
  });
  closers.push(world.close);
  world.cloud.trail?.unkind({ late: 0.5, doubled: 0.5, shuffled: true });
  const s3 = new S3Client({ ...world.endpoints.aws, credentials: world.cloud.operator, forcePathStyle: true });
  for (const Key of ["a/1", "b/1"]) await s3.send(new PutObjectCommand({ Bucket: "tickets", Key, Body: Key }));
}

export async function lower(): Promise<void> {
  for (const close of closers.reverse()) await close();
  rmSync(folder, { recursive: true, force: true });
}

/** An agent as it runs: its role's document, its key, its client. */
export function agentOf(name: string, more: Partial<Parameters<typeof createAgent>[0]> = {}) {
  const { endpoints } = world;
  const { id, credentials } = endpoints.agents[name] ?? {};
  if (id === undefined || credentials === undefined) throw new Error(`no agent ${name}`);
  const evidence = awsStsWebIdentity({ ...endpoints.aws, credentials: { ...credentials } });
  return createAgent({ issuer: endpoints.issuer, agent: id, evidence, ...more });
}

/** Ada, who has one `sub` at both companies. */
export const signIn = async (at: "people" | "others"): Promise<string> =>
  (await (at === "people" ? world.provider : other).signInAs("planner")).id_token;

/** A client of the SDK under a session's credentials, whose calls are noted. */
export function clientOf<T extends { readonly middlewareStack: { add(...args: never[]): void } }>(
  Client: new (settings: object) => T,
  credentials: Omit<AwsSessionCredentials, "expiration">,
  sid: string | undefined,
): T {
  const client = new Client({
    ...world.endpoints.aws,
    credentials: { ...credentials },
    maxAttempts: 1,
    forcePathStyle: true,
  });
  type Sent = { response: { headers: Record<string, string> } };
  const noting = (next: (args: unknown) => Promise<Sent>) => async (args: unknown) => {
    const answer = await next(args);
    const { headers } = answer.response;
    const requestId = headers["x-amzn-requestid"] ?? headers["x-amz-request-id"];
    if (sid !== undefined && requestId !== undefined) done.push({ sid, requestId });
    return answer;
  };
  // by the wire, so that a refused call counts as well: CloudTrail has it too
  (client.middlewareStack.add as (...args: unknown[]) => void)(noting, {
    step: "deserialize",
    priority: "low",
    name: "noting",
  });
  return client;
}

/** Credentials of a session; the calls to STS that this took are noted as its own. */
async function vended(session: AgentSession, wanted: Parameters<AgentSession["awsCredentials"]>[0]) {
  const before = world.cloud.calls().length;
  const given = await session.awsCredentials(wanted);
  for (const { service, requestId, userAgent } of world.cloud.calls().slice(before))
    if (service === "sts" || (service === "kms" && userAgent.includes(`lanyard/${session.sid}`)))
      done.push({ sid: session.sid, requestId });
  return given;
}

/** How a call ended: "ok" or AWS's word for why not. */
export const ended = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "ok",
    ({ name }: Error) => name,
  );

/** Reads files by the session's role: one that it may, one that it may not. */
export async function readFiles(session: AgentSession): Promise<readonly string[]> {
  const given = await vended(session, { resource: files, scopes: ["files:read"] });
  const s3 = clientOf(S3Client, given, session.sid);
  const get = (Key: string) => ended(s3.send(new GetObjectCommand({ Bucket: "tickets", Key })));
  return [await get("a/1"), await get("b/1")];
}

/** Writes rows by the session's role, likewise. */
async function writeRows(session: AgentSession): Promise<readonly string[]> {
  const given = await vended(session, { resource: rows, scopes: ["rows:write"] });
  const dynamo = clientOf(DynamoDBClient, given, session.sid);
  const put = (id: string) => ended(dynamo.send(new PutItemCommand({ TableName: "items", Item: { id: { S: id } } })));
  return [await put("a#1"), await put("b#1")];
}

/** What the story came to. */
export interface Story {
  readonly planner: AgentSession;
  readonly desk: AgentSession;
  readonly archivist: AgentSession;
  readonly ends: Readonly<Record<"planner" | "desk" | "archivist", readonly string[]>>;
}

/**
 * A person's work: the planner reads, calls the desk's function, which goes on under the token it is shown, and puts the
 * rest into a queue for the archivist.
 */
export async function tell(at: "people" | "others"): Promise<Story> {
  const desk = await serveDesk();
  const planner = agentOf("planner", { servedAt: { [files]: desk.url } });
  const session = await planner.open({
    onBehalfOf: { idToken: await signIn(at) },
    grants: [
      { resource: files, scopes: ["files:read", "files:list"] },
      { resource: rows, scopes: ["rows:write"] },
    ],
    purpose: "note what ticket 1 says",
  });
  const own = await readFiles(session);
  const answer = await session.fetch(`${desk.url}/notes`, { resource: files, scopes: ["files:read"] });
  if (answer.status !== 200) throw new Error(`the desk answered ${answer.status}: ${await answer.text()}`);
  const taken = await queued(session);
  const archivist = await readFiles(taken);
  const hop = desk.sessions.at(-1);
  if (hop === undefined) throw new Error("the desk opened no session");
  return {
    ...{ planner: session, desk: hop.session, archivist: taken },
    ends: { planner: own, desk: hop.ends, archivist },
  };
}

/** The desk: a Lambda function behind a URL, as the client wraps it. */
async function serveDesk() {
  const agent = agentOf("desk");
  const { issuer } = world.endpoints;
  const sessions: { readonly session: AgentSession; readonly ends: readonly string[] }[] = [];
  const refusals: string[] = [];
  let handler: ReturnType<typeof createLambdaHandler> | undefined;
  const server = await listen(async (request, response) => {
    const [rawPath = "/", rawQueryString = ""] = (request.url ?? "/").split("?");
    const event: LambdaHttpEvent = {
      ...{ version: "2.0", rawPath, rawQueryString },
      headers: Object.fromEntries(Object.entries(request.headersDistinct).map(([name, all]) => [name, all?.join(",")])),
      requestContext: { http: { method: request.method ?? "" } },
    };
    const { statusCode, headers, body } = (await handler?.(event, undefined)) ?? { statusCode: 503 };
    response.writeHead(statusCode, headers as Record<string, string>).end(body ?? refusals.join());
  });
  closers.push(server.close);
  const url = `http://${server.host}`;
  const guard = createResourceServer({ issuer, resource: files, mode: "introspect", agent, requestUrl: url });
  const grants = [{ resource: rows, scopes: ["rows:write"] }];
  handler = createLambdaHandler(
    { server: guard, agent, grants, requires: ["files:read"], refused: ({ code }) => void refusals.push(code) },
    async (_event, { session }) => {
      sessions.push({ session, ends: await writeRows(session) });
      return { statusCode: 200, body: "noted" };
    },
  );
  return { url, sessions };
}

/** Sends work to the archivist by a queue, and takes it there as the archivist. */
async function queued(session: AgentSession): Promise<AgentSession> {
  const sqs = new SQSClient({ ...world.endpoints.aws, credentials: world.cloud.operator });
  const QueueUrl = world.cloud.outputs.WorkUrl ?? "";
  const offer = { to: idOf("archivist"), grants: [{ resource: files, scopes: ["files:read"] }] };
  await sqs.send(new SendMessageCommand(await attachToMessage(session, { QueueUrl, MessageBody: "ticket 1" }, offer)));
  const { Messages = [] } = await sqs.send(
    new ReceiveMessageCommand({ QueueUrl, MessageAttributeNames: ["lanyard-offer"] }),
  );
  const [message] = Messages;
  const expect = { offeredBy: idOf("planner"), principal: session.principal };
  const taken = await receive(agentOf("archivist"), message, { expect });
  await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message?.ReceiptHandle }));
  return taken;
}
