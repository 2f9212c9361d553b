import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { Sha256 } from "@aws-crypto/sha256-js";
import { DynamoDBClient, GetItemCommand, PutItemCommand, TransactWriteItemsCommand } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { FirehoseClient, PutRecordBatchCommand, PutRecordCommand } from "@aws-sdk/client-firehose";
import { GenerateMacCommand, GetPublicKeyCommand, KMSClient, SignCommand, VerifyMacCommand } from "@aws-sdk/client-kms";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { GetCallerIdentityCommand, GetWebIdentityTokenCommand, STSClient } from "@aws-sdk/client-sts";
import { SignatureV4 } from "@smithy/signature-v4";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { boot, type Credentials, type RunningCloud } from "../../local/boot.ts";
import { writeAssembly } from "./fixture/assembly.ts";

const folders: string[] = [];
const temporary = (name: string) => {
  const folder = mkdtempSync(join(tmpdir(), name));
  folders.push(folder);
  return folder;
};
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const fixture = (changed = {}) => {
  const folder = writeAssembly(changed);
  folders.push(folder);
  return folder;
};
const settings = (cloud: RunningCloud, credentials: Credentials = cloud.operator) => ({
  endpoint: cloud.aws.endpoint,
  region: cloud.aws.region,
  credentials,
  maxAttempts: 1,
});
const nameOf = (work: Promise<unknown>) =>
  work.then(
    () => "ok",
    (thrown: Error) => thrown.name,
  );
const auditRecords = (cloud: RunningCloud): unknown[] =>
  readdirSync(cloud.auditFolder, { recursive: true, encoding: "utf8" })
    .map((name) => join(cloud.auditFolder, name))
    .filter((file) => statSync(file).isFile())
    .flatMap((file) => gunzipSync(readFileSync(file)).toString().trim().split("\n"))
    .map((line) => JSON.parse(line));

let cloud: RunningCloud;
beforeAll(async () => {
  cloud = await boot({ assembly: fixture() });
});
afterAll(() => cloud?.close());
afterEach(() => cloud.faults.clear());

const workerRole = () => cloud.outputs.WorkerRoleArn ?? "";
const worker = (command: object) => cloud.invoke("worker", command) as Promise<Record<string, unknown>>;

describe("permissions", () => {
  const item = (id: string) => ({ id: { S: id } });

  it("let a function do what its role may, with its own credentials", async () => {
    expect(await worker({ act: "transact", item: item("one") })).toBe("done");
    expect(await worker({ act: "get", key: item("one") })).toEqual(item("one"));
    const last = cloud.calls().at(-1);
    expect(last).toMatchObject({ service: "dynamodb", operation: "GetItem", roleArn: workerRole(), status: 200 });
  });

  it("refuse a write outside the transaction that the policy asks for", async () => {
    expect(await worker({ act: "put", item: item("two") })).toMatchObject({ error: "AccessDeniedException" });
    expect(await worker({ act: "get", key: item("two") })).toBeNull();
  });

  it("allow a write by the prefix of its partition key, and nothing beside it", async () => {
    expect(await worker({ act: "put", item: item("denied#1") })).toBe("done");
    expect(await worker({ act: "put", item: item("xdenied#1") })).toMatchObject({ error: "AccessDeniedException" });
  });

  it("threat 11: refuse the operator a signature that the key's policy denies him", async () => {
    const kms = new KMSClient(settings(cloud));
    const command = new SignCommand({
      KeyId: cloud.outputs.SigningArn,
      Message: createHash("sha256").update("x").digest(),
      MessageType: "DIGEST",
      SigningAlgorithm: "ECDSA_SHA_256",
    });
    expect(await nameOf(kms.send(command))).toBe("AccessDeniedException");
    expect(await worker({ act: "sign", keyId: cloud.outputs.SigningArn })).toEqual(expect.any(String));
    expect(await worker({ act: "sign", keyId: cloud.outputs.RsaArn })).toMatchObject({
      error: "AccessDeniedException",
    });
  });

  it("refuse every service to a role that has no policy", async () => {
    const credentials = cloud.addWorkload({ name: "nobody", roleArn: "arn:aws:iam::111122223333:role/nobody" });
    const own = settings(cloud, credentials);
    const calls = [
      new KMSClient(own).send(new GetPublicKeyCommand({ KeyId: cloud.outputs.SigningArn })),
      new SSMClient(own).send(new GetParameterCommand({ Name: "/fixture/urls" })),
      new DynamoDBClient(own).send(new GetItemCommand({ TableName: cloud.outputs.RowsName, Key: item("one") })),
      new EventBridgeClient(own).send(
        new PutEventsCommand({ Entries: [{ Source: "s", DetailType: "d", Detail: "{}" }] }),
      ),
      new FirehoseClient(own).send(
        new PutRecordCommand({ DeliveryStreamName: cloud.outputs.DeliveryName, Record: { Data: new Uint8Array() } }),
      ),
      new SQSClient(own).send(new SendMessageCommand({ QueueUrl: cloud.outputs.KeptUrl, MessageBody: "m" })),
    ];
    expect(await Promise.all(calls.map(nameOf))).toEqual(calls.map(() => "AccessDeniedException"));
  });

  it("refuse credentials that nobody gave out, and good ones with a wrong secret", async () => {
    const invented = { accessKeyId: "ASIAINVENTED", secretAccessKey: "x", sessionToken: "y" };
    const ask = (credentials: Credentials) =>
      nameOf(new SSMClient(settings(cloud, credentials)).send(new GetParameterCommand({ Name: "/fixture/urls" })));
    expect(await ask(invented)).toBe("UnrecognizedClientException");
    expect(await ask({ ...cloud.operator, secretAccessKey: "guessed" })).toBe("InvalidSignatureException");
  });
});

