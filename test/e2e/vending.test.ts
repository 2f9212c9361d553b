import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DynamoDBClient, GetItemCommand, PutItemCommand, ScanCommand } from "@aws-sdk/client-dynamodb";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../bin/lanyard/program.ts";
import { awsStsWebIdentity } from "../../client/evidence/aws-sts-web-identity.ts";
import { type AgentSession, type AwsSessionCredentials, createAgent, type LanyardError } from "../../client/index.ts";
import { customers, tickets } from "../../local/demo/story/desk.ts";
import { awaitRecords, type StoredRecord } from "../../local/demo/story/records.ts";
import { raiseWorld, type World } from "../../local/demo/story/world.ts";

const home = "111122223333";
const away = "444455556666";
const tags = ["session", "tree", "agent", "principal"].map((name) => `lanyard-${name}`);

/** What `TargetRole` writes: one deployment's function for these agents' sessions, each in its own name. */
function trusting(agents: readonly string[], externalId = "lanyard.local/local") {
  const role = `arn:aws:iam::${home}:role/lanyard-local-eu-west-1-credentials`;
  const statement = (Action: string, equal: object, more: object = {}) => ({
    Effect: "Allow",
    Principal: { AWS: `arn:aws:iam::${home}:root` },
    Action,
    Condition: { StringEquals: { "aws:PrincipalArn": role, ...equal }, ...more },
  });
  return {
    Version: "2012-10-17",
    Statement: [
      statement("sts:AssumeRole", {
        "sts:ExternalId": externalId,
        "aws:RequestTag/lanyard-agent": agents.map((name) => `spiffe://lanyard.local/agent/${name}`),
        "sts:RoleSessionName": `\${aws:RequestTag/lanyard-session}`,
      }),
      statement(
        "sts:TagSession",
        {},
        {
          "ForAllValues:StringEquals": { "aws:TagKeys": tags },
          Null: Object.fromEntries(tags.map((tag) => [`aws:RequestTag/${tag}`, "false"])),
        },
      ),
      statement("sts:SetSourceIdentity", {}, { StringLike: { "sts:SourceIdentity": "lyd.*" } }),
    ],
  };
}

const everything = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] };
const arnOf = (name: string, account = home) => `arn:aws:iam::${account}:role/lanyard/target/${name}`;

let world: World;
let folder: string;
let planner: ReturnType<typeof createAgent>;
let session: AgentSession;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lanyard-vending-"));
  const registry = join(folder, "registry");
  cpSync(join(import.meta.dirname, "../../examples/support-desk"), registry, { recursive: true });
  world = await raiseWorld({
    memory: true,
    directory: join(folder, ".lanyard"),
    registry,
    onProgress: () => undefined,
  });
  const { cloud, endpoints, provider } = world;
  const table = `arn:aws:dynamodb:${endpoints.aws.region}:${home}:table/${cloud.outputs.CountersTable}`;
  for (const [name, trust, account] of [
    ["desk", trusting(["planner"]), home],
    ["others", trusting(["researcher"]), home],
    ["elsewhere", trusting(["planner"], "lanyard.local/prod"), home],
    ["away", trusting(["planner"]), away],
  ] as const)
    cloud.addRole({ arn: arnOf(name, account), trust, policies: [everything] });
  const role = (name: string, account = home) =>
    JSON.stringify({
      ...{ kind: "aws-role", name, arn: arnOf(name, account), agents: ["planner"], resource: tickets },
      grants: [
        {
          ...{ scope: "tickets:read", service: "dynamodb", actions: ["dynamodb:GetItem"] },
          where: { table, prefix: "rate#" },
        },
      ],
    });
  const rows = [role("desk"), role("others"), role("elsewhere"), role("away", away)].join("\n---\n");
  writeFileSync(join(registry, "aws.yaml"), rows);
  const said: string[] = [];
  const terminal = { out: (line: string) => void said.push(line), err: (line: string) => void said.push(line) };
  const code = await run(["apply", registry, "--yes"], { terminal, env: {}, folder });
  if (code !== 0) throw new Error(said.join("\n"));
  const { id, credentials } = endpoints.agents.planner ?? { id: "", credentials: undefined };
  if (!credentials) throw new Error("no planner");
  const evidence = awsStsWebIdentity({ ...endpoints.aws, credentials: { ...credentials } });
  planner = createAgent({ issuer: endpoints.issuer, agent: id, evidence });
  const { id_token: idToken } = await provider.signInAs("planner");
  const grants = [
    { resource: tickets, scopes: ["tickets:read", "tickets:write"] },
    { resource: customers, scopes: ["customers:read"] },
  ];
  session = await planner.open({ onBehalfOf: { idToken }, grants });
});
afterAll(async () => {
  await world?.close();
  rmSync(folder, { recursive: true, force: true });
});

