import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DynamoDBClient, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  GetScopedCredentialsCommand,
  STSClient,
} from "@aws-sdk/client-sts";
import { afterAll, afterEach, beforeAll } from "vitest";
import { compileDocuments } from "../../../core/aws/compile.ts";
import { bootCloud } from "../../../local/emulator/boot.ts";
import type { Credentials } from "../../../local/emulator/iam/caller.ts";
import type { RunningCloud } from "../../../local/emulator/running.ts";
import { outcome, taken } from "./ground.ts";
import { credentialsRole, lanyard, lineage, synthesize, team } from "./team.ts";

/** A team's target role in the embedded cloud, assumed from Lanyard's account by the real clients: the whole of a vend. */

const folder = mkdtempSync(join(tmpdir(), "target-role-"));
export let cloud: RunningCloud;
let vendor: Credentials;
let aheadMillis = 0;
export const nowSeconds = () => Math.floor((Date.now() + aheadMillis) / 1000);

/** Boots the team's cloud for the tests of the calling file. */
export function setUpTeam(): void {
  beforeAll(async () => {
    synthesize(folder);
    cloud = await bootCloud({ assembly: folder, administrator: "admin", nowMillis: () => Date.now() + aheadMillis });
    vendor = cloud.addOperator(credentialsRole, {
      Version: "2012-10-17",
      Statement: {
        Effect: "Allow",
        Action: ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
        Resource: `arn:aws:iam::${team}:role/lanyard/target/*`,
      },
    });
    for (const Key of ["a/1", "b/1"])
      await client(S3Client, cloud.operator).send(new PutObjectCommand({ Bucket: "tickets", Key, Body: Key }));
  });
  afterEach(() => {
    aheadMillis = 0;
  });
  afterAll(async () => {
    await cloud?.close();
    rmSync(folder, { recursive: true, force: true });
  });
}

/** Lets time pass in the cloud alone, from now. */
export function pass(seconds: number): void {
  aheadMillis = seconds * 1000;
}

/** "ok" or the error's name, which the services end differently. */
export const plainly = async (work: Promise<unknown>): Promise<string> =>
  (await outcome(work)).replace(/Exception$/, "");

interface Settings {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: Credentials;
  readonly maxAttempts: number;
  readonly forcePathStyle: boolean;
}
export const client = <T>(Client: new (settings: Settings) => T, by: Credentials): T =>
  new Client({ ...cloud.aws, credentials: by, maxAttempts: 1, forcePathStyle: true });

/** What the function `credentials` asks STS for. */
const asked = (more: Partial<AssumeRoleCommandInput> = {}): AssumeRoleCommandInput => ({
  RoleArn: cloud.outputs.RoleArn,
  RoleSessionName: lineage.roleSessionName,
  SourceIdentity: lineage.sourceIdentity,
  ExternalId: `${lanyard.trustDomain}/${lanyard.stage}`,
  DurationSeconds: 900,
  Tags: Object.entries(lineage.tags).map(([Key, Value]) => ({ Key, Value })),
  TransitiveTagKeys: Object.keys(lineage.tags),
  ...more,
});
export const assume = (more: Partial<AssumeRoleCommandInput> = {}, by = vendor) =>
  client(STSClient, by).send(new AssumeRoleCommand(asked(more)));

/** Reads files below `a/` and, in documents of their own, items. */
export function compiled(notAfterSeconds: number) {
  const made = compileDocuments({
    role: {
      kind: "aws-role",
      name: "files",
      arn: cloud.outputs.RoleArn ?? "",
      agents: ["planner"],
      resource: "https://files.example",
      grants: [
        {
          scope: "files:read",
          service: "s3",
          actions: ["s3:GetObject"],
          where: { bucket: "tickets", prefix: "a/" },
          details: [],
          kmsKeys: [],
        },
        {
          scope: "files:read",
          service: "dynamodb",
          actions: ["dynamodb:GetItem"],
          where: { table: `arn:aws:dynamodb:eu-west-1:${team}:table/items`, prefix: "a#" },
          details: [],
          kmsKeys: [],
        },
      ],
    },
    scopes: ["files:read"],
    details: [],
    type: () => undefined,
    notAfterSeconds,
  });
  if (!made.ok) throw new Error(JSON.stringify(made.error));
  return made.value;
}

/** A whole vend: AssumeRole under the first document, then every further one laid on, the last for a minute. */
export async function vend(endsInSeconds = 600): Promise<Credentials> {
  const { first, scoped } = compiled(nowSeconds() + endsInSeconds);
  let made = taken(await assume({ Policy: first }));
  for (const [at, Policy] of scoped.entries()) {
    const last = at === scoped.length - 1 ? { DurationSeconds: 60 } : {};
    const input = { Policy, ScopedSessionDescription: "planner, depth 1", ...last };
    made = taken(await client(STSClient, made).send(new GetScopedCredentialsCommand(input)));
  }
  return made;
}

export async function reach(by: Credentials) {
  const [s3, dynamo] = [client(S3Client, by), client(DynamoDBClient, by)];
  const get = (Key: string) => plainly(s3.send(new GetObjectCommand({ Bucket: "tickets", Key })));
  const item = (id: string) => plainly(dynamo.send(new GetItemCommand({ TableName: "items", Key: { id: { S: id } } })));
  return {
    file: await get("a/1"),
    otherFile: await get("b/1"),
    write: await plainly(s3.send(new PutObjectCommand({ Bucket: "tickets", Key: "a/2", Body: "x" }))),
    item: await item("a#1"),
    otherItem: await item("b#1"),
    writeItem: await plainly(dynamo.send(new PutItemCommand({ TableName: "items", Item: { id: { S: "a#1" } } }))),
    further: await plainly(client(STSClient, by).send(new GetScopedCredentialsCommand({ DurationSeconds: 1 }))),
  };
}
