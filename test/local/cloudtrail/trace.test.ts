import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { KMSClient, SignCommand } from "@aws-sdk/client-kms";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { AssumeRoleCommand, GetScopedCredentialsCommand, STSClient } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../../../bin/lanyard/program.ts";
import type { Credentials } from "../../../local/emulator/iam/caller.ts";
import type { RunningCloud } from "../../../local/emulator/running.ts";
import { fixture, temporary } from "../cloud/ground.ts";
import { boot } from "../fixture/boot.ts";

const bucket = "trail-of-all";
const role = "arn:aws:iam::111122223333:role/targets/reader";
const sids = { planner: "P".repeat(22), researcher: "R".repeat(22), stranger: "S".repeat(22) };
type Agent = "planner" | "researcher";

let cloud: RunningCloud;
let folder: string;
const records: object[] = [];
const vendedKeys = {} as Record<Agent, string>;
/** Request ids of what each agent did, as its SDK saw them. */
const done: Record<Agent, string[]> = { planner: [], researcher: [] };

const settings = (credentials: Credentials) => ({
  endpoint: cloud.aws.endpoint,
  region: cloud.aws.region,
  credentials,
  maxAttempts: 1,
});
const taken = (
  made: {
    AccessKeyId?: string | undefined;
    SecretAccessKey?: string | undefined;
    SessionToken?: string | undefined;
  } = {},
) => ({
  accessKeyId: made.AccessKeyId ?? "",
  secretAccessKey: made.SecretAccessKey ?? "",
  sessionToken: made.SessionToken ?? "",
});
const write = (operation: string, facts: object) => {
  const uid = `record-${records.length}`;
  const time = Date.now();
  records.push({ time, metadata: { uid }, unmapped: { lanyard: { operation, outcome: "allowed", ...facts } } });
};
const tree = (agent: Agent) => ({
  sid: sids[agent],
  root: sids.planner,
  agent: `spiffe://td/agent/${agent}`,
  principal: "p_ada00000",
  ...(agent === "planner" ? { depth: 0 } : { depth: 1, parent: sids.planner }),
});

/** What the credentials function does: two calls of STS, and the record of both. */
async function vend(agent: Agent) {
  const SourceIdentity = `lyd.${sids.planner}.${sids[agent]}`;
  const first = await new STSClient(settings(cloud.operator)).send(
    new AssumeRoleCommand({ RoleArn: role, RoleSessionName: sids[agent], SourceIdentity, DurationSeconds: 900 }),
  );
  const second = await new STSClient(settings(taken(first.Credentials))).send(
    new GetScopedCredentialsCommand({ DurationSeconds: 300, ScopedSessionDescription: agent }),
  );
  vendedKeys[agent] = second.Credentials?.AccessKeyId ?? "";
  done[agent].push(first.$metadata.requestId ?? "", second.$metadata.requestId ?? "");
  write("credentials.vend", {
    ...tree(agent),
    aws_role_arn: role,
    aws_access_key_id: vendedKeys[agent],
    aws_request_ids: [first.$metadata.requestId, second.$metadata.requestId],
  });
  return taken(second.Credentials);
}

/** Reads an object and writes a row, as an agent would. */
async function work(agent: Agent, credentials: Credentials) {
  const s3 = new S3Client(settings(credentials));
  const dynamo = new DynamoDBClient(settings(credentials));
  const get = await s3.send(new GetObjectCommand({ Bucket: "fixture-locked", Key: "report" }));
  await get.Body?.transformToString();
  const put = await dynamo.send(
    new PutItemCommand({ TableName: cloud.outputs.RowsName ?? "", Item: { id: { S: `by-${agent}` } } }),
  );
  done[agent].push(get.$metadata.requestId ?? "", put.$metadata.requestId ?? "");
}

/** Somebody who may assume a role of their own, and says that they are the planner's session. */
async function imitate() {
  const answer = await new STSClient(settings(cloud.operator)).send(
    new AssumeRoleCommand({
      RoleArn: `${role}-other`,
      RoleSessionName: sids.planner,
      SourceIdentity: `lyd.${sids.planner}.${sids.planner}`,
    }),
  );
  const credentials = taken(answer.Credentials);
  await new S3Client(settings(credentials)).send(new GetObjectCommand({ Bucket: "fixture-locked", Key: "report" }));
  const sign = new SignCommand({
    KeyId: cloud.outputs.RsaArn,
    Message: createHash("sha256").update("x").digest(),
    MessageType: "DIGEST",
    SigningAlgorithm: "RSASSA_PKCS1_V1_5_SHA_256",
  });
  await new KMSClient({ ...settings(credentials), customUserAgent: `lanyard/${sids.planner}` }).send(sign);
  return credentials.accessKeyId;
}

