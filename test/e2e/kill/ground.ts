import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GetSessionTokenCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { run } from "../../../bin/lanyard/program.ts";
import { awsStsWebIdentity } from "../../../client/evidence/aws-sts-web-identity.ts";
import { ecsTask } from "../../../client/evidence/ecs-task.ts";
import { type AgentSession, createAgent, type LanyardAgent, LanyardError } from "../../../client/index.ts";
import { AccessError, createResourceServer } from "../../../client/verify.ts";
import { writeEndpoints } from "../../../local/demo/endpoints.ts";
import { signedOrder } from "../../../local/demo/story/cast.ts";
import { tickets } from "../../../local/demo/story/desk.ts";
import { raiseWorld, type World } from "../../../local/demo/story/world.ts";
import { synthesize } from "../../../local/demo/synthesize.ts";
import type { Credentials } from "../../../local/emulator/iam/caller.ts";
import type { User } from "../../../local/emulator/iam/users.ts";
import { listen } from "../../../local/emulator/loopback.ts";

/**
 * Revocation when no function answers: the deployed template, its role, its tables and their policies, the command as
 * an operator runs it, and every function broken first (threat 63).
 */
export let world: World;
export let folder: string;
export let assembly: string;
export let glass: User;
/** Credentials of the user that carry the factor: a code counts once, and the next comes in half a minute. */
export let held: Keys;
export let api: Awaited<ReturnType<typeof serveTickets>>;
export const measured: string[] = [];

/** Raises it for the tests of the calling file. */
export function setUp(): void {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "lanyard-kill-"));
    const made = synthesize({ onProgress: () => undefined });
    made.catch(() => undefined);
    world = await raiseWorld({ memory: true, made, onProgress: () => undefined });
    assembly = (await made).assembly;
    glass = world.cloud.addUser({ arn: `arn:aws:iam::${world.cloud.account}:user/break-glass` });
    held = await withFactor(glass.mfaCode());
    writeFileSync(join(folder, "outputs.json"), JSON.stringify({ "lanyard-local-state": world.cloud.outputs }));
    writeEndpoints(join(folder, ".lanyard"), world.endpoints);
    api = await serveTickets();
  });
  afterEach(() => mend());
  afterAll(async () => {
    await api?.close();
    await world?.close();
    rmSync(folder, { recursive: true, force: true });
  });
}

export const own = (name: string) => {
  const { id, credentials } = world.endpoints.agents[name] ?? { id: "", credentials: undefined };
  if (!credentials) throw new Error(`no agent ${name}`);
  const evidence = awsStsWebIdentity({ ...world.endpoints.aws, credentials: { ...credentials } });
  const servedAt = api ? { [tickets]: api.url } : {};
  return { id, client: createAgent({ issuer: world.endpoints.issuer, agent: id, evidence, servedAt }) };
};

/** How a session is answered behind our verifier: 200, 401 for a token that is over, 503 where nothing can be known. */
type Way = (session: AgentSession) => Promise<number>;

/** A small API behind our verifier, in both ways that there are. */
async function serveTickets() {
  const { servedBy = "" } = world.endpoints.resources[tickets] ?? {};
  const agent = own(servedBy).client;
  const guards = new Map<string, ReturnType<typeof createResourceServer>>();
  const server = await listen(async (request, response) => {
    const reply = await guards
      .get(request.url ?? "")
      ?.authenticate(request)
      .then(
        () => ({ status: 200, headers: {}, body: "" }),
        (cause: unknown) =>
          cause instanceof AccessError ? cause.reply : { status: 503, headers: {}, body: String(cause) },
      );
    response.writeHead(reply?.status ?? 404, reply?.headers).end(reply?.body);
  });
  const url = `http://${server.host}`;
  const input = { issuer: world.endpoints.issuer, resource: tickets, requestUrl: url };
  guards.set("/offline", createResourceServer({ ...input, mode: "offline" }));
  guards.set("/asking", createResourceServer({ ...input, mode: "introspect", agent }));
  const way =
    (path: string): Way =>
    async (session) =>
      (await session.fetch(`${url}${path}`, { resource: tickets })).status;
  return { url, offline: way("/offline"), asking: way("/asking"), close: server.close };
}

/** The planner as an ECS task that was started from an image. */
export function task(imageDigest: string): LanyardAgent {
  const { issuer, attest, token, introspect, revoke, aws } = world.endpoints;
  const roleArn = `arn:aws:iam::${world.cloud.account}:role/agents/planner-task`;
  const containers = [{ name: "agent", imageDigest }];
  const name = String(++tasks).padStart(32, "0");
  const credentials = {
    ...world.cloud.addWorkload({ name, roleArn, task: { cluster: "agents", definition: "planner:1", containers } }),
  };
  return createAgent({
    issuer,
    agent: own("planner").id,
    evidence: ecsTask({ ...aws, credentials, cluster: "agents" }),
    endpoints: { attest, token, introspect, revoke },
    servedAt: { [tickets]: api.url },
  });
}
let tasks = 0;