describe("services", () => {
  it("answer parameters with the URLs that the template joins", async () => {
    const ssm = new SSMClient(settings(cloud));
    const { Parameter } = await ssm.send(new GetParameterCommand({ Name: "/fixture/urls" }));
    expect(JSON.parse(Parameter?.Value ?? "")).toEqual({ worker: `${cloud.issuer}/` });
    expect(await nameOf(ssm.send(new GetParameterCommand({ Name: "/none" })))).toBe("ParameterNotFound");
  });

  it("make and check MACs", async () => {
    const kms = new KMSClient(settings(cloud));
    const input = { KeyId: cloud.outputs.MacArn, Message: Buffer.from("m"), MacAlgorithm: "HMAC_SHA_256" as const };
    const { Mac } = await kms.send(new GenerateMacCommand(input));
    expect((await kms.send(new VerifyMacCommand({ ...input, Mac }))).MacValid).toBe(true);
    const forged = new VerifyMacCommand({ ...input, Message: Buffer.from("n"), Mac });
    expect(await nameOf(kms.send(forged))).toBe("KMSInvalidMacException");
  });

  it("report failed event entries one by one", async () => {
    const bridge = new EventBridgeClient(settings(cloud));
    const entry = { EventBusName: cloud.outputs.BusName, Source: "other", DetailType: "t", Detail: "{}" };
    const Entries = [entry, { ...entry, Detail: "no json" }, { ...entry, Source: "" }];
    const answer = await bridge.send(new PutEventsCommand({ Entries }));
    expect(answer.FailedEntryCount).toBe(2);
    expect(answer.Entries?.map(({ ErrorCode }) => ErrorCode)).toEqual([
      undefined,
      "MalformedDetail",
      "InvalidArgument",
    ]);
    const eleven = new PutEventsCommand({ Entries: Array.from({ length: 11 }, () => entry) });
    expect(await nameOf(bridge.send(eleven))).toBe("ValidationException");
  });

  it("carry a row through stream, function, bus and Firehose into the audit folder", async () => {
    await worker({ act: "transact", item: { id: { S: "audited" } } });
    await cloud.flushAudit();
    expect(auditRecords(cloud)).toContainEqual({ id: "audited" });
  });

  it("take a batch of records directly", async () => {
    const firehose = new FirehoseClient(settings(cloud));
    const Records = [1, 2].map((direct) => ({ Data: Buffer.from(JSON.stringify({ direct })) }));
    const batch = new PutRecordBatchCommand({ DeliveryStreamName: cloud.outputs.DeliveryName, Records });
    expect((await firehose.send(batch)).FailedPutCount).toBe(0);
    await cloud.flushAudit();
    expect(auditRecords(cloud)).toEqual(expect.arrayContaining([{ direct: 1 }, { direct: 2 }]));
  });

  describe("SQS", () => {
    const send = (QueueUrl: string | undefined, MessageBody: string, more = {}) =>
      new SQSClient(settings(cloud)).send(new SendMessageCommand({ QueueUrl, MessageBody, ...more }));

    it("takes a message whole by the queue's URL, and the client's checksum holds", async () => {
      const text = JSON.stringify({ text: "größer\n" });
      expect((await send(cloud.outputs.KeptUrl, text)).MessageId).toEqual(expect.any(String));
      expect(cloud.queueMessages("Kept")).toContain(text);
    });

    it("refuses what SQS refuses: no such queue, characters outside XML, more than 1 MiB", async () => {
      const url = cloud.outputs.KeptUrl;
      expect(await nameOf(send(`${url}x`, "m"))).toBe("QueueDoesNotExist");
      expect(await nameOf(send(url, "\u0000"))).toBe("InvalidMessageContents");
      expect(await nameOf(send(url, "\uFFFF"))).toBe("InvalidMessageContents");
      expect(await nameOf(send(url, "x".repeat(1_048_577)))).toBe("InvalidParameterValue");
      expect((await send(url, "x".repeat(1_048_576))).MessageId).toEqual(expect.any(String));
    });

    it("refuses the operator where the queue's own policy denies him", async () => {
      expect(await nameOf(send(cloud.outputs.GuardedUrl, "forged"))).toBe("AccessDeniedException");
      expect(cloud.queueMessages("Guarded")).toEqual([]);
    });
  });

  it("run schedules when told to", async () => {
    await cloud.fireSchedules();
    await expect.poll(() => cloud.logs("tick")).toContain("ticked Scheduled Event");
  });
});

