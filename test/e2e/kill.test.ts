import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import {
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from "@aws-sdk/client-dynamodb";
import { AssumeRoleCommand, GetSessionTokenCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../bin/lanyard/program.ts";
import { awsStsWebIdentity } from "../../client/evidence/aws-sts-web-identity.ts";
import { ecsTask } from "../../client/evidence/ecs-task.ts";
import { type AgentSession, createAgent, type LanyardAgent, LanyardError } from "../../client/index.ts";
import { AccessError, createResourceServer } from "../../client/verify.ts";
import { limits } from "../../core/model/limits.ts";
import { writeEndpoints } from "../../local/demo/endpoints.ts";
import { signedOrder } from "../../local/demo/story/cast.ts";
import { tickets } from "../../local/demo/story/desk.ts";
import { raiseWorld, type World } from "../../local/demo/story/world.ts";
import { synthesize } from "../../local/demo/synthesize.ts";
import { matchesPattern } from "../../local/emulator/events/pattern.ts";
import type { Credentials } from "../../local/emulator/iam/caller.ts";
import type { User } from "../../local/emulator/iam/users.ts";
import { listen } from "../../local/emulator/loopback.ts";

/**
 * Revocation when no function answers: the deployed template, its role, its tables and their policies, the command as
 * an operator runs it, and every function broken first (threat 63).
 */
let world: World;
let folder: string;
let assembly: string;
let glass: User;
/** Credentials of the user that carry the factor: a code counts once, and the next comes in half a minute. */
let held: Keys;
let api: Awaited<ReturnType<typeof serveTickets>>;
const measured: string[] = [];

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
  for (const line of measured) console.log(line);
});

