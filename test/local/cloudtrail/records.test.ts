import { createHash } from "node:crypto";
import {
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
} from "@aws-sdk/client-dynamodb";
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { FirehoseClient, PutRecordCommand } from "@aws-sdk/client-firehose";
import { GenerateMacCommand, KMSClient, SignCommand } from "@aws-sdk/client-kms";
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { GetParameterCommand, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { describe, expect, it } from "vitest";
import { cloud, recordOf, settings, setUp, trail } from "./ground.ts";

setUp();

const dynamo = () => new DynamoDBClient(settings());
const rows = () => cloud.outputs.RowsName ?? "";

describe("a record of DynamoDB", () => {
  it("holds keys, and of everything else the names alone", async () => {
    const Item = { id: { S: "order-1" }, owner: { S: "value-of-an-attribute" }, amount: { N: "7" } };
    const record = await recordOf(dynamo().send(new PutItemCommand({ TableName: rows(), Item })));
    expect(record).toMatchObject({
      eventSource: "dynamodb.amazonaws.com",
      eventName: "PutItem",
      eventCategory: "Data",
      managementEvent: false,
      readOnly: false,
      apiVersion: "2012-08-10",
      awsRegion: "eu-west-1",
      recipientAccountId: cloud.account,
      requestParameters: { tableName: rows(), key: { id: "order-1" }, item: ["id", "owner", "amount"] },
      responseElements: null,
      resources: [{ accountId: cloud.account, type: "AWS::DynamoDB::Table", ARN: cloud.outputs.RowsArn }],
    });
  });

  it("holds a query's expressions without their values, and its table for its index", async () => {
    const record = await recordOf(
      dynamo().send(
        new QueryCommand({
          TableName: rows(),
          IndexName: "byOwner",
          KeyConditionExpression: "#o = :o",
          ExpressionAttributeNames: { "#o": "owner" },
          ExpressionAttributeValues: { ":o": { S: "value-of-a-query" } },
        }),
      ),
    );
    expect(record.requestParameters).toEqual({
      tableName: rows(),
      indexName: "byOwner",
      keyConditionExpression: "#o = :o",
      expressionAttributeNames: { "#o": "owner" },
    });
    expect(record).toMatchObject({ readOnly: true, resources: [{ ARN: cloud.outputs.RowsArn }] });
  });

  it("lists the parts of a transaction, and says why one was cancelled", async () => {
    const Put = { TableName: rows(), Item: { id: { S: "tx" } }, ConditionExpression: "attribute_not_exists(id)" };
    const again = () => dynamo().send(new TransactWriteItemsCommand({ TransactItems: [{ Put }] }));
    const requestItems = [
      {
        operation: "Put",
        tableName: rows(),
        key: { id: "tx" },
        items: ["id"],
        conditionExpression: "attribute_not_exists(id)",
      },
    ];
    const record = await recordOf(again());
    expect(record.requestParameters).toEqual({ requestItems });
    expect(record.errorCode).toBeUndefined();
    const cancelled = await recordOf(again());
    expect(cancelled).toMatchObject({
      errorCode: "TransactionCanceledException",
      errorMessage: expect.stringContaining("[ConditionalCheckFailed]"),
      requestParameters: { requestItems },
    });
  });
});

describe("a record of S3", () => {
  const s3 = () => new S3Client(settings());
  const Bucket = "fixture-encrypted";

  it("names the object and its bucket, and KMS's stands beside it under the same key", async () => {
    const { $metadata } = await s3().send(new PutObjectCommand({ Bucket, Key: "a/b", Body: "text-of-an-object" }));
    const all = trail();
    const record = all.find(({ requestID }) => requestID === $metadata.requestId);
    expect(record).toMatchObject({
      eventName: "PutObject",
      eventCategory: "Data",
      readOnly: false,
      requestParameters: { bucketName: Bucket, key: "a/b" },
      responseElements: { "x-amz-server-side-encryption": "aws:kms" },
      resources: [
        { type: "AWS::S3::Object", ARN: `arn:aws:s3:::${Bucket}/a/b` },
        { accountId: cloud.account, type: "AWS::S3::Bucket", ARN: `arn:aws:s3:::${Bucket}` },
      ],
    });
    const key = all.find(
      ({ eventName, eventSource }) => eventSource.startsWith("kms") && eventName === "GenerateDataKey",
    );
    expect(key).toMatchObject({
      sourceIPAddress: "s3.amazonaws.com",
      userIdentity: { invokedBy: "s3.amazonaws.com", accessKeyId: cloud.operator.accessKeyId },
      requestParameters: { encryptionContext: { "aws:s3:arn": `arn:aws:s3:::${Bucket}/a/b` } },
    });
  });

  it("of a listing holds what was asked, under the older operation's name", async () => {
    const record = await recordOf(s3().send(new ListObjectsV2Command({ Bucket, Prefix: "a/" })));
    expect(record).toMatchObject({
      eventName: "ListObjects",
      readOnly: true,
      requestParameters: { bucketName: Bucket, prefix: "a/", "list-type": "2" },
      responseElements: null,
      resources: [{ type: "AWS::S3::Object", ARNPrefix: `arn:aws:s3:::${Bucket}/a/` }, {}],
    });
  });

  it("of a refusal holds the error that the client saw", async () => {
    const record = await recordOf(s3().send(new GetObjectCommand({ Bucket, Key: "none" })));
    expect(record).toMatchObject({ errorCode: "NoSuchKey", errorMessage: expect.any(String), responseElements: null });
  });
});

describe("a record of KMS", () => {
  it("names key and algorithm of a signature, and whoever called by role, session and user agent", async () => {
    const reply = (await cloud.invoke("worker", { act: "sign", keyId: cloud.outputs.SigningArn })) as string;
    const record = trail().find(({ eventName }) => eventName === "Sign");
    expect(record).toMatchObject({
      eventSource: "kms.amazonaws.com",
      eventCategory: "Management",
      managementEvent: true,
      readOnly: true,
      requestParameters: {
        keyId: cloud.outputs.SigningArn,
        messageType: "DIGEST",
        signingAlgorithm: "ECDSA_SHA_256",
      },
      responseElements: null,
      resources: [{ accountId: cloud.account, type: "AWS::KMS::Key", ARN: cloud.outputs.SigningArn }],
      userIdentity: {
        type: "AssumedRole",
        arn: expect.stringMatching(/^arn:aws:sts::111122223333:assumed-role\/fixture-worker\//),
        sessionContext: {
          sessionIssuer: { type: "Role", arn: cloud.outputs.WorkerRoleArn, userName: "fixture-worker" },
          attributes: { mfaAuthenticated: "false", creationDate: expect.stringMatching(/^\d{4}-.*:\d\dZ$/) },
        },
        inScopeOf: { issuerType: "AWS::Lambda::Function", credentialsIssuedTo: cloud.outputs.WorkerArn },
      },
    });
    expect(record?.userAgent).toMatch(/aws-sdk-js/);
    expect(JSON.stringify(trail())).not.toContain(reply);
  });

  it("says that IAM refused in CloudTrail's own word", async () => {
    const command = new SignCommand({
      KeyId: cloud.outputs.SigningArn,
      Message: createHash("sha256").update("x").digest(),
      MessageType: "DIGEST",
      SigningAlgorithm: "ECDSA_SHA_256",
    });
    expect(await recordOf(new KMSClient(settings()).send(command))).toMatchObject({
      errorCode: "AccessDenied",
      errorMessage: expect.stringContaining("kms:Sign"),
      userIdentity: { accessKeyId: cloud.operator.accessKeyId },
    });
  });
});

describe("every call", () => {
  it("is in the trail once, under the request id that its client saw, by its own service and name", async () => {
    const by = settings();
    const calls: [Promise<{ $metadata: { requestId?: string } }>, string, string][] = [
      [dynamo().send(new GetItemCommand({ TableName: rows(), Key: { id: { S: "g" } } })), "dynamodb", "GetItem"],
      [new SSMClient(by).send(new GetParameterCommand({ Name: "/fixture/urls" })), "ssm", "GetParameter"],
      [
        new SQSClient(by).send(new SendMessageCommand({ QueueUrl: cloud.outputs.KeptUrl, MessageBody: "m" })),
        "sqs",
        "SendMessage",
      ],
      [
        new EventBridgeClient(by).send(
          new PutEventsCommand({ Entries: [{ Source: "s", DetailType: "d", Detail: "{}" }] }),
        ),
        "events",
        "PutEvents",
      ],
      [
        new FirehoseClient(by).send(
          new PutRecordCommand({ DeliveryStreamName: cloud.outputs.DeliveryName, Record: { Data: Buffer.from("{}") } }),
        ),
        "firehose",
        "PutRecord",
      ],
    ];
    for (const [work, service, name] of calls) {
      expect(await recordOf(work)).toMatchObject({
        eventSource: `${service}.amazonaws.com`,
        eventName: name,
        eventType: "AwsApiCall",
        sourceIPAddress: "127.0.0.1",
      });
    }
    const ids = trail().map(({ eventID }) => eventID);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("leaves no secret behind: neither bodies, nor values, nor what was signed", async () => {
    const by = settings();
    const secret = "a-secret-that-nobody-may-read";
    const put = new PutParameterCommand({ Name: "/own/secret", Value: secret, Type: "SecureString" });
    expect(await recordOf(new SSMClient(by).send(put))).toMatchObject({
      requestParameters: { value: "HIDDEN_DUE_TO_SECURITY_REASONS" },
    });
    await new SQSClient(by).send(new SendMessageCommand({ QueueUrl: cloud.outputs.KeptUrl, MessageBody: secret }));
    const macOf = { KeyId: cloud.outputs.MacArn, Message: Buffer.from(secret), MacAlgorithm: "HMAC_SHA_256" } as const;
    const { Mac = new Uint8Array() } = await new KMSClient(by).send(new GenerateMacCommand(macOf));
    await dynamo().send(new PutItemCommand({ TableName: rows(), Item: { id: { S: "s" }, owner: { S: secret } } }));
    const Entries = [{ Source: "s", DetailType: "d", Detail: JSON.stringify({ secret }) }];
    await new EventBridgeClient(by).send(new PutEventsCommand({ Entries }));
    const text = JSON.stringify(trail());
    for (const each of [secret, Buffer.from(secret).toString("base64"), Buffer.from(Mac).toString("base64")])
      expect(text).not.toContain(each);
    expect(text).not.toContain(cloud.operator.secretAccessKey);
  });
});

describe("what services do by themselves", () => {
  it("is told apart: a function's credentials by AWSService, a delivery as invoked by Firehose", async () => {
    const functions = trail().filter(({ userIdentity }) => userIdentity.invokedBy === "lambda.amazonaws.com");
    expect(functions).toContainEqual(
      expect.objectContaining({
        eventName: "AssumeRole",
        userIdentity: { type: "AWSService", invokedBy: "lambda.amazonaws.com" },
        requestParameters: expect.objectContaining({ roleArn: cloud.outputs.WorkerRoleArn }),
      }),
    );
    await cloud.invoke("worker", { act: "transact", item: { id: { S: "delivered" } } });
    await cloud.flush();
    const deliveries = trail().filter(
      ({ eventName, userIdentity }) => eventName === "PutObject" && userIdentity.invokedBy,
    );
    expect(deliveries.at(-1)).toMatchObject({
      sourceIPAddress: "firehose.amazonaws.com",
      userIdentity: { type: "AssumedRole", invokedBy: "firehose.amazonaws.com" },
      requestParameters: { bucketName: cloud.outputs.BucketName, key: expect.stringMatching(/^audit\/dt=/) },
    });
    const key = deliveries.at(-1)?.userIdentity.accessKeyId;
    const opened = trail().find(({ responseElements }) => responseElements?.credentials?.accessKeyId === key);
    expect(opened).toMatchObject({ eventName: "AssumeRole", userIdentity: { invokedBy: "firehose.amazonaws.com" } });
  });
});
