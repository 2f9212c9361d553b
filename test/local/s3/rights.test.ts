import {
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectRetentionCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  PutObjectRetentionCommand,
} from "@aws-sdk/client-s3";
import { describe, expect, it } from "vitest";
import type { Credentials } from "../../../local/emulator/iam/caller.ts";
import { openS3 } from "../../../local/emulator/s3/service.ts";
import { cloud, setUp, temporary } from "../cloud/ground.ts";
import { encrypted, locked, plain, refused, roleWith, s3 } from "./ground.ts";

setUp();

const put = (Bucket: string, Key: string, credentials?: Credentials, more = {}) =>
  s3(credentials).send(new PutObjectCommand({ Bucket, Key, Body: "x", ...more }));
const get = (Bucket: string, Key: string, credentials?: Credentials) =>
  s3(credentials).send(new GetObjectCommand({ Bucket, Key }));
const remove = (Key: string, more = {}, credentials?: Credentials) =>
  s3(credentials).send(new DeleteObjectCommand({ Bucket: locked, Key, ...more }));
const tomorrow = () => new Date(Date.now() + 86_400_000);
const denied = ["AccessDenied", 403];

describe("permissions", () => {
  it("hold a role to its prefix, in reading, writing and listing", async () => {
    const mine = `arn:aws:s3:::${plain()}`;
    const role = roleWith(
      "prefixed",
      { Effect: "Allow", Action: ["s3:GetObject", "s3:PutObject"], Resource: `${mine}/mine/*` },
      {
        Effect: "Allow",
        Action: "s3:ListBucket",
        Resource: mine,
        Condition: { StringLike: { "s3:prefix": "mine/*" } },
      },
    );
    const list = (input: object) => s3(role).send(new ListObjectsV2Command({ Bucket: plain(), ...input }));
    expect(await refused(put(plain(), "mine/a", role))).toBe("ok");
    expect(await refused(put(plain(), "yours/a", role))).toEqual(denied);
    expect(await refused(get(plain(), "mine/a", role))).toBe("ok");
    expect(await refused(get(plain(), "yours/a", role))).toEqual(denied);
    expect(await refused(list({ Prefix: "mine/" }))).toBe("ok");
    expect(await refused(list({ Prefix: "yours/" }))).toEqual(denied);
    expect(await refused(list({}))).toEqual(denied);
  });

  it("tell nobody who may not list that an object is missing", async () => {
    const role = roleWith("blind", { Effect: "Allow", Action: "s3:GetObject", Resource: `arn:aws:s3:::${plain()}/*` });
    expect(await refused(get(plain(), "missing", role))).toEqual(denied);
    expect(await refused(get(plain(), "missing"))).toEqual(["NoSuchKey", 404]);
  });

  it("come from the bucket's policy as well, and end where it denies", async () => {
    const reader = cloud.addWorkload({ name: "reader", roleArn: `arn:aws:iam::${cloud.account}:role/reader` });
    expect(await refused(put(locked, "open/a", reader))).toBe("ok");
    expect(await refused(put(locked, "closed/a", reader))).toEqual(denied);
    await put(locked, "kept/a");
    expect(await refused(remove("kept/a"))).toEqual(denied);
  });

  it("ask for the key of an encrypted object too, in the name of whoever reads or writes it", async () => {
    const bucket = `arn:aws:s3:::${encrypted}/*`;
    const objects = { Effect: "Allow", Action: ["s3:GetObject", "s3:PutObject"], Resource: bucket };
    const key = (Action: string, via: string) => ({
      Effect: "Allow",
      Action,
      Resource: cloud.outputs.DataKeyArn,
      Condition: { StringEquals: { "kms:ViaService": `${via}.eu-west-1.amazonaws.com` } },
    });
    const [without, writer, wrong] = [
      roleWith("without", objects),
      roleWith("writer", objects, key("kms:GenerateDataKey", "s3")),
      roleWith("wrong", objects, key("kms:*", "dynamodb")),
    ];
    expect(await refused(put(encrypted, "a", without))).toEqual(denied);
    expect(await refused(put(encrypted, "a", wrong))).toEqual(denied);
    expect(await put(encrypted, "a", writer)).toMatchObject({
      ServerSideEncryption: "aws:kms",
      SSEKMSKeyId: cloud.outputs.DataKeyArn,
    });
    expect(await refused(get(encrypted, "a", writer))).toEqual(denied);
    expect(await refused(get(encrypted, "a"))).toBe("ok");
  });

  it("ask for the right to tag of whoever tags, and for the right to read of whoever compares", async () => {
    const Resource = `arn:aws:s3:::${plain()}/*`;
    const writer = roleWith("only-writer", { Effect: "Allow", Action: "s3:PutObject", Resource });
    const tagger = roleWith("tagger", {
      Effect: "Allow",
      Action: ["s3:PutObject", "s3:PutObjectTagging"],
      Resource,
      Condition: { StringEqualsIfExists: { "s3:RequestObjectTag/part": "yes" } },
    });
    expect(await refused(put(plain(), "tag", writer, { Tagging: "part=yes" }))).toEqual(denied);
    expect(await refused(put(plain(), "tag", tagger, { Tagging: "part=yes" }))).toBe("ok");
    expect(await refused(put(plain(), "tag", tagger, { Tagging: "part=no" }))).toEqual(denied);
    expect(await refused(put(plain(), "tag", writer))).toBe("ok");
    const { ETag: IfMatch } = await put(plain(), "compared");
    expect(await refused(put(plain(), "compared", writer, { IfMatch }))).toEqual(denied);
    expect(await refused(put(plain(), "compared", writer, { IfNoneMatch: "*" }))).toEqual(["PreconditionFailed", 412]);
  });

  it("are asked only of a request that is signed", async () => {
    expect(await refused(get(plain(), "a", { ...cloud.operator, secretAccessKey: "guessed" }))).toEqual([
      "SignatureDoesNotMatch",
      403,
    ]);
    const stranger = { accessKeyId: "ASIASTRANGER", secretAccessKey: "x", sessionToken: "y" };
    expect(await refused(get(plain(), "a", stranger))).toEqual(["InvalidAccessKeyId", 403]);
  });
});