const own = (name: string) => {
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
function task(imageDigest: string): LanyardAgent {
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

async function open(client = own("planner").client): Promise<AgentSession> {
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
const opening = (client?: LanyardAgent) =>
  open(client).then(
    () => "opened",
    (cause: unknown) => {
      if (cause instanceof LanyardError && !cause.retryable) return "refused";
      throw cause;
    },
  );

let mend = (): void => undefined;
/** Breaks every function but those named, and asks one of each kind whether it is. */
async function broken(...but: readonly string[]): Promise<void> {
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

type Keys = Pick<Credentials, "accessKeyId" | "secretAccessKey"> & { readonly sessionToken?: string };

async function withFactor(TokenCode?: string): Promise<Keys> {
  const { accessKeyId, secretAccessKey } = glass.credentials;
  const sts = new STSClient({ ...world.cloud.aws, credentials: { accessKeyId, secretAccessKey } });
  const factor = TokenCode === undefined ? {} : { SerialNumber: glass.mfaSerial, TokenCode };
  const { Credentials: made = {} } = await sts.send(new GetSessionTokenCommand(factor)).finally(() => sts.destroy());
  const { AccessKeyId = "", SecretAccessKey = "", SessionToken = "" } = made as Record<string, string>;
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
}

interface How {
  readonly credentials?: Keys;
  /** What is typed when the command asks for the word; nobody can be asked unless it is given. */
  readonly typed?: string;
}

const keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"] as const;
/** One command line of the break-glass user, by nothing but the outputs of the stacks and the SDK's own chain. */
async function kill(args: readonly string[], { credentials = held, typed }: How = {}) {
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

const rowsOf = async (output: string): Promise<readonly Record<string, { S?: string; N?: string; BOOL?: boolean }>[]> =>
  ((await world.cloud.dynamodb("Scan", { TableName: world.cloud.outputs[output] })).body as { Items: never[] }).Items;
const written = async () => JSON.stringify([await rowsOf("RevocationsTable"), (await rowsOf("OutboxTable")).length]);

/** Milliseconds until an API behind our verifier no longer admits a session, and by which status. */
async function refusedAfter(session: AgentSession): Promise<{ readonly millis: number; readonly status: number }> {
  const startedMillis = performance.now();
  let status = 200;
  await expect.poll(async () => (status = await api.offline(session).catch(() => 503)), { interval: 50 }).not.toBe(200);
  return { millis: Math.round(performance.now() - startedMillis), status };
}

describe("the kill role", () => {
  it("threat 63: is taken by nobody without a fresh second factor, and by no daily operator, administrators included", async () => {
    const before = await written();
    const agent = ["agent", "planner", "--yes", "--reason", "r"];
    const device = ["--mfa-serial", glass.mfaSerial];
    expect(await kill(agent, { credentials: glass.credentials })).toMatchObject({
      code: 2,
      err: expect.stringContaining("--mfa-serial and --mfa-code"),
    });
    for (const [args, credentials] of [
      [[...device, "--mfa-code", "000000"], glass.credentials],
      [[], await withFactor()],
      [[], world.cloud.operator],
    ] as const)
      expect(await kill([...agent, ...args], { credentials })).toMatchObject({
        code: 1,
        out: "",
        err: expect.stringContaining("STS refused the role"),
      });
    const other = world.cloud.addUser({ arn: `arn:aws:iam::${world.cloud.account}:user/else`, policies: [everything] });
    const code = ["--mfa-serial", other.mfaSerial, "--mfa-code", other.mfaCode()];
    expect((await kill([...agent, ...code], { credentials: other.credentials })).code).toBe(1);
    expect(await written()).toBe(before);
  });

  it("threat 63: revokes nothing that is misspelt, unknown or cannot be looked up, and nothing unless the word is typed", async () => {
    const before = await written();
    const refused = async (args: readonly string[], says: string, code = 1, how: How = {}) =>
      expect(await kill(args, how), args.join(" ")).toMatchObject({
        code,
        out: "",
        err: expect.stringContaining(says),
      });
    const sure = ["--yes", "--reason", "r"];
    await refused(["agent", "plannr", ...sure], "did you mean spiffe://lanyard.local/agent/planner?");
    await refused(["agent", "spiffe://elsewhere.example/agent/planner", ...sure], "nothing of that name here");
    await refused(["principal", `p_${"a".repeat(32)}`, ...sure], "no session under principal:");
    await refused(["principal", "ada", ...sure], "not an id of this kind");
    await refused(["build", `sha256:${"0".repeat(64)}`, ...sure], "no session under build:");
    await refused(["agent", "planner"], "say why", 2);
    await refused(["agent", "planner", "--reason", "r"], "nobody can be asked", 2);
    await refused(["agent", "planner", "--reason", "r"], "Type planner to end it:", 1, { typed: "y" });
    await refused(["everything", "--reason", "r"], "Type everything to end it:", 1, { typed: "yes" });
    for (const [operation, args] of [
      ["GetItem", ["agent", "planner"]],
      ["Query", ["principal", `p_${"a".repeat(32)}`]],
    ] as const) {
      const heal = world.cloud.faults.inject({ kind: "serverError", service: "dynamodb", operation });
      await refused([...args, ...sure], "whether it exists could not be read");
      heal();
    }
    expect(await written()).toBe(before);
  });

  it("is rehearsed without changing anything, and shows what it would end", async () => {
    await open();
    const before = await written();
    const look = await kill(["agent", "planner", "--dry-run"]);
    expect(look.code).toBe(0);
    expect(look.out).toMatch(/^[1-9]\d* living sessions? of agent spiffe:\S+ would end/);
    expect(look.out).toContain("nothing was changed");
    expect(await written()).toBe(before);
  });

  it("threat 63: can do nothing beside: neither outside a transaction nor in another table", async () => {
    const { outputs, aws } = world.cloud;
    const sts = new STSClient({ ...aws, credentials: { ...held, sessionToken: held.sessionToken ?? "" } });
    const asked = new AssumeRoleCommand({ RoleArn: outputs.OperatorKillRole, RoleSessionName: "break-glass" });
    const { Credentials: made } = await sts.send(asked).finally(() => sts.destroy());
    const { AccessKeyId = "", SecretAccessKey = "", SessionToken = "" } = made ?? {};
    const role = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: SessionToken };
    const dynamo = new DynamoDBClient({ ...aws, credentials: role, maxAttempts: 1 });
    const text = (S: string) => ({ S });
    const lift = { Key: { subject: text("standing#agent:x") }, UpdateExpression: "REMOVE blocked" };
    const refused = [
      new UpdateItemCommand({ TableName: outputs.RevocationsTable, ...lift }),
      new DeleteItemCommand({ TableName: outputs.RevocationsTable, Key: lift.Key }),
      new PutItemCommand({ TableName: outputs.OutboxTable, Item: { eventId: text("denied#x") } }),
      new QueryCommand({ TableName: outputs.SessionsTable, KeyConditionExpression: "root = :k", ...values("x") }),
      new GetItemCommand({ TableName: outputs.PeopleTable, Key: { person: text("p") } }),
      new GetItemCommand({ TableName: outputs.SessionsTable, Key: { root: text("r"), sid: text("s") } }),
    ];
    for (const command of refused)
      await expect(dynamo.send(command as PutItemCommand), command.constructor.name).rejects.toThrow("not authorized");
    dynamo.destroy();
  });
});

/** A command line of a daily operator. */
async function lanyard(...args: readonly string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = { out: (line: string) => void out.push(line), err: (line: string) => void err.push(line) };
  const code = await run(args, { terminal, env: {}, folder });
  return { code, out: out.join("\n"), err: err.join("\n") };
}

interface Recorded {
  readonly metadata: { readonly uid: string };
  readonly status: string;
  readonly actor: { readonly user: { readonly name: string; readonly uid: string } };
  readonly unmapped: { readonly lanyard: { readonly request_id: string } };
}
/** What is in the trail. */
const trail = async (): Promise<readonly Recorded[]> =>
  (await lanyard("audit", "tail", "--json", "--since", "1h")).out
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

const values = (kind: string) => ({ ExpressionAttributeValues: { ":k": { S: kind } } });
const everything = { Statement: { Effect: "Allow", Action: "*", Resource: "*" } };
const reason = (why: string) => ["--yes", "--json", "--reason", why];

describe("with every function broken", () => {
  /** Audit events of what was killed, in order. */
  const events: string[] = [];
  const killed = async () => (await trail()).filter(({ metadata }) => events.includes(metadata.uid));

  it("an agent is killed; introspection refuses at once, and who verifies offline when its list is too old", async () => {
    const session = await open();
    await broken();
    const startedMillis = performance.now();
    const code = ["--mfa-serial", glass.mfaSerial, "--mfa-code", glass.mfaCode(1)];
    const done = await kill(["agent", "planner", ...code, "--reason", "misbehaves"], {
      credentials: glass.credentials,
      typed: "planner",
    });
    expect(done, done.err).toMatchObject({ code: 0 });
    measured.push(`kill, factor and word included: ${Math.round(performance.now() - startedMillis)} ms`);
    expect(done.out).toMatch(/^agent spiffe:\S+planner is over, with all below it, and gets nothing new$/m);
    events.push(/audit event (\S{22}),/.exec(done.out)?.[1] ?? "");
    expect(await api.asking(session)).toBe(503);
    const { millis, status } = await refusedAfter(session);
    measured.push(`offline, issuer gone: refused after ${millis} ms (${status})`);
    expect(status).toBe(503);
    expect(millis).toBeLessThan((limits.statusListTtlSeconds + 2) * 1000 + slackMillis);
  });

  it("and when they are mended, everything refuses it, and a lift lets it begin anew", async () => {
    mend();
    expect(await opening()).toBe("refused");
    await signedOrder(world, { lift: { agent: own("planner").id }, reason: "found" });
    expect(await opening()).toBe("opened");
  });

  it("everything is killed: all copies of the deployment's row are raised and blocked, and nothing is issued until it is lifted", async () => {
    const session = await open();
    const copies = async () =>
      (await rowsOf("RevocationsTable")).filter(({ subject }) => subject?.S?.startsWith("deployment#"));
    const before = (await copies()).map(({ generation }) => Number(generation?.N ?? 0));
    await broken();
    const done = await kill(["everything", ...reason("the key was seen elsewhere")]);
    expect(done, done.err).toMatchObject({ code: 0 });
    events.push(done.json().event);
    const after = await copies();
    expect(after).toHaveLength(limits.deploymentCopies);
    expect(new Set(before).size).toBe(1);
    for (const { generation, blocked } of after)
      expect([Number(generation?.N), blocked?.BOOL]).toEqual([(before[0] ?? 0) + 1, true]);
    mend();
    await expect.poll(() => api.asking(session)).not.toBe(200);
    expect(await opening()).toBe("refused");
    await signedOrder(world, { lift: { deployment: world.endpoints.deployment.trustDomain }, reason: "found" });
    expect(await opening()).toBe("opened");
  });

  it("while the publisher and discovery live, who verifies offline refuses at the next list", async () => {
    const session = await open();
    await broken("publisher", "discovery");
    const done = await kill(["agent", "planner", ...reason("misbehaves")]);
    expect(done, done.err).toMatchObject({ code: 0 });
    events.push(done.json().event);
    const { millis, status } = await refusedAfter(session);
    measured.push(`offline, lists still published: refused after ${millis} ms (${status})`);
    expect(status).toBe(401);
    mend();
    await signedOrder(world, { lift: { agent: own("planner").id }, reason: "found" });
  });

  it("a build is killed in every task that runs it, and in none that runs another", async () => {
    const [bad, good] = [`sha256:${"a".repeat(64)}`, `sha256:${"b".repeat(64)}`];
    const [over, living] = [await open(task(bad)), await open(task(good))];
    await broken();
    const done = await kill(["build", bad, ...reason("stolen from the builder")]);
    expect(done, done.err).toMatchObject({ code: 0 });
    events.push(done.json().event);
    mend();
    await expect.poll(() => api.asking(over)).toBe(401);
    await expect.poll(() => api.offline(over), { interval: 50 }).toBe(401);
    expect(await api.asking(living)).toBe(200);
    expect([await opening(task(bad)), await opening(task(good))]).toEqual(["refused", "opened"]);
  });

  // last: after a lift only a later login of the person counts
  it("a principal is killed, and what was done on its authority is over when the functions are mended", async () => {
    const session = await open();
    const person = session.principal ?? "";
    await broken();
    const done = await kill(["principal", person, ...reason("account taken over")]);
    expect(done, done.err).toMatchObject({ code: 0 });
    events.push(done.json().event);
    mend();
    await expect.poll(() => api.asking(session)).toBe(401);
    await expect.poll(() => api.offline(session), { interval: 50 }).toBe(401);
    expect(await opening()).toBe("refused");
  });

  it("every kill is in the trail and proven by the log, with who did it and the request by which CloudTrail has it", async () => {
    mend();
    await expect
      .poll(
        async () => {
          await world.cloud.flushAudit();
          return (await killed()).length;
        },
        { interval: 500 },
      )
      .toBe(events.length);
    const records = await killed();
    expect(records).toHaveLength(5);
    for (const record of records) {
      expect(record).toMatchObject({ status: "Success", actor: { user: { type: "Admin" } } });
      expect(record.actor.user.name).toMatch(/:assumed-role\/lanyard-local-eu-west-1-operator-kill\/break-glass$/);
      expect(record.actor.user.uid).toMatch(/^AIDA/);
    }
    const said = JSON.stringify(records);
    expect(said).toContain("misbehaves");
    // a reason about a person has no key here
    expect(said).not.toContain("account taken over");
    await world.cloud.invoke("sealer", {});
    for (const event of events) {
      const proof = await lanyard("audit", "prove", event);
      expect(proof, proof.err).toMatchObject({ code: 0 });
      expect(proof.out).toMatch(/entry \d+ of \d+ of /);
    }
  });

  it("threat 63: each use, and each try, is an event by which the template's rule rings", async () => {
    world.cloud.trail?.flush();
    const pattern = killRule();
    const rung = allLines(world.endpoints.trailFolder).filter((detail) =>
      matchesPattern(pattern, { source: "aws.sts", "detail-type": "AWS API Call via CloudTrail", detail }),
    );
    const outcomes = rung.map(({ errorCode = "taken" }) => errorCode);
    expect(outcomes.filter((one) => one === "taken").length).toBeGreaterThan(4);
    expect(outcomes).toContain("AccessDenied");
    const ids = rung.map(({ requestID }) => requestID);
    for (const { unmapped } of await killed()) expect(ids).toContain(unmapped.lanyard.request_id);
  });
});

interface TrailLine {
  readonly errorCode?: string;
  readonly requestID?: string;
}

const allLines = (of: string): readonly TrailLine[] =>
  readdirSync(of, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".json.gz"))
    .flatMap((name) => JSON.parse(gunzipSync(readFileSync(join(of, name))).toString()).Records as TrailLine[]);

/** The rule as the template has it, its role's ARN filled in. */
function killRule(): unknown {
  const file = readdirSync(assembly, { recursive: true, encoding: "utf8" }).find((name) =>
    /audit.*\.template\.json$/i.test(name),
  );
  const { Resources } = JSON.parse(readFileSync(join(assembly, file ?? ""), "utf8")) as {
    Resources: Record<
      string,
      { readonly Properties: { readonly EventPattern?: { detail: object }; readonly State?: string } }
    >;
  };
  const [, rule] = Object.entries(Resources).find(([id]) => id.startsWith("KillWatchRule")) ?? [];
  // or it would never receive AssumeRole, which changes nothing
  expect(rule?.Properties.State).toBe("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS");
  const role = world.cloud.outputs.OperatorKillRole;
  const { detail, ...pattern } = rule?.Properties.EventPattern ?? { detail: {} };
  return { ...pattern, detail: { ...detail, requestParameters: { roleArn: [role] } } };
}

/** What a machine may be late by. */
const slackMillis = 5_000;
