import { createPublicKey, X509Certificate } from "node:crypto";
import { STSClient } from "@aws-sdk/client-sts";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { Expectation } from "../../core/attest/contract/attestor.ts";
import { awsEc2InstanceIdentity } from "../../core/attest/methods/aws-ec2-instance-identity/attestor.ts";
import { type Instance, type Instances, openInstances } from "../../local/emulator/imds/instances.ts";
import type { Workload } from "../../local/emulator/workloads/workloads.ts";
import { registry } from "../kit/registry.ts";

const [account, region, imageId] = ["111122223333", "eu-west-1", "ami-0abcdef1234567890"];
const roleArn = `arn:aws:iam::${account}:role/agents/planner-instance`;
const credentials = { accessKeyId: "ASIAEXAMPLE", secretAccessKey: "secret", sessionToken: "session" };
const time = { millis: Date.parse("2026-08-01T00:00:00Z") };
const admitted: Workload[] = [];

let instances: Instances;
let instance: Instance;
beforeAll(async () => {
  const admit = (workload: Workload) => {
    admitted.push(workload);
    return credentials;
  };
  instances = openInstances({ account, region, admit, nowMillis: () => time.millis });
  instance = await instances.launch({ imageId, roleArn });
});
afterAll(() => instances?.close());
afterEach(() => vi.unstubAllEnvs());

const ttl = "x-aws-ec2-metadata-token-ttl-seconds";
const put = (headers: Readonly<Record<string, string>> = { [ttl]: "60" }, at = instance) =>
  fetch(`${at.metadata}/latest/api/token`, { method: "PUT", headers });
const session = async (at = instance) => (await put({ [ttl]: "21600" }, at)).text();
const get = async (path: string, token?: string, at = instance) =>
  fetch(`${at.metadata}/latest/${path}`, { headers: token === undefined ? {} : { "x-aws-ec2-metadata-token": token } });
const read = async (path: string) => (await get(path, await session())).text();

describe("the instance metadata service", () => {
  it("opens a session for 1 to 21,600 seconds, says so, and for nothing else", async () => {
    for (const seconds of ["1", "60", "21600"]) {
      const answer = await put({ [ttl]: seconds });
      expect([answer.status, answer.headers.get(ttl)]).toEqual([200, seconds]);
      expect(await answer.text()).toMatch(/^[A-Za-z0-9+/]{56}$/);
    }
    for (const seconds of ["0", "21601", "-1", "60.5", "1e3", "", "forever"])
      expect((await put({ [ttl]: seconds })).status).toBe(400);
    expect((await put({})).status).toBe(400);
  });

  it("refuses a session to what came through a proxy", async () => {
    expect((await put({ [ttl]: "60", "x-forwarded-for": "203.0.113.7" })).status).toBe(403);
  });

  it("answers nothing without a session of its own that lives: version 1 does not exist here", async () => {
    const other = await instances.launch({ imageId, roleArn });
    const path = "dynamic/instance-identity/document";
    for (const token of [undefined, "", "guessed", await session(other)])
      expect((await get(path, token)).status).toBe(401);
    const token = await (await put({ [ttl]: "2" })).text();
    expect((await get(path, token)).status).toBe(200);
    time.millis += 2_000;
    expect((await get(path, token)).status).toBe(401);
    // so that nobody learns without a session what is there
    expect((await get("nothing")).status).toBe(401);
    expect((await get("nothing", await session())).status).toBe(404);
  });

  it("knows no other method, and no session elsewhere", async () => {
    const post = await fetch(`${instance.metadata}/latest/api/token`, { method: "POST", headers: { [ttl]: "60" } });
    expect(post.status).toBe(405);
    const elsewhere = await fetch(`${instance.metadata}/latest/meta-data/`, {
      method: "PUT",
      headers: { [ttl]: "60" },
    });
    expect(elsewhere.status).toBe(404);
  });

  it("lets no session reach further than its hop limit, and then waits rather than refuses", async () => {
    const far = await instances.launch({ imageId, roleArn, hops: 2 });
    const waiting = fetch(`${far.metadata}/latest/api/token`, {
      method: "PUT",
      headers: { [ttl]: "60" },
      signal: AbortSignal.timeout(150),
    });
    await expect(waiting).rejects.toMatchObject({ name: "TimeoutError" });
    const bridged = await instances.launch({ imageId, roleArn, hops: 2, hopLimit: 2 });
    expect((await put({ [ttl]: "60" }, bridged)).status).toBe(200);
  });

  it("hears nobody who calls it by another name", async () => {
    const { port } = new URL(instance.metadata);
    const answer = await fetch(`http://localhost:${port}/latest/api/token`, { method: "PUT", headers: { [ttl]: "60" } })
      .then(({ status }) => status)
      .catch(() => "unreachable");
    expect([403, "unreachable"]).toContain(answer);
  });

  it("gives the AWS SDK the role's credentials by its own chain, in a session that bears the instance's name", async () => {
    for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"])
      vi.stubEnv(name, undefined);
    vi.stubEnv("AWS_CONFIG_FILE", "/nonexistent");
    vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent");
    vi.stubEnv("AWS_EC2_METADATA_SERVICE_ENDPOINT", instance.metadata);
    vi.stubEnv("AWS_EC2_METADATA_V1_DISABLED", "true");
    const sts = new STSClient({ region });
    expect(await sts.config.credentials()).toMatchObject(credentials);
    sts.destroy();
    expect(admitted[0]).toMatchObject({ name: instance.instanceId, roleArn, trust: { Service: "ec2.amazonaws.com" } });
  });
});

