/** Credentials that live longer than a stop takes: what is revoked is refused at AWS, by the function that deploys. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import {
  CreatePolicyVersionCommand,
  DeletePolicyVersionCommand,
  IAMClient,
  ListPolicyVersionsCommand,
} from "@aws-sdk/client-iam";
import { GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { awsStsWebIdentity } from "../../client/evidence/aws-sts-web-identity.ts";
import { type AgentSession, createAgent } from "../../client/index.ts";
import { signedOrder } from "../../local/demo/story/cast.ts";
import { raiseWorld, type World } from "../../local/demo/story/world.ts";
import { readAssembly } from "../../local/emulator/cloudformation/assembly.ts";
import { synthesizeLocal } from "../kit/stage.ts";
import { synthesize } from "../local/sts/team.ts";
import { account, files, idOf, region, targets, writeRegistry } from "./lineage/registry.ts";

const lifeSeconds = 600;
const folder = mkdtempSync(join(tmpdir(), "lanyard-stops-"));
let world: World;

beforeAll(async () => {
  const team = join(folder, "team");
  const lanyard = { account, region, stage: "local", trustDomain: "lanyard.local" };
  synthesize(team, { account, lanyard, roles: targets });
  const assembly = await synthesizeLocal(folder, { awsCredentials: { accounts: [account], lifeSeconds } });
  const registry = join(folder, "registry");
  writeRegistry(registry, "https://nobody.example");
  world = await raiseWorld({
    ...{ memory: true, assembly, registry, applications: ["planner"], beside: readAssembly(team) },
    onProgress: () => undefined,
  });
  const s3 = new S3Client({ ...place(), credentials: { ...world.cloud.operator } });
  await s3.send(new PutObjectCommand({ Bucket: "tickets", Key: "a/1", Body: "a/1" }));
});
afterAll(async () => {
  await world?.close();
  rmSync(folder, { recursive: true, force: true });
});

const place = () => ({ ...world.endpoints.aws, forcePathStyle: true, maxAttempts: 1 });

/** An agent that runs under its role. */
function agentOf(name: string) {
  const { issuer, aws, agents } = world.endpoints;
  const { credentials } = agents[name] ?? expect.fail(`there is no agent ${name}`);
  return createAgent({
    ...{ issuer, agent: idOf(name), evidence: awsStsWebIdentity({ ...aws, credentials: { ...credentials } }) },
  });
}

const grants = [{ resource: files, scopes: ["files:read"] }];
/** A session of the planner's for a person. */
async function open(): Promise<AgentSession> {
  // two sign-ins within one second are one login, and what was issued in the second of a cut is met by it
  await sleep(1_050 - (Date.now() % 1_000));
  const { id_token: idToken } = await world.provider.signInAs("planner");
  return agentOf("planner").open({ onBehalfOf: { idToken }, grants, renewable: true });
}

/** Credentials of a session in hand, by which it goes on reading whatever becomes of it. */
async function reader(session: AgentSession) {
  const { accessKeyId, secretAccessKey, sessionToken, expiration } = await session.awsCredentials({
    ...{ resource: files, scopes: ["files:read"] },
  });
  expect(expiration.getTime() - Date.now()).toBeGreaterThan(120_000);
  const s3 = new S3Client({ ...place(), credentials: { accessKeyId, secretAccessKey, sessionToken } });
  const read = () =>
    s3.send(new GetObjectCommand({ Bucket: "tickets", Key: "a/1" })).then(
      () => "ok",
      ({ name }: Error) => name,
    );
  expect(await read()).toBe("ok");
  return read;
}

/** Milliseconds until the credentials are refused. */
async function refusedAfter(read: () => Promise<string>): Promise<number> {
  const startedMillis = performance.now();
  await expect.poll(read, { interval: 20 }).toBe("AccessDenied");
  return Math.round(performance.now() - startedMillis);
}

const order = (target: object) =>
  signedOrder(world, { revoke: target, reason: "stopped", ...("session" in target ? {} : { cutOnly: true }) });

const told = (took: readonly number[]): string => {
  const sorted = [...took].sort((a, b) => a - b);
  return `${sorted.length} stops: p50 ${sorted[Math.floor(sorted.length / 2)]} ms, max ${sorted.at(-1)} ms`;
};

