import { spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { StaleLocalRun } from "../../../bin/lanyard/deployment/local.ts";
import { type Env, loadProfile, type ProfileOptions } from "../../../bin/lanyard/deployment/profile.ts";
import { type Stored, writeStored } from "../../../bin/lanyard/deployment/stored.ts";
import { serveAll } from "../../kit/serve.ts";

const url = (name: string, region = "eu-west-1") => `https://${name}.lambda-url.${region}.on.aws/`;
const outputsOf = (stage: string, region = "eu-west-1") => ({
  [`lanyard-${stage}-state`]: { TrustDomain: `${stage}.example`, AuditBucketName: `${stage}-audit` },
  [`lanyard-${stage}-audit`]: { AuditBusArn: `arn:aws:events:${region}:111122223333:event-bus/x` },
  [`lanyard-${stage}-issuer`]: { IssuerUrl: url(`${stage}abc`, region) },
  [`lanyard-${stage}-service`]: {
    AdminRevokeUrl: url(`${stage}def`, region),
    AdminWriteUrl: url(`${stage}wri`, region),
    AdminReadUrl: url(`${stage}rea`, region),
  },
});
const environment = {
  LANYARD_ISSUER: url("envabc"),
  LANYARD_TRUST_DOMAIN: "env.example",
  LANYARD_ADMIN_URL: url("envdef"),
  LANYARD_ADMIN_WRITE_URL: url("envwri"),
  LANYARD_ADMIN_READ_URL: url("envrea"),
};
const storedOf = (stage: string): Stored => ({
  stage,
  account: "111122223333",
  region: "eu-central-1",
  trustDomain: `${stage}.stored.example`,
  issuer: url(`${stage}iss`, "eu-central-1"),
  adminRevoke: url(`${stage}rev`, "eu-central-1"),
  adminWrite: url(`${stage}wri`, "eu-central-1"),
  adminRead: url(`${stage}rea`, "eu-central-1"),
});

let folder: string;
const server = serveAll(() => ({ body: "{}" }));
let home: Env;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lanyard-profile-"));
  home = { XDG_CONFIG_HOME: join(folder, "config") };
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** The file that a local run leaves, of this process unless told otherwise. */
async function localRun(more: object = {}) {
  const { origin } = server;
  const endpoints = {
    pid: process.pid,
    issuer: origin,
    admin: origin,
    adminWrite: origin,
    adminRead: origin,
    aws: { endpoint: origin, region: "eu-west-1" },
    operator: { credentials: { accessKeyId: "a", secretAccessKey: "b", sessionToken: "c" } },
    deployment: { trustDomain: "toy.example", variables: { account: "000000000000" } },
    ...more,
  };
  await mkdir(join(folder, ".lanyard"), { recursive: true });
  await writeFile(join(folder, ".lanyard/endpoints.json"), JSON.stringify(endpoints));
}

async function found(options: ProfileOptions = {}, env: Env = {}) {
  const { dynamo, ...profile } = await loadProfile(options, env, folder);
  const signsFor = await dynamo.config.region().catch(() => "none");
  dynamo.destroy();
  return { ...profile, signsFor };
}

const outputsFile = async (content: object) => {
  const file = join(folder, "outputs.json");
  await writeFile(file, JSON.stringify(content));
  return file;
};

describe("which deployment is meant", () => {
  test("outputs name all of it: stage, account, Region, audit; nothing of the environment is mixed in", async () => {
    const outputs = await outputsFile(outputsOf("prod"));
    expect(await found({ outputs }, { ...environment, AWS_REGION: "us-east-1" })).toMatchObject({
      name: "aws",
      kind: "aws",
      from: outputs,
      stage: "prod",
      account: "111122223333",
      region: "eu-west-1",
      signsFor: "eu-west-1",
      issuer: "https://prodabc.lambda-url.eu-west-1.on.aws",
      trustDomain: "prod.example",
      admin: url("proddef"),
      adminRead: url("prodrea"),
      audit: { bucket: "prod-audit" },
    });
  });

  test("what is named goes first: options, LANYARD_PROFILE, names in the environment, the only stored profile, the local run", async () => {
    await localRun();
    const all = { ...home, ...environment, LANYARD_PROFILE: "prod", AWS_PROFILE: "operators" };
    await writeStored(home, { prod: storedOf("prod"), test: storedOf("test") });
    const outputs = await outputsFile(outputsOf("flag"));
    const domains = async (options: ProfileOptions, env: Env) => (await found(options, env)).trustDomain;
    expect(await domains({ outputs }, all)).toBe("flag.example");
    expect(await domains({ profile: "test" }, all)).toBe("test.stored.example");
    expect(await domains({ profile: "local" }, all)).toBe("toy.example");
    expect(await domains({ profile: "aws" }, all)).toBe("env.example");
    expect(await domains({}, all)).toBe("prod.stored.example");
    expect(await domains({}, { ...all, LANYARD_PROFILE: "" })).toBe("env.example");
    await rm(join(folder, "config"), { recursive: true });
    expect(await domains({}, {})).toBe("toy.example");
    await rm(join(folder, ".lanyard"), { recursive: true });
    await writeStored(home, { prod: storedOf("prod") });
    expect(await domains({}, home)).toBe("prod.stored.example");
  });

  test("half a deployment in the environment is a question of what is missing, never the local run", async () => {
    await localRun();
    for (const name of Object.keys(environment)) {
      const one = { [name]: environment[name as keyof typeof environment] };
      await expect(found({}, one)).rejects.toThrow(/These are not set: LANYARD_/);
    }
  });

  test("AWS settings and a local run that is over never come to the local run", async () => {
    await localRun({ pid: 2 ** 22 + 1 });
    for (const env of [{ AWS_PROFILE: "prod" }, { AWS_ACCESS_KEY_ID: "A" }, environment, {}]) {
      const ended = await found({}, env).then(
        ({ trustDomain }) => trustDomain,
        (cause: Error) => cause.message,
      );
      expect(ended).toMatch(/^env\.example$|left behind by a local run that is over \(its process \d+ is gone\)/);
    }
  });

  test("a local run beside AWS settings is not sure to be meant, unless it is named", async () => {
    await localRun();
    expect(await found({}, { AWS_ROLE_ARN: "x" })).toMatchObject({
      name: "local",
      unsure: "AWS_ROLE_ARN in the environment may mean a deployment on AWS",
    });
    expect((await found({ profile: "local" }, { AWS_ROLE_ARN: "x" })).unsure).toBeUndefined();
    expect((await found({}, { AWS_REGION: "eu-west-1" })).unsure).toBeUndefined();
  });

  test("what cannot be told apart is named, not guessed", async () => {
    await writeStored(home, { prod: storedOf("prod") });
    await localRun();
    await expect(found({}, home)).rejects.toThrow("There are prod, local: say --profile");
    await writeStored(home, { prod: storedOf("prod"), test: storedOf("test") });
    await rm(join(folder, ".lanyard"), { recursive: true });
    await expect(found({}, home)).rejects.toThrow("There are prod, test: say --profile");
    await expect(found({ profile: "prod", outputs: "x.json" }, home)).rejects.toThrow("name two deployments");
    await expect(found({ profile: "moon" }, home)).rejects.toThrow('no profile "moon"; there are prod, test');
    await expect(found({ profile: "constructor" }, home)).rejects.toThrow("no profile");
  });

  test("outputs of two deployments, or URLs of two Regions, are no deployment", async () => {
    const two = await outputsFile({ ...outputsOf("prod"), ...outputsOf("test") });
    await expect(found({ outputs: two })).rejects.toThrow("outputs of prod and test");
    const mixed = { ...environment, LANYARD_ADMIN_URL: url("x", "us-east-1") };
    await expect(found({}, mixed)).rejects.toThrow("two deployments, not one");
  });

  test.each(["http://admin.example/", "https://user:pw@admin.example/", "ftp://127.0.0.1/", "admin"])(
    "no operator's call goes to %s",
    async (LANYARD_ADMIN_URL) => {
      await expect(found({}, { ...environment, LANYARD_ADMIN_URL })).rejects.toThrow("admin is no URL with https");
    },
  );

  test("the Region is that of the functions' URLs, whatever the environment says; of other URLs it is the usual chain's", async () => {
    const env = { ...environment, AWS_REGION: "us-east-1" };
    expect((await found({}, env)).signsFor).toBe("eu-west-1");
    const own = Object.fromEntries(
      Object.entries(environment).map(([name, value]) => [
        name,
        value.replace(/https:.*on\.aws/, "https://own.example"),
      ]),
    );
    expect((await found({}, own)).region).toBeUndefined();
  });
});

describe("a local run that is over", () => {
  test("is known by its process, and by a port at which nobody listens", async () => {
    const child = spawn(process.execPath, ["-e", ""]);
    await new Promise((done) => child.once("exit", done));
    await localRun({ pid: child.pid });
    await expect(found({ profile: "local" })).rejects.toThrow(StaleLocalRun);
    await expect(found({ profile: "local" })).rejects.toThrow(`its process ${child.pid} is gone`);
    await localRun({ issuer: "http://127.0.0.1:1" });
    await expect(found()).rejects.toThrow("nothing listens at http://127.0.0.1:1");
    await localRun({ pid: undefined });
    expect((await found()).name).toBe("local");
  });
});

describe("stored profiles", () => {
  test("are for their owner alone, and a file that others may write is not believed", async () => {
    const file = await writeStored(home, { prod: storedOf("prod") });
    expect(file).toBe(join(folder, "config/lanyard/profiles.json"));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, "config/lanyard"))).mode & 0o777).toBe(0o700);
    await chmod(file, 0o622);
    await expect(found({ profile: "prod" }, home)).rejects.toThrow("others may write");
  });

  test("lie in ~/.config where no folder is named, or a relative one, which the specification ignores", async () => {
    const env = { HOME: folder, XDG_CONFIG_HOME: "here" };
    expect(await writeStored(env, {})).toBe(join(folder, ".config/lanyard/profiles.json"));
  });

  test.each([
    ["not JSON", "{"],
    ["another version", JSON.stringify({ version: 2, profiles: {} })],
    [
      "a URL in clear",
      JSON.stringify({ version: 1, profiles: { p: { ...storedOf("p"), adminRead: "http://x.example/" } } }),
    ],
    ["a missing name", JSON.stringify({ version: 1, profiles: { p: { ...storedOf("p"), issuer: undefined } } })],
  ])("that are %s are refused", async (_, text) => {
    const file = await writeStored(home, {});
    await writeFile(file, text);
    await expect(found({ profile: "p" }, home)).rejects.toThrow(/profiles\.json/);
  });
});
