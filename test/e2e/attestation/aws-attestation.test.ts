import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { awsLambdaUrlIam } from "../../../client/evidence/aws-lambda-url-iam.ts";
import { awsStsCallerIdentity } from "../../../client/evidence/aws-sts-caller-identity.ts";
import { awsStsWebIdentity } from "../../../client/evidence/aws-sts-web-identity.ts";
import { ecsTask } from "../../../client/evidence/ecs-task.ts";
import { gitlabToken } from "../../../client/evidence/oidc/gitlab-token.ts";
import { projectedToken } from "../../../client/evidence/oidc/projected-token.ts";
import type { EvidenceSource } from "../../../client/evidence/platform/source.ts";
import { spiffeX509Svid } from "../../../client/evidence/spiffe-x509-svid.ts";
import { type AgentInput, createAgent } from "../../../client/index.ts";
import { readRecords } from "../../../local/demo/story/records.ts";
import { raiseWorld, type World } from "../../../local/demo/story/world.ts";
import { roleIdOf } from "../../../local/emulator/iam/context.ts";
import type { Workload } from "../../../local/emulator/workloads/workloads.ts";
import { claimsOf } from "../../kit/wire/key.ts";
import { startForeignPlatform } from "./foreign-platform.ts";

const account = "111122223333";
const region = "eu-west-1";
const roleArn = (name: string) => `arn:aws:iam::${account}:role/agents/${name}`;
const pathless = (name: string) => `arn:aws:iam::${account}:role/${name}`;
const functionArn = `arn:aws:lambda:${region}:${account}:function:planner`;
const taskId = "0123456789abcdef0123456789abcdef";
const strangersTask = "f".repeat(32);
const image = `sha256:${"a".repeat(64)}`;
const build = `${"A".repeat(43)}=`;
const otherBuild = `${"B".repeat(43)}=`;

const agent = (name: string, type: string, exact: object, more: object = {}) => ({
  kind: "agent",
  name,
  state: "active",
  owner: "o@example.com",
  sponsor: "s@example.com",
  selectors: [{ type, exact }],
  ...more,
});
const task = (definition: string) => ({
  cluster: "agents",
  definition,
  containers: [{ name: "agent", imageDigest: image }],
});

const rows = [
  agent("caller", "aws-sts-caller-identity", { roleArn: pathless("caller") }),
  agent("guarded", "aws-lambda-url-iam", { roleId: roleIdOf(roleArn("guarded")), roleArn: pathless("guarded") }),
  agent(
    "tasker",
    "ecs-task",
    { roleArn: roleArn("researcher"), family: "tasker" },
    {
      code: { ecs: { container: "agent" }, releases: [image] },
    },
  ),
  agent("loose", "ecs-task", { roleArn: roleArn("triage") }),
  agent(
    "coder",
    "aws-sts-web-identity",
    { functionArn, roleArn: roleArn("planner") },
    { code: { lambda: { version: "7" }, releases: [build] } },
  ),
  agent(
    "drifted",
    "aws-sts-web-identity",
    { functionArn: `${functionArn}-drifted`, roleArn: roleArn("drifted") },
    {
      code: { lambda: { version: "7" }, releases: [build] },
    },
  ),
  {
    kind: "trusted-issuer",
    name: "workloads",
    purpose: "aws-sts",
    issuer: `\${stsIssuer}`,
    algorithms: ["ES384"],
    account,
  },
];

const workloads: Record<string, Workload> = {
  caller: { name: "caller-session", roleArn: roleArn("caller") },
  guarded: { name: "guarded-session", roleArn: roleArn("guarded") },
  tasker: { name: taskId, roleArn: roleArn("researcher"), task: task("tasker:3") },
  loose: {
    name: strangersTask,
    roleArn: roleArn("triage"),
    task: task("loose:1"),
    trust: { AWS: `arn:aws:iam::${account}:root` },
  },
  coder: { name: "planner", roleArn: roleArn("planner"), functionArn, versions: { "7": build, "8": otherBuild } },
  drifted: {
    name: "drifted",
    roleArn: roleArn("drifted"),
    functionArn: `${functionArn}-drifted`,
    versions: { "7": build },
  },
};