describe("workload documents", () => {
  const functionArn = "arn:aws:lambda:eu-west-1:111122223333:function:planner";
  const roleArn = "arn:aws:iam::111122223333:role/agents/planner";
  const sts = () => {
    const credentials = cloud.addWorkload({ name: "planner", roleArn, functionArn, tags: { agent: "planner" } });
    return new STSClient(settings(cloud, credentials));
  };

  it.each(["ES384", "RS256"] as const)(
    "verify by %s through the issuer's JWKS and say who asked",
    async (SigningAlgorithm) => {
      const Tags = [{ Key: "lanyard-challenge", Value: "c1" }];
      const command = new GetWebIdentityTokenCommand({
        Audience: [cloud.issuer],
        SigningAlgorithm,
        DurationSeconds: 60,
        Tags,
      });
      const { WebIdentityToken = "", Expiration } = await sts().send(command);
      const discovery = (await (await fetch(`${cloud.stsIssuer}/.well-known/openid-configuration`)).json()) as {
        issuer: string;
        jwks_uri: string;
      };
      expect(discovery.issuer).toBe(cloud.stsIssuer);
      const keys = createRemoteJWKSet(new URL(discovery.jwks_uri));
      const { payload, protectedHeader } = await jwtVerify(WebIdentityToken, keys, {
        issuer: cloud.stsIssuer,
        audience: cloud.issuer,
      });
      expect(protectedHeader).toEqual({
        alg: SigningAlgorithm,
        kid: SigningAlgorithm === "ES384" ? "EC384_0" : "RSA_0",
        typ: "JWT",
      });
      expect(payload).toMatchObject({
        sub: roleArn,
        aud: cloud.issuer,
        "https://sts.amazonaws.com/": {
          aws_account: "111122223333",
          source_region: "eu-west-1",
          principal_id: roleArn,
          principal_tags: { agent: "planner" },
          lambda_source_function_arn: functionArn,
          request_tags: { "lanyard-challenge": "c1" },
          original_session_exp: expect.stringMatching(/Z$/),
        },
      });
      expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(60);
      expect(Expiration?.getTime()).toBe((payload.exp ?? 0) * 1000);
      expect(payload.jti).toEqual(expect.any(String));
    },
  );

  it("carry several audiences as a list", async () => {
    const command = new GetWebIdentityTokenCommand({ Audience: ["a", "b"], SigningAlgorithm: "ES384" });
    const { WebIdentityToken = "" } = await sts().send(command);
    const claims = JSON.parse(Buffer.from(WebIdentityToken.split(".")[1] ?? "", "base64url").toString());
    expect(claims.aud).toEqual(["a", "b"]);
  });

  it("are refused for no audience, another algorithm or a life that is too short", async () => {
    const ask = (input: object) =>
      nameOf(sts().send(new GetWebIdentityTokenCommand({ Audience: ["a"], SigningAlgorithm: "ES384", ...input })));
    expect(await ask({ Audience: [] })).toMatch(/ValidationError/);
    expect(await ask({ SigningAlgorithm: "ES256" })).toMatch(/ValidationError/);
    expect(await ask({ DurationSeconds: 59 })).toMatch(/ValidationError/);
    expect(await ask({ DurationSeconds: 3601 })).toMatch(/ValidationError/);
  });

  it("are refused for a role that may not ask, in STS's own form", async () => {
    const command = new GetWebIdentityTokenCommand({ Audience: ["a"], SigningAlgorithm: "ES384" });
    const body = "Action=GetWebIdentityToken&Version=2011-06-15&Audience.member.1=a&SigningAlgorithm=ES384";
    const unsigned = await fetch(cloud.aws.endpoint, {
      method: "POST",
      body,
      headers: { authorization: "AWS4-HMAC-SHA256 Credential=A/20261124/eu-west-1/sts/aws4_request" },
    });
    expect(unsigned.status).toBe(403);
    expect(await unsigned.text()).toContain("<ErrorResponse");
    expect(
      await nameOf(
        new STSClient({ ...settings(cloud), credentials: { ...cloud.operator, secretAccessKey: "x" } }).send(command),
      ),
    ).toBe("SignatureDoesNotMatch");
  });

  it("tell the caller's assumed role without its path", async () => {
    const identity = await sts().send(new GetCallerIdentityCommand({}));
    expect(identity).toMatchObject({
      Account: "111122223333",
      Arn: "arn:aws:sts::111122223333:assumed-role/planner/planner",
    });
    expect(identity.UserId).toMatch(/^AROA[A-Z2-7]{17}:planner$/);
  });
});

