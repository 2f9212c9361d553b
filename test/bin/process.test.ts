import { execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deploymentParameterName } from "../../lib/issuer/urls-parameter.ts";
import { serveAll } from "../kit/serve.ts";

const command = join(import.meta.dirname, "../../bin/lanyard/main.ts");
/** Nothing that the program heeds. */
const bareEnv = { PATH: process.env.PATH, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE };
const agent = (name: string) => ({
  name,
  id: `spiffe://toy.example/agent/${name}`,
  state: "active",
  owner: "desk",
  sponsor: "ada",
  standing: { generation: 0, blocked: false, quarantined: false },
});

let folder: string;
let origin: string;
let revoked = 0;
let parameter: string | undefined;
const server = serveAll(async ({ method, target, headers, body }) => {
  const operation = String(headers["x-amz-target"] ?? "");
  if (operation.endsWith("GetParameter")) {
    const { Name } = JSON.parse(body) as { Name: string };
    if (Name !== "/lanyard/prod/deployment" || parameter === undefined)
      return { status: 400, body: JSON.stringify({ __type: "ParameterNotFound" }) };
    const ARN = `arn:aws:ssm:eu-west-1:111122223333:parameter${Name}`;
    return { body: JSON.stringify({ Parameter: { Name, ARN, Value: parameter } }) };
  }
  if (body.includes("Action=GetCallerIdentity"))
    return {
      body: `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:sts::111122223333:assumed-role/operator/ada</Arn><UserId>A</UserId><Account>111122223333</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`,
    };
  if (method === "POST") {
    // slow enough for a reader to be long gone
    await pause(300);
    revoked += 1;
    return { body: JSON.stringify({ revoked: {} }) };
  }
  const items = Array.from({ length: 100 }, (_, n) => agent(`agent-${n}-${"x".repeat(60)}`));
  return { body: JSON.stringify({ items, ...(target.includes("cursor=9") ? {} : { next: "9" }) }) };
});
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "lanyard-process-"));
  origin = server.origin;
  await mkdir(join(folder, ".lanyard"));
  const endpoints = {
    issuer: origin,
    admin: `${origin}/`,
    adminWrite: `${origin}/`,
    adminRead: `${origin}/`,
    auditFolder: join(folder, "audit"),
    aws: { endpoint: origin, region: "eu-west-1" },
    operator: { credentials: { accessKeyId: "a", secretAccessKey: "b", sessionToken: "c" } },
    deployment: { trustDomain: "toy.example", variables: {} },
  };
  await writeFile(join(folder, ".lanyard/endpoints.json"), JSON.stringify(endpoints));
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs the real program with a reader that leaves before or after a first piece of its output. */
function leaving(args: readonly string[], when: "at once" | "after a piece", stream: "stdout" | "stderr" = "stdout") {
  const child = spawn(process.execPath, [command, ...args], {
    cwd: folder,
    env: bareEnv,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const other = stream === "stdout" ? child.stderr : child.stdout;
  let said = "";
  other.on("data", (chunk) => {
    said += chunk;
  });
  if (when === "at once") child[stream].destroy();
  else child[stream].once("data", () => child[stream].destroy());
  return new Promise<{ code: number | null; said: string }>((done) =>
    child.once("close", (code) => done({ code, said })),
  );
}

/** Runs the real program to its end, with more in its environment. */
const whole = (args: readonly string[], env: Record<string, string>, cwd = folder) =>
  new Promise<{ code: number; out: string; err: string }>((done) =>
    execFile(process.execPath, [command, ...args], { cwd, env: { ...bareEnv, ...env } }, (failure, out, err) =>
      done({ code: failure ? Number(failure.code) : 0, out, err }),
    ),
  );

describe("a reader who leaves is no failure", () => {
  test.each([
    [["--help"]],
    [["revoke", "--help"]],
    [["--version"]],
    [["schema"]],
    [["aws-policies", "stop"]],
    [["completion", "bash"]],
    [["agents"]],
    [["agents", "--json"]],
    [["agents", "--output", "tsv"]],
    [["agents", "--output", "id"]],
    [["agents", "--watch", "1"]],
    [["profiles"]],
  ])("%j ends with 0 and not a word", async (args) => {
    for (const when of ["at once", "after a piece"] as const)
      expect(await leaving(args, when)).toEqual({ code: 0, said: "" });
  });

  test("nor is one of the messages: the answer and the code stay what they are", async () => {
    expect((await leaving(["frobnicate"], "at once", "stderr")).code).toBe(2);
    const told = await leaving(["agents", "--limit", "1", "--output", "id"], "at once", "stderr");
    expect(told).toEqual({ code: 0, said: `agent-0-${"x".repeat(60)}\n` });
  });

  test("what is being changed is changed to its end, and the code says so", async () => {
    const before = revoked;
    const args = ["revoke", "--session", "A".repeat(22), "--reason", "r", "--yes"];
    expect((await leaving(args, "at once")).code).toBe(0);
    expect(revoked).toBe(before + 1);
    expect((await leaving(args, "at once", "stderr")).code).toBe(0);
    expect(revoked).toBe(before + 2);
  });
});

test("without a terminal nobody is asked: code 2, on standard error, and nothing is sent", async () => {
  const before = revoked;
  const ended = await whole(["revoke", "--session", "A".repeat(22), "--reason", "r"], {});
  expect(ended).toMatchObject({ code: 2, out: "" });
  expect(ended.err).toContain("say --yes");
  expect(revoked).toBe(before);
});

test("--version says the version of the package", async () => {
  const { version } = JSON.parse(await readFile(join(import.meta.dirname, "../../package.json"), "utf8"));
  expect(await whole(["--version"], {})).toEqual({ code: 0, out: `${version}\n`, err: "" });
});

describe("login", () => {
  const lambda = (name: string, region = "eu-west-1") => `https://${name}.lambda-url.${region}.on.aws/`;
  const told = (more: object = {}) => ({
    stage: "prod",
    account: "111122223333",
    region: "eu-west-1",
    trustDomain: "prod.example",
    issuer: "https://iss.lambda-url.eu-west-1.on.aws",
    adminRevoke: lambda("rev"),
    adminWrite: lambda("wri"),
    adminRead: lambda("rea"),
    adminRotate: lambda("rot"),
    auditBucket: "prod-audit",
    ...more,
  });
  const env = () => ({
    AWS_ENDPOINT_URL: origin,
    AWS_REGION: "eu-west-1",
    AWS_ACCESS_KEY_ID: "AKIAEXAMPLE",
    AWS_SECRET_ACCESS_KEY: "a-secret-of-the-operator",
    AWS_SESSION_TOKEN: "a-session-token",
    XDG_CONFIG_HOME: join(folder, "config"),
  });
  const elsewhere = tmpdir();
  const login = (...more: readonly string[]) => whole(["login", "--stage", "prod", ...more], env(), elsewhere);

  test("stores where the stage is, by the name that the stack writes, and no secret", async () => {
    expect(deploymentParameterName({ name: "prod" })).toBe("/lanyard/prod/deployment");
    parameter = JSON.stringify(told());
    const ended = await login();
    expect(ended).toMatchObject({ code: 0, err: "" });
    expect(ended.out).toMatch(
      /^deployment {2}stage prod, account 111122223333, eu-west-1, trust domain prod\.example {2}\(profile prod\)\nstored in /,
    );
    const file = join(folder, "config/lanyard/profiles.json");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const text = await readFile(file, "utf8");
    for (const secret of ["AKIAEXAMPLE", "a-secret-of-the-operator", "a-session-token"])
      expect(text).not.toContain(secret);
    expect((await whole(["profiles"], env(), elsewhere)).out).toMatch(
      /^prod {5}prod {3}111122223333 {2}eu-west-1 {2}prod\.example$/m,
    );
    const names = await whole(["names", "profiles"], env(), elsewhere);
    expect(names.out).toBe("local\naws\nprod\n");
  });

  test("a name comes to mean another deployment only when somebody agrees", async () => {
    parameter = JSON.stringify(told({ trustDomain: "other.example" }));
    const ended = await login();
    expect(ended).toMatchObject({ code: 2, err: expect.stringContaining("nothing was stored") });
    expect((await login("--yes")).code).toBe(0);
    expect((await login("--name", "again", "--aws-profile", "nobody")).code).not.toBe(0);
  });

  test.each([
    ["another stage's", told({ stage: "test" }), "not of itself"],
    ["another account's", told({ account: "999999999999" }), "not of itself"],
    ["another Region's function", told({ adminRead: lambda("rea", "us-east-1") }), "names a function of us-east-1"],
    ["a URL in clear", told({ adminRevoke: "http://admin.example/" }), "is not what a deployment writes"],
    ["something else", { hello: 1 }, "is not what a deployment writes"],
  ])("does not believe a parameter with %s", async (_, content, why) => {
    parameter = JSON.stringify(content);
    expect(await login()).toMatchObject({ code: 1, err: expect.stringContaining(why) });
  });

  test("says what is missing: the stage, the Region, the credentials", async () => {
    parameter = undefined;
    expect(await login()).toMatchObject({
      code: 2,
      err: expect.stringContaining("no deployment of stage prod in eu-west-1"),
    });
    const { AWS_REGION: _, ...noRegion } = env();
    const unplaced = await whole(["login", "--stage", "prod"], { ...noRegion, HOME: folder }, elsewhere);
    expect(unplaced).toMatchObject({ code: 1, err: expect.stringContaining("which Region?") });
    const { AWS_ACCESS_KEY_ID: __, AWS_SECRET_ACCESS_KEY: ___, ...nobody } = env();
    const without = { ...nobody, HOME: folder, AWS_EC2_METADATA_DISABLED: "true" };
    const unknown = await whole(["login", "--stage", "prod"], without, elsewhere);
    expect(unknown).toMatchObject({ code: 1, err: expect.stringContaining("there are no AWS credentials") });
  });

  test.each([["local"], ["aws"], ["a b"], [""]])("no profile is called %j", async (name) => {
    expect((await login("--name", name)).code).toBe(2);
  });

  test("logout forgets it", async () => {
    expect((await whole(["logout", "prod"], env(), elsewhere)).code).toBe(0);
    expect((await whole(["logout", "prod"], env(), elsewhere)).code).toBe(2);
    expect((await whole(["profiles"], env(), elsewhere)).out).toContain("there are none");
  });

  test("whoami names the deployment, where its name comes from, and who calls", async () => {
    const { code, out } = await whole(["whoami", "--json"], {});
    expect([code, JSON.parse(out)]).toEqual([
      0,
      expect.objectContaining({
        profile: "local",
        stage: "local",
        from: "the local run, .lanyard/endpoints.json",
        caller: { account: "111122223333", arn: "arn:aws:sts::111122223333:assumed-role/operator/ada" },
        mayLook: true,
      }),
    ]);
    expect((await whole(["whoami"], {})).out).toContain(
      "you are       arn:aws:sts::111122223333:assumed-role/operator/ada",
    );
  });
});
