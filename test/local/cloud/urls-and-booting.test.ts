import { createHash } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import { Sha256 } from "@aws-crypto/sha256-js";
import { GetPublicKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { SignatureV4 } from "@smithy/signature-v4";
import { describe, expect, it } from "vitest";
import type { Credentials } from "../../../local/emulator/iam/caller.ts";
import type { RunningCloud } from "../../../local/emulator/running.ts";
import { freeRow } from "../../kit/ports.ts";
import { boot, openUrl, signedUrl } from "../fixture/boot.ts";
import { auditRecords, cloud, fixture, settings, setUp, temporary } from "./ground.ts";

setUp();

describe("function URLs", () => {
  const post = (body: string | Uint8Array, type: string, path = "/") =>
    fetch(`${openUrl(cloud)}${path}`, { method: "POST", body, headers: { "content-type": type } });
  const echoed = async (response: Response) => (await response.json()) as Record<string, Record<string, unknown>>;

  it("hand over payload 2.0, with a form's body in base64 as Lambda does", async () => {
    const event = await echoed(await post("a=1&a=2", "application/x-www-form-urlencoded", "/x%20y?q=1&q=2"));
    expect(event).toMatchObject({
      version: "2.0",
      rawPath: "/x%20y",
      rawQueryString: "q=1&q=2",
      queryStringParameters: { q: "1,2" },
      isBase64Encoded: true,
      body: Buffer.from("a=1&a=2").toString("base64"),
      requestContext: { domainName: new URL(openUrl(cloud)).host, http: { method: "POST", path: "/x%20y" } },
    });
    expect(event.requestContext).not.toHaveProperty("authorizer");
  });

  it("split cookies out and overwrite forwarding headers that a client invents", async () => {
    const headers = { cookie: "a=1; b=2", "x-forwarded-for": "10.0.0.1", "x-forwarded-proto": "https" };
    const event = await echoed(await fetch(openUrl(cloud), { headers }));
    expect(event.cookies).toEqual(["a=1", "b=2"]);
    expect(event.headers).not.toHaveProperty("cookie");
    expect(event.headers).toMatchObject({ "x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "http" });
  });

  it("join a header that comes twice, so that the second value cannot hide", async () => {
    const event = await new Promise<string>((resolve, reject) => {
      const { hostname, port, host } = new URL(openUrl(cloud));
      const asked = httpRequest({ hostname, port, headers: ["host", host, "dpop", "a", "dpop", "b"] }, (response) => {
        let text = "";
        response.on("data", (chunk) => {
          text += chunk;
        });
        response.on("end", () => resolve(text));
      });
      asked.on("error", reject).end();
    });
    expect(JSON.parse(event).headers.dpop).toBe("a,b");
  });

  it("turn a function's answer into HTTP", async () => {
    const respond = {
      statusCode: 201,
      headers: { "X-A": "b" },
      cookies: ["c=1", "d=2"],
      body: Buffer.from("hi").toString("base64"),
      isBase64Encoded: true,
    };
    const response = await post(JSON.stringify({ respond }), "application/json");
    expect([response.status, response.headers.get("x-a"), await response.text()]).toEqual([201, "b", "hi"]);
    expect(response.headers.getSetCookie()).toEqual(["c=1", "d=2"]);
  });

  it.each([
    ["throws", { act: "fail" }],
    ["exits", { act: "exit" }],
    ["answers what is no response", { respond: { statusCode: "never" } }],
  ])("answer 502 without a word when the function %s", async (_name, command) => {
    const response = await post(JSON.stringify(command), "application/json");
    expect(response.status).toBe(502);
    expect(await response.json()).toEqual({ Message: "Internal Server Error" });
  });

  it("refuse a body over 6 MB", async () => {
    expect((await post(new Uint8Array(6 * 1024 * 1024 + 1), "text/plain")).status).toBe(413);
  });

  it.each(["evil.example", "localhost", "127.0.0.1", "127.0.0.1:1"])(
    "threat 31: refuse the Host header %s on every port",
    async (host) => {
      const statuses = await Promise.all(
        [openUrl(cloud), cloud.aws.endpoint, cloud.stsIssuer].map(
          (url) =>
            new Promise<number>((resolve, reject) => {
              const { port } = new URL(url);
              const asked = httpRequest({ host: "127.0.0.1", port, headers: { host } }, (response) => {
                response.resume();
                resolve(response.statusCode ?? 0);
              });
              asked.on("error", reject).end();
            }),
        ),
      );
      expect(statuses).toEqual([403, 403, 403]);
    },
  );

  describe("with AuthType AWS_IAM", () => {
    const send = async (credentials: Credentials, { service = "lambda", body = "{}", sentBody = "{}" } = {}) => {
      const { hostname, port, host } = new URL(signedUrl(cloud));
      const headers = {
        host,
        "content-type": "application/json",
        "x-amz-content-sha256": createHash("sha256").update(body).digest("hex"),
      };
      const signer = new SignatureV4({ credentials, region: cloud.aws.region, service, sha256: Sha256 });
      const signed = await signer.sign({
        method: "POST",
        protocol: "http:",
        hostname,
        port: Number(port),
        path: "/revoke",
        headers,
        body,
      });
      return fetch(`${signedUrl(cloud)}/revoke`, { method: "POST", headers: signed.headers, body: sentBody });
    };

    it("name the caller to the function", async () => {
      const event = await echoed(await send(cloud.operator));
      expect(event.requestContext?.authorizer).toEqual({
        iam: {
          accessKey: cloud.operator.accessKeyId,
          accountId: "111122223333",
          callerId: expect.stringMatching(/^AROA[A-Z2-7]{17}:operator$/),
          cognitoIdentity: null,
          principalOrgId: null,
          userArn: "arn:aws:sts::111122223333:assumed-role/administrator/operator",
          userId: expect.stringMatching(/^AROA[A-Z2-7]{17}:operator$/),
        },
      });
    });

    it("threat 18: refuse the unsigned, the wrongly signed, the changed and those without permission", async () => {
      const nobody = cloud.addWorkload({ name: "nobody", roleArn: "arn:aws:iam::111122223333:role/nobody" });
      const statuses = await Promise.all([
        fetch(`${signedUrl(cloud)}/revoke`, { method: "POST", body: "{}" }),
        send({ ...cloud.operator, secretAccessKey: "guessed" }),
        send(cloud.operator, { service: "sts" }),
        send(cloud.operator, { sentBody: '{"act":"count"}' }),
        send(nobody),
      ]);
      expect(statuses.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403]);
    });
  });
});

describe("a state folder", () => {
  const key = { id: { S: "kept" } };

  it("brings back tables, keys and issuer at the next start", async () => {
    const directory = join(temporary("cloud-state-"), "state");
    const assembly = fixture();
    // of ports that the system picked, another test might be given one between the two starts
    const first = await boot({ assembly, directory, portBase: await freeRow(20) });
    const publicKeyOf = (running: RunningCloud) =>
      new KMSClient(settings(running)).send(new GetPublicKeyCommand({ KeyId: running.outputs.SigningArn }));
    const jwksOf = async (running: RunningCloud) => (await fetch(`${running.stsIssuer}/.well-known/jwks.json`)).json();
    await first.invoke("worker", { act: "transact", item: key });
    const before = {
      key: (await publicKeyOf(first)).PublicKey,
      jwks: await jwksOf(first),
      issuer: openUrl(first),
      sts: first.stsIssuer,
    };
    await first.close();

    const second = await boot({ assembly, directory });
    expect(await second.invoke("worker", { act: "get", key })).toEqual(key);
    expect({
      key: (await publicKeyOf(second)).PublicKey,
      jwks: await jwksOf(second),
      issuer: openUrl(second),
      sts: second.stsIssuer,
    }).toEqual(before);
    await second.flush();
    const ids = (auditRecords(second) as { id: string }[]).map(({ id }) => id);
    await second.close();
    expect(ids).toEqual(["kept"]);
  });

  it("threat 31: is for its owner only, logs and keys included", async () => {
    const directory = join(temporary("cloud-state-"), "state");
    const running = await boot({ assembly: fixture(), directory });
    await running.invoke("worker", { act: "print", line: "x" });
    await running.close();
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    const open = readdirSync(directory, { recursive: true, encoding: "utf8" })
      .filter((name) => !name.startsWith("dynamodb"))
      .map((name) => join(directory, name))
      .filter((file) => (statSync(file).mode & 0o077) !== 0);
    expect(open).toEqual([]);
  });
});

describe("booting", () => {
  it("takes a row of ports, and says so when one is taken", async () => {
    const taken = Number(new URL(cloud.aws.endpoint).port);
    await expect(boot({ assembly: fixture(), portBase: taken })).rejects.toThrow(/port \d+ is taken/);
  });

  it.each([
    ["a resource type that is not known", { Odd: { Type: "AWS::Redshift::Cluster" } }, /AWS::Redshift::Cluster/],
    [
      "a schedule that is not known",
      {
        EveryMinute: {
          Type: "AWS::Events::Rule",
          Properties: { ScheduleExpression: "cron(0 * * * ? *)", Targets: [] },
        },
      },
      /cron/,
    ],
    [
      "a pattern that is not known",
      { ToFirehose: { Type: "AWS::Events::Rule", Properties: { EventPattern: { a: [{ cidr: "x" }] }, Targets: [] } } },
      /cidr/,
    ],
    [
      "a rule whose role may not deliver",
      { RulePolicy: { Type: "AWS::IAM::Policy", Properties: { Roles: [], PolicyDocument: { Statement: [] } } } },
      /rule .*firehose:PutRecord/,
    ],
    [
      "a mapping whose role may not read the stream",
      { RelayPolicy: { Type: "AWS::IAM::Policy", Properties: { Roles: [], PolicyDocument: { Statement: [] } } } },
      /mapping .*dynamodb:DescribeStream/,
    ],
    [
      "a public URL without both permissions",
      { MayInvoke: { Type: "AWS::Logs::LogGroup" } },
      /WorkerUrl lets nobody in: .*lambda:InvokeFunction /,
    ],
  ])("refuses %s", async (_name, changed, message) => {
    await expect(boot({ assembly: fixture(changed) })).rejects.toThrow(message);
  });
});