describe("function URLs", () => {
  const post = (body: string | Uint8Array, type: string, path = "/") =>
    fetch(`${cloud.issuer}${path}`, { method: "POST", body, headers: { "content-type": type } });
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
      requestContext: { domainName: new URL(cloud.issuer).host, http: { method: "POST", path: "/x%20y" } },
    });
    expect(event.requestContext).not.toHaveProperty("authorizer");
  });

  it("split cookies out and overwrite forwarding headers that a client invents", async () => {
    const headers = { cookie: "a=1; b=2", "x-forwarded-for": "10.0.0.1", "x-forwarded-proto": "https" };
    const event = await echoed(await fetch(cloud.issuer, { headers }));
    expect(event.cookies).toEqual(["a=1", "b=2"]);
    expect(event.headers).not.toHaveProperty("cookie");
    expect(event.headers).toMatchObject({ "x-forwarded-for": "127.0.0.1", "x-forwarded-proto": "http" });
  });

  it("join a header that comes twice, so that the second value cannot hide", async () => {
    const event = await new Promise<string>((resolve, reject) => {
      const { hostname, port, host } = new URL(cloud.issuer);
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
        [cloud.issuer, cloud.aws.endpoint, cloud.stsIssuer].map(
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
      const { hostname, port, host } = new URL(cloud.urls.admin);
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
      return fetch(`${cloud.urls.admin}/revoke`, { method: "POST", headers: signed.headers, body: sentBody });
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
          userArn: "arn:aws:sts::111122223333:assumed-role/lanyard-local-operator/operator",
          userId: expect.stringMatching(/^AROA[A-Z2-7]{17}:operator$/),
        },
      });
    });

    it("threat 18: refuse the unsigned, the wrongly signed, the changed and those without permission", async () => {
      const nobody = cloud.addWorkload({ name: "nobody", roleArn: "arn:aws:iam::111122223333:role/nobody" });
      const statuses = await Promise.all([
        fetch(`${cloud.urls.admin}/revoke`, { method: "POST", body: "{}" }),
        send({ ...cloud.operator, secretAccessKey: "guessed" }),
        send(cloud.operator, { service: "sts" }),
        send(cloud.operator, { sentBody: '{"act":"count"}' }),
        send(nobody),
      ]);
      expect(statuses.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403]);
    });
  });
});

