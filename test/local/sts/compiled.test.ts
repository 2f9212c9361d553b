import {
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactGetItemsCommand,
} from "@aws-sdk/client-dynamodb";
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { beforeAll, describe, expect, test } from "vitest";
import { compileDocuments } from "../../../core/aws/compile.ts";
import type { AwsRoleRegistration } from "../../../core/model/aws-role.ts";
import type { Credentials } from "../../../local/emulator/iam/caller.ts";
import { declared } from "../../kit/registry.ts";
import { allow, assumed, cloud, home, outcome, role, scope, scoped, setUp, somebody, trusting } from "./ground.ts";

/** A session's credentials, under the policies that are compiled for it, by the real clients. */

setUp();

const type = {
  name: "customers",
  ...declared({ names: { type: "array", items: { type: "string" } } }, { names: "one_of" }),
};
let caller: Credentials;
let roleArn: string;
const table = () => cloud.outputs.RowsArn ?? "";
const settings = (by: Credentials) => ({
  endpoint: cloud.aws.endpoint,
  region: cloud.aws.region,
  credentials: by,
  maxAttempts: 1,
});

const registered = (): AwsRoleRegistration => ({
  kind: "aws-role",
  name: "files",
  arn: roleArn,
  agents: ["planner"],
  resource: "https://files.example",
  grants: [
    {
      scope: "files:read",
      service: "s3",
      actions: ["s3:GetObject", "s3:PutObject", "s3:ListBucket"],
      where: { bucket: "fixture-encrypted", prefix: "customers/" },
      details: [{ type: "customers", field: "names", as: "folder" }],
      kmsKeys: [cloud.outputs.DataKeyArn ?? ""],
    },
    {
      scope: "files:read",
      service: "dynamodb",
      actions: ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"],
      where: { table: table(), prefix: "C#" },
      details: [{ type: "customers", field: "names" }],
      kmsKeys: [cloud.outputs.DataKeyArn ?? ""],
    },
  ],
});

function documents(names: readonly string[]) {
  const details = [{ type: "customers", names }];
  const compiled = compileDocuments({
    role: registered(),
    scopes: ["files:read"],
    details,
    type: () => type,
    notAfterSeconds: Math.floor(Date.now() / 1_000) + 600,
  });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.error));
  return compiled.value;
}

/** What the agent gets: one document by AssumeRole, the others by GetScopedCredentials, the last of a minute. */
async function session(names: readonly string[]): Promise<Credentials> {
  const { first, scoped: more } = documents(names);
  let own = await assumed(caller, roleArn, { Policy: first, DurationSeconds: 900 });
  for (const Policy of more) own = await scoped(own, { Policy, DurationSeconds: 60 });
  return own;
}

beforeAll(async () => {
  caller = somebody([allow("sts:AssumeRole")]);
  roleArn = role([trusting(`arn:aws:iam::${home}:root`)]);
  const dynamo = new DynamoDBClient(settings(cloud.operator));
  const TableName = cloud.outputs.RowsName ?? "";
  for (const id of ["C#42", "C#43"]) await dynamo.send(new PutItemCommand({ TableName, Item: { id: { S: id } } }));
});

describe("a session's credentials in the embedded cloud", () => {
  test("reach what scope and details admit, encrypted as it is, and nothing beside", async () => {
    const own = await session(["42"]);
    const s3 = new S3Client({ ...settings(own), forcePathStyle: true });
    const Bucket = "fixture-encrypted";
    const put = (Key: string) => outcome(s3.send(new PutObjectCommand({ Bucket, Key, Body: "x" })));
    const get = (Key: string) => outcome(s3.send(new GetObjectCommand({ Bucket, Key })));
    const list = (Prefix?: string) =>
      outcome(s3.send(new ListObjectsV2Command({ Bucket, ...(Prefix === undefined ? {} : { Prefix }) })));
    expect([await put("customers/42/a"), await get("customers/42/a"), await list("customers/42/")]).toEqual([
      "ok",
      "ok",
      "ok",
    ]);
    for (const key of ["customers/43/a", "customers/42", "customers/420/a", "a"])
      expect([await put(key), await get(key)]).toEqual(["AccessDenied", "AccessDenied"]);
    for (const prefix of [undefined, "customers/", "customers/42", "customers/43/"])
      expect(await list(prefix)).toBe("AccessDenied");
    expect(await outcome(s3.send(new GetObjectCommand({ Bucket: "fixture-locked", Key: "customers/42/a" })))).toBe(
      "AccessDenied",
    );
  });

  test("reach the items of the partition keys that the details name", async () => {
    const dynamo = new DynamoDBClient(settings(await session(["42"])));
    const TableName = cloud.outputs.RowsName ?? "";
    const get = (id: string) => outcome(dynamo.send(new GetItemCommand({ TableName, Key: { id: { S: id } } })));
    const query = (IndexName?: string) =>
      outcome(
        dynamo.send(
          new QueryCommand({
            TableName,
            ...(IndexName === undefined ? {} : { IndexName }),
            KeyConditionExpression: `${IndexName === undefined ? "id" : "#owner"} = :id`,
            ...(IndexName === undefined ? {} : { ExpressionAttributeNames: { "#owner": "owner" } }),
            ExpressionAttributeValues: { ":id": { S: "C#42" } },
          }),
        ),
      );
    const refused = "AccessDeniedException";
    expect([await get("C#42"), await query()]).toEqual(["ok", "ok"]);
    expect([await get("C#43"), await get("42"), await query("byOwner")]).toEqual([refused, refused, refused]);
    expect(await outcome(dynamo.send(new ScanCommand({ TableName })))).toBe(refused);
    const TransactItems = [{ Get: { TableName, Key: { id: { S: "C#42" } } } }];
    expect(await outcome(dynamo.send(new TransactGetItemsCommand({ TransactItems })))).toBe(refused);
  });

  test("are narrowed by nobody further, so that no key of theirs is without a record", async () => {
    const own = await session(["42"]);
    expect(await outcome(scope(own, { DurationSeconds: 30 }))).toBe("AccessDenied");
  });
});