const wanted = { resource: tickets, scopes: ["tickets:read"] };
const by = ({ accessKeyId, secretAccessKey, sessionToken }: AwsSessionCredentials) => ({
  ...world.endpoints.aws,
  credentials: { accessKeyId, secretAccessKey, sessionToken },
  maxAttempts: 1,
});
const nameOf = (work: Promise<unknown>) =>
  work.then(
    () => "ok",
    ({ name }: Error) => name,
  );
/** What a call of the client was refused with. */
const refusalOf = (work: Promise<unknown>) =>
  work.then(
    () => ({ code: "none", description: "it was not refused" }),
    ({ code, description }: LanyardError) => ({ code, description }),
  );
const records = async (there: (all: readonly StoredRecord[]) => boolean) => awaitRecords(world, there, 20_000);

describe("AWS credentials over HTTP, each function under its own rights", () => {
  it("open exactly what the session may, in the session's name", async () => {
    const given = await session.awsCredentials({ ...wanted, role: "desk" });
    const dynamo = new DynamoDBClient(by(given));
    const TableName = world.cloud.outputs.CountersTable ?? "";
    const get = (key: string) => nameOf(dynamo.send(new GetItemCommand({ TableName, Key: { key: { S: key } } })));
    expect(await get("rate#anything")).toBe("ok");
    expect(await get("tree#anything")).toBe("AccessDeniedException");
    expect(await nameOf(dynamo.send(new ScanCommand({ TableName })))).toBe("AccessDeniedException");
    expect(await nameOf(dynamo.send(new PutItemCommand({ TableName, Item: { key: { S: "rate#x" } } })))).toBe(
      "AccessDeniedException",
    );
    const { Arn } = await new STSClient(by(given)).send(new GetCallerIdentityCommand({}));
    expect(Arn).toBe(`arn:aws:sts::${home}:assumed-role/desk/${session.sid}`);
    const left = given.expiration.getTime() - Date.now();
    expect(left).toBeGreaterThan(30_000);
    expect(left).toBeLessThanOrEqual(61_000);
  });

  it("are on record by access key, role and the request ids that CloudTrail has", async () => {
    const given = await session.awsCredentials({ ...wanted, role: "desk" });
    const mine = ({ facts }: StoredRecord) =>
      (facts as { aws_access_key_id?: string }).aws_access_key_id === given.accessKeyId;
    const found = (await records((all) => all.some(mine))).find(mine)?.facts as Record<string, unknown>;
    expect(found).toMatchObject({
      ...{ operation: "credentials.vend", outcome: "allowed", sid: session.sid, root: session.root },
      ...{ aws_role: "desk", aws_role_arn: arnOf("desk") },
    });
    const calls = world.cloud.calls().filter(({ service }) => service === "sts");
    const seen = new Map(calls.map(({ requestId, operation }) => [requestId, operation]));
    expect((found.aws_request_ids as string[]).map((id) => seen.get(id))).toEqual([
      "AssumeRole",
      "GetScopedCredentials",
    ]);
  });

  it("are given of a role in another account that lets this deployment in", async () => {
    const given = await session.awsCredentials({ ...wanted, role: "away" });
    const { Account } = await new STSClient(by(given)).send(new GetCallerIdentityCommand({}));
    expect(Account).toBe(away);
  });

  it.each([
    ["others", "whose owner names another agent"],
    ["elsewhere", "that lets another deployment in"],
  ])("are not given of role %s, %s, whatever the registry says", async (role) => {
    expect(await refusalOf(session.awsCredentials({ ...wanted, role }))).toEqual({
      code: "access_refused",
      description: expect.stringContaining("trust policy"),
    });
  });

  it("are refused with what to do, where several roles fit, a scope is not mapped or the life is too long", async () => {
    const codes = await Promise.all(
      [
        wanted,
        { ...wanted, role: "nobody" },
        { ...wanted, scopes: ["tickets:write"], role: "desk" },
        { ...wanted, role: "desk", lifetimeSeconds: 61 },
        { resource: customers, scopes: ["customers:read"] },
      ].map((asked) => refusalOf(session.awsCredentials(asked))),
    );
    expect(codes.map(({ code }) => code)).toEqual([
      ...["request_refused", "target_refused", "scope_refused", "request_refused", "target_refused"],
    ]);
  });

  it("are printed by lanyard aws-credentials as a credential_process of any SDK, for the person who signed in", async () => {
    const idTokenFile = join(folder, "id-token");
    writeFileSync(idTokenFile, `${(await world.provider.signInAs("planner")).id_token}\n`);
    const args = ["--agent", "planner", "--resource", tickets, "--scope", "tickets:read", "--role", "desk"];
    const [out, err]: [string[], string[]] = [[], []];
    const terminal = { out: (line: string) => void out.push(line), err: (line: string) => void err.push(line) };
    const asPerson = ["aws-credentials", ...args, "--id-token-file", idTokenFile];
    expect(await run(asPerson, { terminal, env: {}, folder }), err.join("\n")).toBe(0);
    const printed = JSON.parse(out.join("\n"));
    expect(printed).toMatchObject({ Version: 1, session: { agent: planner.agent } });
    const given = {
      accessKeyId: printed.AccessKeyId,
      secretAccessKey: printed.SecretAccessKey,
      sessionToken: printed.SessionToken,
      expiration: new Date(printed.Expiration),
    };
    const { Arn } = await new STSClient(by(given)).send(new GetCallerIdentityCommand({}));
    expect(Arn).toBe(`arn:aws:sts::${home}:assumed-role/desk/${printed.session.sid}`);
    // on its own the planner may lend nothing: the refusal is told, and nothing is printed
    const alone = await run(["aws-credentials", ...args], {
      terminal: { ...terminal, out: () => expect.fail() },
      env: {},
      folder,
    });
    expect(alone).toBe(1);
  });

  it("leave no secret in logs, records, rows or refusals", async () => {
    const given = await session.awsCredentials({ ...wanted, role: "desk" });
    const mine = ({ facts }: StoredRecord) =>
      (facts as { aws_access_key_id?: string }).aws_access_key_id === given.accessKeyId;
    const all = await records((some) => some.some(mine));
    const { SessionsTable, VendsTable } = world.cloud.outputs;
    const rows = await Promise.all(
      [SessionsTable, VendsTable].map(async (TableName) => (await world.cloud.dynamodb("Scan", { TableName })).body),
    );
    expect(JSON.stringify(rows[1])).toContain(given.accessKeyId);
    const kept = [
      ...world.cloud.functions().flatMap((name) => world.cloud.logs(name)),
      ...world.cloud.failures(),
      JSON.stringify(all),
      JSON.stringify(rows),
    ].join("\n");
    expect(kept).toContain(given.accessKeyId);
    expect(kept).not.toContain(given.secretAccessKey);
    expect(kept).not.toContain(given.sessionToken.slice(0, 40));
  });

  it("are not given once an operator has revoked the session, however often they are asked for", async () => {
    const { id_token: idToken } = await world.provider.signInAs("planner");
    const other = await planner.open({ onBehalfOf: { idToken }, grants: [wanted], renewable: true });
    await other.awsCredentials({ ...wanted, role: "desk" });
    const terminal = { out: () => undefined, err: () => undefined };
    const revoked = await run(["revoke", "--session", other.sid, "--reason", "tried", "--yes"], {
      ...{ terminal, env: {}, folder },
    });
    expect(revoked).toBe(0);
    const asked = await refusalOf(other.awsCredentials({ ...wanted, role: "desk" }));
    expect(asked.code).toBe("request_refused");
  });
});