describe("faults", () => {
  it("throttle, fail and cancel as often as told, then end", async () => {
    const dynamo = new DynamoDBClient(settings(cloud));
    const put = () =>
      nameOf(dynamo.send(new PutItemCommand({ TableName: cloud.outputs.RowsName, Item: { id: { S: "f" } } })));
    cloud.faults.inject({ kind: "throttle", service: "dynamodb", operation: "PutItem", times: 1 });
    expect([await put(), await put()]).toEqual(["ProvisionedThroughputExceededException", "ok"]);
    cloud.faults.inject({ kind: "serverError", service: "dynamodb", times: 1 });
    expect([await put(), await put()]).toEqual(["InternalServerError", "ok"]);
    cloud.faults.inject({ kind: "conflict", times: 1 });
    const TransactItems = [{ Put: { TableName: cloud.outputs.RowsName, Item: { id: { S: "g" } } } }];
    const cancelled = await dynamo.send(new TransactWriteItemsCommand({ TransactItems })).catch((thrown) => thrown);
    expect(cancelled.CancellationReasons).toEqual([{ Code: "TransactionConflict" }]);
  });

  it("hold calls for as long as told and only until switched off", async () => {
    const ssm = new SSMClient(settings(cloud));
    const millis = async () => {
      const startedAt = performance.now();
      await ssm.send(new GetParameterCommand({ Name: "/fixture/urls" }));
      return performance.now() - startedAt;
    };
    const off = cloud.faults.inject({ kind: "latency", service: "ssm", latencyMillis: 300 });
    expect(await millis()).toBeGreaterThan(290);
    off();
    // one that still held would keep the call for as long as this test may take
    cloud.faults.inject({ kind: "latency", service: "ssm", latencyMillis: 3_600_000 })();
    await millis();
  });

  it("keep events for Firehose while it is down, and drop none when it is back", async () => {
    cloud.faults.inject({ kind: "down", service: "firehose", times: 1 });
    await worker({ act: "transact", item: { id: { S: "late" } } });
    await cloud.flushAudit();
    expect(auditRecords(cloud)).toContainEqual({ id: "late" });
  });

  it("send to the dead-letter queue what Firehose refuses for too long", async () => {
    cloud.faults.inject({ kind: "down", service: "firehose" });
    await worker({ act: "transact", item: { id: { S: "undelivered" } } });
    await expect.poll(() => cloud.queueMessages("Dead")).toContain('{"id":"undelivered"}');
  });

  it("kill a sandbox in the middle of its work", async () => {
    const running = worker({ act: "hold", millis: 3_600_000 });
    running.catch(() => undefined);
    await expect.poll(() => cloud.sandboxes("worker").length).toBeGreaterThan(0);
    expect(cloud.faults.crash("worker")).toBe(true);
    await expect(running).rejects.toThrow(/ExitError/);
  });
});

describe("a state folder", () => {
  const key = { id: { S: "kept" } };

  it("brings back tables, keys and issuer at the next start", async () => {
    const directory = join(temporary("cloud-state-"), "state");
    const assembly = fixture();
    const first = await boot({ assembly, directory });
    const publicKeyOf = (running: RunningCloud) =>
      new KMSClient(settings(running)).send(new GetPublicKeyCommand({ KeyId: running.outputs.SigningArn }));
    const jwksOf = async (running: RunningCloud) => (await fetch(`${running.stsIssuer}/.well-known/jwks.json`)).json();
    await first.invoke("worker", { act: "transact", item: key });
    const before = {
      key: (await publicKeyOf(first)).PublicKey,
      jwks: await jwksOf(first),
      issuer: first.issuer,
      sts: first.stsIssuer,
    };
    await first.close();

    const second = await boot({ assembly, directory });
    expect(await second.invoke("worker", { act: "get", key })).toEqual(key);
    expect({
      key: (await publicKeyOf(second)).PublicKey,
      jwks: await jwksOf(second),
      issuer: second.issuer,
      sts: second.stsIssuer,
    }).toEqual(before);
    await second.flushAudit();
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