/** The account's IAM, as its administrator sees it. */
const iam = () => new IAMClient({ ...world.endpoints.aws, credentials: { ...world.cloud.operator } });
const denyPolicy = (shard: number) =>
  `arn:aws:iam::${account}:policy/lanyard/deny/lanyard-local-${region}-deny-${shard}`;

describe("credentials that live for ten minutes are refused at AWS once their session is revoked", () => {
  it("by an operator, and nobody else's are", async ({ annotate }) => {
    const bystander = await reader(await open());
    const took: number[] = [];
    for (let round = 0; round < 6; round++) {
      const session = await open();
      const read = await reader(session);
      await order({ session: session.sid });
      took.push(await refusedAfter(read));
    }
    expect(await bystander()).toBe("ok");
    await annotate(told(took));
  });

  it("by the agent's own end, with everything below it", async ({ annotate }) => {
    const took: number[] = [];
    for (let round = 0; round < 3; round++) {
      const session = await open();
      const child = await agentOf("archivist").redeem((await session.offer({ to: idOf("archivist"), grants })).handle, {
        expect: "anything",
      });
      const reads = [await reader(session), await reader(child)];
      await session.end();
      took.push(...(await Promise.all(reads.map(refusedAfter))));
    }
    await annotate(told(took));
  });

  it.for([
    ["agent", () => ({ agent: idOf("planner") })],
    ["deployment", () => ({ deployment: "lanyard.local" })],
  ] as const)(
    "by a cut of the %s, in whichever second they were issued, and what is opened later is not",
    async ([, target], { annotate }) => {
      for (let round = 0; round < 2; round++) {
        const read = await reader(await open());
        await order(target());
        await refusedAfter(read);
        // what is issued within two seconds of a cut of the deployment is stopped as well: the client asks again by itself
      }
      expect(await (await reader(await open()))()).toBe("ok");
      const met = world.cloud
        .calls()
        .filter(({ operation, status }) => operation === "GetScopedCredentials" && status === 403);
      await annotate(`${met.length} vends met a stop, and were sent again`);
    },
  );
});

describe("threat 20: a stop holds against whoever may write policies", () => {
  it("is written anew within the minute, after somebody has emptied it", async () => {
    const session = await open();
    const read = await reader(session);
    await order({ session: session.sid });
    await refusedAfter(read);
    const nobody = {
      Effect: "Deny",
      Action: "*",
      Resource: "*",
      Condition: { StringLike: { "aws:SourceIdentity": "x" } },
    };
    for (let shard = 0; shard < 5; shard++) {
      const PolicyArn = denyPolicy(shard);
      const { Versions = [] } = await iam().send(new ListPolicyVersionsCommand({ PolicyArn }));
      const oldest = Versions.findLast(({ IsDefaultVersion }) => !IsDefaultVersion)?.VersionId;
      if (Versions.length === 5) await iam().send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: oldest }));
      const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: [nobody] });
      await iam().send(new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument, SetAsDefault: true }));
    }
    expect(await read()).toBe("ok");
    await world.cloud.invoke("aws-stop", {});
    expect(await read()).toBe("AccessDenied");
  });

  it("is written by the function's own role alone, which the publisher invokes as Lambda lets it", () => {
    const { calls } = world.cloud;
    const stopper = `arn:aws:iam::${account}:role/lanyard-local-${region}-aws-stop`;
    const of = (operation: string) =>
      new Set(calls().flatMap((call) => (call.operation === operation ? [call.roleArn] : [])));
    expect([...of("Invoke")]).toEqual([`arn:aws:iam::${account}:role/lanyard-local-${region}-publisher`]);
    expect(calls().filter(({ operation, status }) => operation === "Invoke" && status !== 202)).toEqual([]);
    const assumed = calls().filter(({ operation, roleArn }) => operation === "AssumeRole" && roleArn === stopper);
    expect(assumed.length).toBeGreaterThan(0);
    expect([...of("CreatePolicyVersion")].filter((arn) => !arn.endsWith("-operator"))).toEqual([
      `arn:aws:iam::${account}:role/lanyard/stop/lanyard-local-${region}-stop-writer`,
    ]);
  });
});

// last: a principal's tokens of the minute of a cut open nothing more
it("a person's credentials are refused at AWS once the person is cut", async () => {
  const session = await open();
  const read = await reader(session);
  await order({ principal: session.principal });
  await refusedAfter(read);
});
