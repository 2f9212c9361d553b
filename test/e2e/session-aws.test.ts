import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GetObjectCommand, ListObjectsV2Command, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "../../bin/lanyard/program.ts";
import { awsStsWebIdentity } from "../../client/evidence/aws-sts-web-identity.ts";
import { type AgentSession, createAgent } from "../../client/index.ts";
import { narrowed } from "../../client/narrowed.ts";
import { tickets } from "../../local/demo/story/desk.ts";
import { awaitRecords } from "../../local/demo/story/records.ts";
import { raiseWorld, type World } from "../../local/demo/story/world.ts";

const account = "111122223333";
const role = `arn:aws:iam::${account}:role/lanyard/target/trail-reader`;
const functionRole = `arn:aws:iam::${account}:role/lanyard-local-eu-west-1-credentials`;
/** The account's own CloudTrail: a bucket that fills by itself, and is none of Lanyard's. */
const bucket = "lanyard-local-cloudtrail";
const prefix = `AWSLogs/${account}/`;
const everything = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] };
const wanted = { resource: tickets, scopes: ["tickets:read"] };

let world: World;
let folder: string;
let planner: ReturnType<typeof createAgent>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lanyard-session-aws-"));
  const registry = join(folder, "registry");
  cpSync(join(import.meta.dirname, "../../examples/support-desk"), registry, { recursive: true });
  const directory = join(folder, ".lanyard");
  world = await raiseWorld({ memory: true, directory, registry, onProgress: () => undefined });
  const trust = {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { AWS: `arn:aws:iam::${account}:root` },
        Action: ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
        Condition: { StringEquals: { "aws:PrincipalArn": functionRole } },
      },
    ],
  };
  world.cloud.addRole({ arn: role, trust, policies: [everything] });
  const where = { bucket, prefix };
  const grants = [{ scope: "tickets:read", service: "s3", actions: ["s3:GetObject", "s3:ListBucket"], where }];
  const row = { kind: "aws-role", name: "trail-reader", arn: role, agents: ["planner"], resource: tickets, grants };
  writeFileSync(join(registry, "aws.yaml"), JSON.stringify(row));
  const said: string[] = [];
  const terminal = { out: (line: string) => void said.push(line), err: (line: string) => void said.push(line) };
  if ((await run(["apply", registry, "--yes"], { terminal, env: {}, folder })) !== 0) throw new Error(said.join("\n"));
  const { id, credentials } = world.endpoints.agents.planner ?? { id: "", credentials: undefined };
  if (!credentials) throw new Error("no planner");
  const evidence = awsStsWebIdentity({ ...world.endpoints.aws, credentials: { ...credentials } });
  planner = createAgent({ issuer: world.endpoints.issuer, agent: id, evidence });
});
afterAll(async () => {
  await world?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(): Promise<AgentSession> {
  const { id_token: idToken } = await world.provider.signInAs("planner");
  return planner.open({ onBehalfOf: { idToken }, grants: [wanted], renewable: true });
}
const clientOf = (credentials: ReturnType<AgentSession["aws"]>) =>
  new S3Client({ ...world.endpoints.aws, credentials, forcePathStyle: true, maxAttempts: 1 });
const outcomeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "ok",
    (thrown: Error & { code?: string }) => thrown.code ?? thrown.name,
  );
const list = (client: S3Client, Prefix = prefix) =>
  client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix, MaxKeys: 1 }));

describe("a client of AWS's SDK with a session's credentials", () => {
  it("reads what the session may, and nothing beside it, by one vend for many requests", async () => {
    const session = await open();
    const client = clientOf(session.aws(wanted));
    // delivered every few seconds: an object is there soon
    await expect.poll(async () => (await list(client)).KeyCount).toBe(1);
    const [object] = (await list(client)).Contents ?? [];
    const get = (Key = object?.Key ?? "") => client.send(new GetObjectCommand({ Bucket: bucket, Key }));
    const read = await Promise.all(Array.from({ length: 20 }, () => outcomeOf(get())));
    expect(new Set(read)).toEqual(new Set(["ok"]));
    expect(await outcomeOf(get("elsewhere/secret"))).toBe("AccessDenied");
    expect(await outcomeOf(list(client, "elsewhere/"))).toBe("AccessDenied");
    const all = await awaitRecords(world, (records) => vendsOf(records, session).length > 0, 20_000);
    expect(vendsOf(all, session)).toHaveLength(1);
  });

  it("threat 10: gives nothing more from the moment the session is ended", async () => {
    const session = await open();
    const client = clientOf(session.aws(wanted));
    expect(await outcomeOf(list(client))).toBe("ok");
    await session.end();
    expect(await outcomeOf(list(client))).toBe("session_over");
  });
});

it("a role's own credentials, narrowed, do less than the role, and no record of Lanyard's tells of them", async () => {
  const own = world.cloud.addOperator(`arn:aws:iam::${account}:role/agents/own`, everything);
  const policy = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "s3:ListBucket", Resource: `arn:aws:s3:::${bucket}` }],
  };
  const credentials = { ...own };
  const client = clientOf(narrowed({ ...world.endpoints.aws, credentials, policy, description: "narrowed-by-itself" }));
  const get = (by: S3Client) => outcomeOf(by.send(new GetObjectCommand({ Bucket: bucket, Key: `${prefix}none` })));
  expect(await outcomeOf(list(client))).toBe("ok");
  expect(await get(client)).toBe("AccessDenied");
  expect(await get(clientOf(async () => ({ ...own, expiration: new Date() })))).toBe("NoSuchKey");
  const all = await awaitRecords(world, () => true, 20_000);
  expect(JSON.stringify(all)).not.toContain("narrowed-by-itself");
});

/** The vends of a session on record. */
const vendsOf = (records: Awaited<ReturnType<typeof awaitRecords>>, { sid }: AgentSession) =>
  records.filter((record) => {
    const text = JSON.stringify(record);
    return text.includes('"credentials.vend"') && text.includes(sid);
  });