describe("instance identity", () => {
  const certificates = () => new Map([[region, Buffer.from(instances.certificate).toString("base64")]]);
  const expectation = (): Expectation => ({
    challenge: "c-1",
    jkt: "k-1",
    issuer: "http://127.0.0.1:4600",
    nowSeconds: Math.floor(time.millis / 1000),
    registry: registry(1),
  });
  const type = "aws-ec2-instance-identity";
  const attest = (pkcs7: string) =>
    awsEc2InstanceIdentity({ certificates: certificates(), allowAlone: true }).attest({ type, pkcs7 }, expectation());

  it("is listed and told in four forms", async () => {
    expect((await read("dynamic/instance-identity/")).split("\n")).toEqual([
      "document",
      "pkcs7",
      "rsa2048",
      "signature",
    ]);
    const document = await read("dynamic/instance-identity/document");
    expect(document).toMatch(/^\{\n {2}"accountId" : "111122223333",\n/);
    expect(JSON.parse(document)).toMatchObject({
      accountId: account,
      imageId,
      instanceId: instance.instanceId,
      region,
      pendingTime: "2026-08-01T00:00:00Z",
    });
  });

  it("under the Region's RSA key is taken by the attestor, and says what the document says", async () => {
    const pkcs7 = await read("dynamic/instance-identity/rsa2048");
    expect(pkcs7.split("\n").every((line) => /^[A-Za-z0-9+/=]{1,64}$/.test(line))).toBe(true);
    const { instanceId } = instance;
    expect(await attest(pkcs7)).toMatchObject({ ok: true, value: { facts: { account, region, imageId, instanceId } } });
  });

  it("of a Region's AWS signs for is not taken for AWS's", async () => {
    const pkcs7 = await read("dynamic/instance-identity/rsa2048");
    const result = await awsEc2InstanceIdentity({ allowAlone: true }).attest({ type, pkcs7 }, expectation());
    expect(result).toMatchObject({ ok: false, error: { check: "instance-signer" } });
  });

  it("in its two older forms is refused by its algorithms", async () => {
    const why = { ok: false, error: { code: "evidence_invalid", check: "instance-pkcs7" } };
    expect(await attest(await read("dynamic/instance-identity/pkcs7"))).toMatchObject(why);
    expect(await attest(await read("dynamic/instance-identity/signature"))).toMatchObject(why);
    expect((await read("dynamic/instance-identity/signature")).replaceAll("\n", "")).toHaveLength(172);
  });

  it("is signed under a certificate of 2048 bits that signs itself", () => {
    const certificate = new X509Certificate(instances.certificate);
    expect(certificate.verify(createPublicKey(certificate.publicKey.export({ type: "spki", format: "pem" })))).toBe(
      true,
    );
    expect(certificate.publicKey.asymmetricKeyDetails?.modulusLength).toBe(2_048);
  });
});
