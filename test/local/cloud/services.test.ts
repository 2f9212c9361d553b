import { createHash } from "node:crypto";
import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { FirehoseClient, PutRecordBatchCommand, PutRecordCommand } from "@aws-sdk/client-firehose";
import { GenerateMacCommand, GetPublicKeyCommand, KMSClient, SignCommand, VerifyMacCommand } from "@aws-sdk/client-kms";
import { DeleteMessageCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { GetCallerIdentityCommand, GetWebIdentityTokenCommand, STSClient } from "@aws-sdk/client-sts";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import type { Credentials } from "../../../local/emulator/iam/caller.ts";
import { openUrl } from "../fixture/boot.ts";
import { auditRecords, cloud, nameOf, settings, setUp, worker } from "./ground.ts";

setUp();

const workerRole = () => cloud.outputs.WorkerRoleArn ?? "";

describe("permissions", () => {
  const item = (id: string) => ({ id: { S: id } });

  it("let a function do what its role may, with its own credentials", async () => {
    expect(await worker({ act: "transact", item: item("one") })).toBe("done");
    expect(await worker({ act: "get", key: item("one") })).toEqual(item("one"));
    // what hears of the write calls, too, and whenever it likes
    const last = cloud.calls().findLast(({ roleArn }) => roleArn === workerRole());
    expect(last).toMatchObject({ service: "dynamodb", operation: "GetItem", status: 200 });
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
    expect(JSON.parse(Parameter?.Value ?? "")).toEqual({ worker: `${openUrl(cloud)}/` });
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
    await cloud.flush();
    expect(auditRecords(cloud)).toContainEqual({ id: "audited" });
  });

  it("take a batch of records directly", async () => {
    const firehose = new FirehoseClient(settings(cloud));
    const Records = [1, 2].map((direct) => ({ Data: Buffer.from(JSON.stringify({ direct })) }));
    const batch = new PutRecordBatchCommand({ DeliveryStreamName: cloud.outputs.DeliveryName, Records });
    expect((await firehose.send(batch)).FailedPutCount).toBe(0);
    await cloud.flush();
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

    it("gives a message with its attributes to whoever receives it, and again to nobody once it is deleted", async () => {
      const QueueUrl = cloud.outputs.KeptUrl;
      const sqs = new SQSClient(settings(cloud));
      const offer = { DataType: "String", StringValue: "größer" };
      const MessageAttributes = { offer, other: { DataType: "String", StringValue: "x" } };
      const body = `with attributes ${Date.now()}`;
      const sent = await send(QueueUrl, body, { MessageAttributes });
      const take = async () => {
        const ask = { QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ["offer"] };
        const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(ask));
        return Messages.filter(({ Body }) => Body === body);
      };
      const [message] = await take();
      expect(message?.MessageAttributes).toEqual({ offer });
      // two attributes went, and the checksum of what comes is that of what was asked for
      expect(sent.MD5OfMessageAttributes).not.toBe(message?.MD5OfMessageAttributes);
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message?.ReceiptHandle }));
      expect(cloud.queueMessages("Kept")).not.toContain(body);
      expect(await nameOf(send(QueueUrl, "m", { DelaySeconds: 5 }))).toBe("UnsupportedOperation");
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
        Audience: [openUrl(cloud)],
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
        audience: openUrl(cloud),
      });
      expect(protectedHeader).toEqual({
        alg: SigningAlgorithm,
        kid: SigningAlgorithm === "ES384" ? "EC384_0" : "RSA_0",
        typ: "JWT",
      });
      expect(payload).toMatchObject({
        sub: roleArn,
        aud: openUrl(cloud),
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