const subject = "system:serviceaccount:agents:billing";
const spiffeId = "spiffe://partner.example/billing";
/** Agents of another platform, once its address is known. */
const foreignRows = (issuer: string) => [
  agent("pod", "oidc", { issuer, subject }, { minimumAssurance: "document" }),
  agent("job", "oidc", { issuer, subject: "repo:o/r:environment:prod" }, { minimumAssurance: "document" }),
  agent("svid", "spiffe-x509-svid", { spiffeId }),
  { kind: "trusted-issuer", name: "cluster", purpose: "workload", issuer, algorithms: ["ES256"] },
  {
    kind: "trusted-issuer",
    name: "partner",
    purpose: "spiffe",
    issuer: "spiffe://partner.example",
    jwksUri: `${issuer}/bundle`,
    algorithms: ["ES256"],
  },
];

const folder = mkdtempSync(join(tmpdir(), "lanyard-attest-"));
let world: World;
let platform: Awaited<ReturnType<typeof startForeignPlatform>>;
beforeAll(async () => {
  platform = await startForeignPlatform();
  const registered = [...rows, ...foreignRows(platform.issuer)];
  writeFileSync(join(folder, "registry.yaml"), registered.map((row) => stringify(row)).join("---\n"));
  world = await raiseWorld({ memory: true, registry: folder, onProgress: () => undefined });
});
afterAll(async () => {
  await world?.close();
  await platform?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Attests as a registered agent with the credentials of a workload. */
async function identity(name: string, evidence: EvidenceSource, more: Partial<AgentInput> = {}) {
  const { issuer, attest, token, introspect, revoke } = world.endpoints;
  const id = `spiffe://${world.endpoints.deployment.trustDomain}/agent/${name}`;
  const endpoints = { attest, token, introspect, revoke };
  return createAgent({ issuer, agent: id, evidence, endpoints, ...more }).identity();
}
const credentialsOf = (name: string) => {
  const workload = workloads[name];
  if (!workload) throw new Error(`no workload ${name}`);
  return { ...world.cloud.addWorkload(workload) };
};
const callerOf = (name: string) => awsStsCallerIdentity({ region, credentials: credentialsOf(name) });
const taskOf = (name: string, cluster: string) => ecsTask({ region, credentials: credentialsOf(name), cluster });
const guardedUrl = () => `${world.cloud.urls.attestIam}/`;
const guarded = (name: string) => {
  const { evidence, fetch } = awsLambdaUrlIam({ url: guardedUrl(), region, credentials: credentialsOf(name) });
  const { token, introspect, revoke } = world.endpoints;
  return { evidence, more: { fetch, endpoints: { attest: guardedUrl(), token, introspect, revoke } } };
};
const lastDenial = async () => {
  await world.cloud.flushAudit();
  const denied = readRecords(world.endpoints.auditFolder).map((record) => JSON.stringify(record));
  return denied.filter((text) => text.includes('"denied"')).join("\n");
};

describe("on the running cloud", () => {
  it("a role attests by a signed GetCallerIdentity that Lanyard sends", async () => {
    const { token, assurance } = await identity("caller", callerOf("caller"));
    expect(assurance).toBe("fresh");
    expect(claimsOf(token).sub).toMatch(/\/agent\/caller$/);
  });

  it("another role's signature does not make it that agent", async () => {
    await expect(identity("caller", callerOf("guarded"))).rejects.toMatchObject({ error: "invalid_client" });
  });

  it("a role attests behind the URL that IAM guards, by its unique id", async () => {
    const { evidence, more } = guarded("guarded");
    expect(claimsOf((await identity("guarded", evidence, more)).token).sub).toMatch(/\/agent\/guarded$/);
  });

  it("threat 18: another role behind that URL is not that agent, and nobody gets in unsigned", async () => {
    const { evidence, more } = guarded("caller");
    await expect(identity("guarded", evidence, more)).rejects.toMatchObject({ error: "invalid_client" });
    const unsigned = await fetch(guardedUrl(), { method: "POST", body: "{}" });
    expect(unsigned.status).toBe(403);
  });

  it("threat 18: the public attest does not know that evidence, signed or not", async () => {
    const { evidence } = guarded("guarded");
    await expect(identity("guarded", evidence)).rejects.toMatchObject({ status: 400 });
  });

  it("a task attests with the image that ECS started, and carries it as its build", async () => {
    const { token } = await identity("tasker", taskOf("tasker", "agents"));
    expect(claimsOf(token)).toMatchObject({ build: image, gen: { [`build:${image}`]: 0 } });
  });

  it("threat 30: a task whose role the account may assume is refused", async () => {
    await expect(identity("loose", taskOf("loose", "agents"))).rejects.toMatchObject({
      error: "invalid_client",
    });
    expect(await lastDenial()).toContain("others than ECS may assume the role");
  });

  it("a function attests with the digest of the version its registration pins", async () => {
    const evidence = awsStsWebIdentity({ ...world.endpoints.aws, credentials: credentialsOf("coder") });
    expect(claimsOf((await identity("coder", evidence)).token)).toMatchObject({ build });
  });

  it("a function that the stage does not let Lanyard look at is refused, not waved through", async () => {
    const evidence = awsStsWebIdentity({ ...world.endpoints.aws, credentials: credentialsOf("drifted") });
    await expect(identity("drifted", evidence)).rejects.toMatchObject({ status: 503 });
  });
});

describe("workloads of other platforms, on the running cloud", () => {
  const written = (name: string, content: string) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const token = (sub: string, aud: unknown, more: object = {}) =>
    platform.token({ iss: platform.issuer, sub, aud, ...more });

  it("threat 16: a pod attests by its projected token, and whoever else shows that token is refused", async () => {
    const evidence = projectedToken({ path: written("token", token(subject, [world.endpoints.issuer])) });
    const { assurance, token: identityToken } = await identity("pod", evidence);
    expect(assurance).toBe("document");
    expect(claimsOf(identityToken).sub).toMatch(/\/agent\/pod$/);
    // the same file, read by another process with a key of its own
    await expect(identity("pod", evidence)).rejects.toMatchObject({ error: "invalid_client" });
    expect(await lastDenial()).toContain("evidence_of_another_key");
    written("token", token(subject, [world.endpoints.issuer], { jti: "renewed" }));
    expect((await identity("pod", evidence)).assurance).toBe("document");
  });

  it("threat 4: a pod's token for the API server never leaves it", async () => {
    const evidence = projectedToken({ path: written("default", token(subject, ["https://kubernetes.default.svc"])) });
    await expect(identity("pod", evidence)).rejects.toMatchObject({ code: "evidence_failed" });
  });

  it("a job attests by its ID token, and no job of another subject does", async () => {
    const job = (sub: string) => gitlabToken({ variable: "T", env: { T: token(sub, world.endpoints.issuer) } });
    expect((await identity("job", job("repo:o/r:environment:prod"))).assurance).toBe("document");
    await expect(identity("job", job("repo:o/r:environment:staging"))).rejects.toMatchObject({
      error: "invalid_client",
    });
  });

  it("a workload of a federated trust domain attests by the files beside it, and another of that domain does not", async () => {
    const svid = (id: string) => {
      const { certificate, key } = platform.svid(id);
      const directory = mkdtempSync(join(folder, "svid-"));
      writeFileSync(join(directory, "svid.pem"), certificate);
      writeFileSync(join(directory, "svid_key.pem"), key, { mode: 0o600 });
      return spiffeX509Svid({ directory });
    };
    const proven = svid(spiffeId);
    expect((await identity("svid", proven)).assurance).toBe("fresh");
    // its key signs each time, so a second process of the workload is welcome
    expect((await identity("svid", proven)).assurance).toBe("fresh");
    const other = svid("spiffe://partner.example/shipping");
    await expect(identity("svid", other)).rejects.toMatchObject({ error: "invalid_client" });
  });
});