describe("threat 45: a retained version", () => {
  const retain = (
    Key: string,
    VersionId: string | undefined,
    Retention: object,
    more = {},
    credentials?: Credentials,
  ) => s3(credentials).send(new PutObjectRetentionCommand({ Bucket: locked, Key, VersionId, Retention, ...more }));

  it("in compliance mode is deleted, shortened and weakened by nobody", async () => {
    const { VersionId } = await put(locked, "compliant");
    const until = { Mode: "COMPLIANCE", RetainUntilDate: tomorrow() } as const;
    await retain("compliant", VersionId, until);
    const { Retention } = await s3().send(
      new GetObjectRetentionCommand({ Bucket: locked, Key: "compliant", VersionId }),
    );
    expect(Retention).toEqual(until);
    const bypass = { BypassGovernanceRetention: true };
    expect(await refused(remove("compliant", { VersionId, ...bypass }))).toEqual(denied);
    const sooner = new Date(until.RetainUntilDate.getTime() - 60_000);
    expect(await refused(retain("compliant", VersionId, { ...until, RetainUntilDate: sooner }, bypass))).toEqual(
      denied,
    );
    expect(await refused(retain("compliant", VersionId, { ...until, Mode: "GOVERNANCE" }, bypass))).toEqual(denied);
    const later = new Date(until.RetainUntilDate.getTime() + 60_000);
    expect(await refused(retain("compliant", VersionId, { ...until, RetainUntilDate: later }))).toBe("ok");
    // what covers it is no version of it
    expect(await refused(remove("compliant"))).toBe("ok");
  });

  it("in governance mode gives way to who may bypass it, and says so", async () => {
    const { VersionId } = await put(locked, "governed", undefined, {
      ObjectLockMode: "GOVERNANCE",
      ObjectLockRetainUntilDate: tomorrow(),
    });
    const mayDelete = roleWith("deleter", {
      Effect: "Allow",
      Action: ["s3:DeleteObject", "s3:DeleteObjectVersion"],
      Resource: `arn:aws:s3:::${locked}/*`,
    });
    expect(await refused(remove("governed", { VersionId }))).toEqual(denied);
    const bypass = { VersionId, BypassGovernanceRetention: true };
    expect(await refused(remove("governed", bypass, mayDelete))).toEqual(denied);
    expect(await refused(remove("governed", bypass))).toBe("ok");
  });

  it("needs a bucket with Object Lock, a moment to come, and has none until it is given", async () => {
    const retention = { Mode: "GOVERNANCE", RetainUntilDate: tomorrow() } as const;
    await put(plain(), "plain");
    const onPlain = new PutObjectRetentionCommand({ Bucket: plain(), Key: "plain", Retention: retention });
    expect(await refused(s3().send(onPlain))).toEqual(["InvalidRequest", 400]);
    const { VersionId } = await put(locked, "free");
    const past = { ...retention, RetainUntilDate: new Date(Date.now() - 1000) };
    expect(await refused(retain("free", VersionId, past))).toEqual(["InvalidArgument", 400]);
    const none = new GetObjectRetentionCommand({ Bucket: locked, Key: "free" });
    expect(await refused(s3().send(none))).toEqual(["NoSuchObjectLockConfiguration", 404]);
  });
});

describe("a bucket's folder", () => {
  const settings = { name: "kept", arn: "arn:aws:s3:::kept", isVersioned: true, hasLock: true, hasBucketKey: false };
  const open = (folder: string) => {
    const place = { account: "111122223333", region: "eu-west-1", folder: `${folder}/buckets` };
    return openS3([settings], place).bucket("kept").objects;
  };

  it("holds its versions and their retention over a restart", () => {
    const folder = temporary("s3-");
    const first = open(folder);
    first.put({ key: "a", bytes: Buffer.from("1"), headers: {} });
    const second = first.put({ key: "a", bytes: Buffer.from("2"), headers: {} });
    first.retain(second, { mode: "COMPLIANCE", untilMillis: 5 });
    first.mark("b");
    const again = open(folder);
    expect(again.versions("a").map((version) => again.bytes(version).toString())).toEqual(["2", "1"]);
    expect(again.current("a")).toMatchObject({ id: second.id, retention: { mode: "COMPLIANCE", untilMillis: 5 } });
    expect(again.keys()).toEqual(["a", "b"]);
    expect(again.current("b")).toBeUndefined();
  });

  it("gives the files that lie in it already to S3 as objects", async () => {
    const folder = temporary("s3-");
    const { mkdirSync, writeFileSync } = await import("node:fs");
    mkdirSync(`${folder}/buckets/kept/audit`, { recursive: true });
    writeFileSync(`${folder}/buckets/kept/audit/old.gz`, "old");
    const objects = open(folder);
    const found = objects.current("audit/old.gz");
    expect(found && objects.bytes(found).toString()).toBe("old");
  });
});
