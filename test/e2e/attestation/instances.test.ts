import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { awsEc2InstanceIdentity, withInstanceIdentity } from "../../../client/evidence/aws-ec2-instance-identity.ts";
import { awsStsCallerIdentity } from "../../../client/evidence/aws-sts-caller-identity.ts";
import { awsStsWebIdentity } from "../../../client/evidence/aws-sts-web-identity.ts";
import type { EvidenceSource } from "../../../client/evidence/platform/source.ts";
import { createAgent } from "../../../client/index.ts";
import type { Credentials } from "../../../local/demo/boot.ts";
import { readRecords } from "../../../local/demo/story/records.ts";
import { raiseWorld, type World } from "../../../local/demo/story/world.ts";
import { type Instance, openInstances } from "../../../local/emulator/imds/instances.ts";

const account = "111122223333";
const region = "eu-west-1";
const image = "ami-0c9f1a5d7e3b28460";
const pathless = `arn:aws:iam::${account}:role/worker`;
const roleArn = `arn:aws:iam::${account}:role/agents/worker`;
const webRoleArn = `arn:aws:iam::${account}:role/agents/web`;

const agent = (name: string, type: string, exact: object, more: object = {}) => ({
  kind: "agent",
  name,
  state: "active",
  owner: "o@example.com",
  sponsor: "s@example.com",
  selectors: [{ type, exact }],
  ...more,
});
const rows = [
  agent("worker", "aws-sts-caller-identity", { roleArn: pathless, ec2ImageId: image }),
  agent("web", "aws-sts-web-identity", { roleArn: webRoleArn, ec2ImageId: image }),
  agent(
    "hasty",
    "aws-sts-web-identity",
    { roleArn: `arn:aws:iam::${account}:role/agents/hasty` },
    { issuancesPerSecond: 1 },
  ),
  agent("lonely", "aws-ec2-instance-identity", { instanceId: "i-0123456789abcdef0" }, { minimumAssurance: "document" }),
  {
    kind: "trusted-issuer",
    name: "workloads",
    purpose: "aws-sts",
    issuer: `\${stsIssuer}`,
    algorithms: ["ES384"],
    account,
  },
];

const folder = mkdtempSync(join(tmpdir(), "lanyard-instances-"));
let world: World;
let instance: Instance;
beforeAll(async () => {
  writeFileSync(join(folder, "registry.yaml"), rows.map((row) => stringify(row)).join("---\n"));
  world = await raiseWorld({ memory: true, registry: folder, onProgress: () => undefined });
  instance = await world.cloud.launchInstance({ imageId: image, roleArn });
});
afterAll(async () => {
  await world?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function identity(name: string, evidence: EvidenceSource) {
  const { issuer, attest, token, introspect, revoke, deployment } = world.endpoints;
  const id = `spiffe://${deployment.trustDomain}/agent/${name}`;
  return createAgent({ issuer, agent: id, evidence, endpoints: { attest, token, introspect, revoke } }).identity();
}
const caller = (credentials: Credentials) => awsStsCallerIdentity({ region, credentials: { ...credentials } });
const on = ({ metadata }: Instance) => ({ endpoint: metadata });
const lastDenial = async () => {
  await world.cloud.flushAudit();
  const denied = readRecords(world.endpoints.auditFolder).map((record) => JSON.stringify(record));
  return denied.filter((text) => text.includes('"denied"')).join("\n");
};

describe("an EC2 instance on the running cloud", () => {
  it("attests by its role's session, and EC2's word for the image it was launched from", async () => {
    const { assurance } = await identity("worker", withInstanceIdentity(caller(instance.credentials), on(instance)));
    expect(assurance).toBe("fresh");
  });

  it("attests by STS's document too, though that names no session", async () => {
    const other = await world.cloud.launchInstance({ imageId: image, roleArn: webRoleArn });
    const web = awsStsWebIdentity({ ...world.endpoints.aws, credentials: { ...other.credentials } });
    expect((await identity("web", withInstanceIdentity(web, on(other)))).assurance).toBe("fresh");
  });

  it("is not that agent by its role alone, where the registration asks for the image", async () => {
    await expect(identity("worker", caller(instance.credentials))).rejects.toMatchObject({ error: "invalid_client" });
    expect(await lastDenial()).toContain("ec2ImageId");
  });

  it("launched from another image is not that agent", async () => {
    const other = await world.cloud.launchInstance({ imageId: "ami-0fffffffffffffff0", roleArn });
    const evidence = withInstanceIdentity(caller(other.credentials), on(other));
    await expect(identity("worker", evidence)).rejects.toMatchObject({ error: "invalid_client" });
  });

  it("threat 16: cannot borrow the document of an instance of the right image", async () => {
    const thief = await world.cloud.launchInstance({ imageId: "ami-0fffffffffffffff0", roleArn });
    const evidence = withInstanceIdentity(caller(thief.credentials), on(instance));
    await expect(identity("worker", evidence)).rejects.toMatchObject({ error: "invalid_client" });
    expect(await lastDenial()).toContain("instance-agreement");
  });

  it("threat 16: is nobody by its document alone, since this stage does not say so", async () => {
    await expect(identity("lonely", awsEc2InstanceIdentity(on(instance)))).rejects.toMatchObject({
      error: "invalid_client",
    });
    expect(await lastDenial()).toContain("evidence_insufficient");
  });

  it("threat 31: is not believed under another key, though it names this very Region", async () => {
    const elsewhere = openInstances({ account, region, admit: () => instance.credentials });
    try {
      const forged = await elsewhere.launch({ imageId: image, roleArn });
      const evidence = withInstanceIdentity(caller(instance.credentials), on(forged));
      await expect(identity("worker", evidence)).rejects.toMatchObject({ error: "invalid_client" });
      expect(await lastDenial()).toContain("instance-signer");
    } finally {
      await elsewhere.close();
    }
  });
});

describe("threat 13: the bucket of signatures on the running cloud", () => {
  it("is one for all instances of the function, and spares KMS what is over it", async () => {
    const credentials = world.cloud.addWorkload({
      name: "hasty",
      roleArn: `arn:aws:iam::${account}:role/agents/hasty`,
    });
    const evidence = awsStsWebIdentity({ ...world.endpoints.aws, credentials: { ...credentials } });
    const signed = () => world.cloud.calls().filter(({ operation }) => operation === "Sign").length;
    const before = signed();
    const outcomes = await Promise.allSettled(Array.from({ length: 12 }, () => identity("hasty", evidence)));
    const passed = outcomes.filter(({ status }) => status === "fulfilled").length;
    const refused = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
    // one a second, however many seconds twelve attestations take here
    expect(passed).toBeGreaterThan(0);
    expect(refused.length).toBeGreaterThan(0);
    for (const reason of refused) expect(reason).toMatchObject({ status: 429, error: "slow_down" });
    expect(signed() - before).toBe(passed);
    expect(await lastDenial()).toContain("rate_exceeded");
  });
});