export async function open(client = own("planner").client): Promise<AgentSession> {
  const { id_token: idToken } = await world.provider.signInAs("planner");
  const session = await client.open({
    onBehalfOf: { idToken },
    grants: [{ resource: tickets, scopes: ["tickets:read"] }],
  });
  // who could not reach the issuer a moment ago asks it again only after a pause
  await expect.poll(() => api.offline(session), { interval: 50 }).toBe(200);
  expect(await api.asking(session)).toBe(200);
  return session;
}

/** Whether a session can be opened. */
export const opening = (client?: LanyardAgent) =>
  open(client).then(
    () => "opened",
    (cause: unknown) => {
      if (cause instanceof LanyardError && !cause.retryable) return "refused";
      throw cause;
    },
  );

export let mend = (): void => undefined;
/** Breaks every function but those named, and asks one of each kind whether it is. */
export async function broken(...but: readonly string[]): Promise<void> {
  const mending = world.cloud.faults.breakFunctions(...but);
  mend = () => {
    mending();
    mend = () => undefined;
  };
  const { issuer: _, token, introspect, admin } = world.endpoints;
  for (const url of [token, introspect, admin]) expect((await fetch(url, { method: "POST" })).status).not.toBe(200);
  await expect(
    signedOrder(world, { revoke: { agent: own("planner").id }, reason: "by the usual way" }),
  ).rejects.toThrow("502");
}

export type Keys = Pick<Credentials, "accessKeyId" | "secretAccessKey"> & { readonly sessionToken?: string };

export async function withFactor(TokenCode?: string): Promise<Keys> {
  const { accessKeyId, secretAccessKey } = glass.credentials;
  const sts = new STSClient({ ...world.cloud.aws, credentials: { accessKeyId, secretAccessKey } });
  const factor = TokenCode === undefined ? {} : { SerialNumber: glass.mfaSerial, TokenCode };
  const { Credentials: made = {} } = await sts.send(new GetSessionTokenCommand(factor)).finally(() => sts.destroy());
  const { AccessKeyId = "", SecretAccessKey = "", SessionToken = "" } = made as Record<string, string>;
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
}

export interface How {
  readonly credentials?: Keys;
  /** What is typed when the command asks for the word; nobody can be asked unless it is given. */
  readonly typed?: string;
}

const keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"] as const;
/** One command line of the break-glass user, by nothing but the outputs of the stacks and the SDK's own chain. */
export async function kill(args: readonly string[], { credentials = held, typed }: How = {}) {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const values = [accessKeyId, secretAccessKey, sessionToken || undefined, world.cloud.aws.endpoint];
  const before = keys.map((key) => process.env[key]);
  const set = (all: readonly (string | undefined)[]) => {
    for (const [index, key] of keys.entries()) {
      const value = all[index];
      if (value === undefined) delete process.env[key];
      else process.env[key] = value;
    }
  };
  const [out, err]: [string[], string[]] = [[], []];
  const read = async (question: string) => {
    err.push(question);
    return typed ?? "";
  };
  const terminal = {
    out: (line: string) => void out.push(line),
    err: (line: string) => void err.push(line),
    ...(typed === undefined ? {} : { read }),
  };
  set(values);
  try {
    const deployment = ["--outputs", join(folder, "outputs.json")];
    const code = await run(["kill", ...args, ...deployment], { terminal, env: {}, folder });
    return { code, out: out.join("\n"), err: err.join("\n"), json: () => JSON.parse(out.join("\n")) };
  } finally {
    set(before);
  }
}

export const rowsOf = async (
  output: string,
): Promise<readonly Record<string, { S?: string; N?: string; BOOL?: boolean }>[]> =>
  ((await world.cloud.dynamodb("Scan", { TableName: world.cloud.outputs[output] })).body as { Items: never[] }).Items;
export const written = async () =>
  JSON.stringify([await rowsOf("RevocationsTable"), (await rowsOf("OutboxTable")).length]);

/** Milliseconds until an API behind our verifier no longer admits a session, and by which status. */
export async function refusedAfter(
  session: AgentSession,
): Promise<{ readonly millis: number; readonly status: number }> {
  const startedMillis = performance.now();
  let status = 200;
  await expect.poll(async () => (status = await api.offline(session).catch(() => 503)), { interval: 50 }).not.toBe(200);
  return { millis: Math.round(performance.now() - startedMillis), status };
}

/** A command line of a daily operator. */
export async function lanyard(...args: readonly string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = { out: (line: string) => void out.push(line), err: (line: string) => void err.push(line) };
  const code = await run(args, { terminal, env: {}, folder });
  return { code, out: out.join("\n"), err: err.join("\n") };
}