let imitator: string;
beforeAll(async () => {
  cloud = await boot({ assembly: fixture(), trail: { bucket, everySeconds: 3600 } });
  folder = temporary("trace-");
  const any = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] };
  const Action = ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"];
  const Principal = { AWS: `arn:aws:iam::${cloud.account}:root` };
  const trust = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal, Action }] };
  for (const arn of [role, `${role}-other`]) cloud.addRole({ arn, trust, policies: [any] });
  const by = settings(cloud.operator);
  await new S3Client(by).send(new PutObjectCommand({ Bucket: "fixture-locked", Key: "report", Body: "x" }));
  write("session.open", { ...tree("planner"), grants: [{ scopes: ["reports:read"] }] });
  write("session.redeem", tree("researcher"));
  for (const agent of ["planner", "researcher"] as const) await work(agent, await vend(agent));
  imitator = await imitate();
  let drawn = 0;
  const draw = () => {
    drawn = (drawn + 0.37) % 1;
    return drawn;
  };
  cloud.trail?.unkind({ late: 0.4, doubled: 0.4, shuffled: true, draw });
  cloud.trail?.flush();
  mkdirSync(join(folder, "audit"));
  // at least once, and in no order, as the bus delivers
  const text = [...records.toReversed(), ...records].map((each) => JSON.stringify(each)).join("\n");
  writeFileSync(join(folder, "audit", "part.gz"), gzipSync(`${text}\n`));
});
afterAll(() => cloud?.close());

async function lanyard(...args: string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = { out: (text: string) => void out.push(text), err: (text: string) => void err.push(text) };
  const from = ["--audit", "audit", "--trail", cloud.bucketFolder(bucket)];
  const code = await run([...args, ...from], { terminal: terminal as never, env: {}, folder });
  return { code, out: out.join("\n"), err: err.join("\n") };
}

interface Node {
  readonly sid: string;
  readonly calls: { readonly by: string; readonly line: { readonly requestId?: string; readonly eventId: string } }[];
  readonly children: Node[];
}
const json = async (...args: string[]) => JSON.parse((await lanyard(...args, "--json")).out) as { roots: Node[] };
const requests = ({ calls }: Node) => calls.map(({ line }) => line.requestId ?? "").sort();

describe("lanyard trace session", () => {
  test("shows every call of every session of the tree and no other: 0 unmatched, 0 extra", async () => {
    const { roots } = await json("trace", "session", sids.researcher);
    const [planner] = roots;
    expect(roots).toHaveLength(1);
    expect(planner && requests(planner)).toEqual(done.planner.toSorted());
    expect(planner?.children.map(({ sid }) => sid)).toEqual([sids.researcher]);
    expect(planner?.children.map(requests)).toEqual([done.researcher.toSorted()]);
  });

  test("draws the tree for people, and sets apart what names a session and is not ours", async () => {
    const { out, code } = await lanyard("trace", "session", sids.planner);
    expect(code).toBe(0);
    expect(out).toMatch(/^p_ada00000\n└─ planner, session P{22}\n/);
    expect(out).toContain("   └─ researcher, session RRRR");
    expect(out).toMatch(/aws {2}s3:GetObject {2}arn:aws:s3:::fixture-locked\/report/);
    expect(out).toMatch(/NOT OURS {2}\d+ lines? of CloudTrail/);
    const [ours = "", theirs = ""] = out.split("NOT OURS");
    expect(ours).not.toContain("RSASSA");
    expect(theirs).toContain("kms:Sign");
    expect(out).toMatch(/CloudTrail is known up to \d{4}-/);
  });

  test("refuses what is in no record, with code 1, and what is no id, with 2", async () => {
    const none = await lanyard("trace", "session", sids.stranger);
    expect([none.code, none.err]).toEqual([1, expect.stringContaining("no record names it")]);
    expect((await lanyard("trace", "session", "x' OR '1'='1")).code).toBe(2);
    expect(JSON.parse((await lanyard("trace", "session", sids.stranger, "--json")).out)).toMatchObject({ ok: false });
  });
});

describe("lanyard trace event", () => {
  test("leads from each line of a tree back to its own session, and on to the person", async () => {
    const { roots } = await json("trace", "session", sids.planner);
    const all = [roots[0], ...(roots[0]?.children ?? [])].flatMap((node) =>
      (node?.calls ?? []).map(({ line }) => [line.eventId, node?.sid ?? ""] as const),
    );
    expect(all).toHaveLength(8);
    for (const [eventId, sid] of all) {
      const { out, code } = await lanyard("trace", "event", eventId);
      expect(code).toBe(0);
      expect(out.split("\n").slice(1, 2)[0]).toContain(`of      session ${sid}`);
      expect(out).toContain("for     p_ada00000");
    }
  });

  test("says that a forged line is nobody's, whatever it calls itself", async () => {
    const { err, code } = await lanyard("trace", "key", imitator);
    expect(code).toBe(1);
    expect(err).toContain("nothing of ours");
  });
});

test("lanyard trace key, request and principal find the same trees", async () => {
  for (const [kind, id] of [
    ["key", vendedKeys.researcher],
    ["request", done.researcher[2] ?? ""],
    ["request", done.planner[0] ?? ""],
    ["principal", "p_ada00000"],
  ] as const) {
    const { roots } = await json("trace", kind, id);
    expect([kind, roots.map(({ sid }) => sid)]).toEqual([kind, [sids.planner]]);
  }
});
