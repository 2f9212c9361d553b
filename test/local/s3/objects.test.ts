import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { describe, expect, it } from "vitest";
import { cloud, setUp } from "../cloud/ground.ts";
import { locked, plain, refused, roleWith, s3 } from "./ground.ts";

setUp();

const put = (Key: string, Body: string, more = {}, Bucket = plain()) =>
  s3().send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const get = async (Key: string, more = {}, Bucket = plain()) => {
  const { Body, ...rest } = await s3().send(new GetObjectCommand({ Bucket, Key, ...more }));
  return { ...rest, text: (await Body?.transformToString()) ?? "" };
};

describe("an object", () => {
  it("comes back as it was put, and lies in the bucket's folder as a file", async () => {
    const Metadata = { who: "me" };
    const { ETag } = await put("a b/c+d=é.txt", "hello", { ContentType: "text/plain", Metadata });
    expect(ETag).toBe(`"${createHash("md5").update("hello").digest("hex")}"`);
    expect(await get("a b/c+d=é.txt")).toMatchObject({
      text: "hello",
      ETag,
      ContentType: "text/plain",
      ContentLength: 5,
      Metadata,
    });
    const file = join(cloud.bucketFolder(plain()), "a b/c+d=é.txt");
    expect(readFileSync(file, "utf8")).toBe("hello");
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("is answered in ranges", async () => {
    await put("digits", "0123456789");
    const of = async (Range: string) => (await get("digits", { Range })).text;
    expect([await of("bytes=2-4"), await of("bytes=8-"), await of("bytes=-3"), await of("bytes=5-99")]).toEqual([
      "234",
      "89",
      "789",
      "56789",
    ]);
    expect(await get("digits", { Range: "bytes=2-4" })).toMatchObject({ ContentRange: "bytes 2-4/10" });
    expect(await refused(get("digits", { Range: "bytes=10-" }))).toEqual(["InvalidRange", 416]);
  });

  it("may come in chunks, with its checksum behind them", async () => {
    const Body = Readable.from([Buffer.from("chunk"), Buffer.from("ed")]);
    await s3().send(new PutObjectCommand({ Bucket: plain(), Key: "stream", Body, ContentLength: 7 }));
    expect(await get("stream", { ChecksumMode: "ENABLED" })).toMatchObject({
      text: "chunked",
      ChecksumCRC32: expect.any(String),
    });
  });

  it("is refused where a checksum does not match", async () => {
    expect(
      await refused(put("wrong", "x", { ChecksumSHA256: createHash("sha256").update("y").digest("base64") })),
    ).toEqual(["BadDigest", 400]);
    expect(await refused(put("wrong", "x", { ContentMD5: createHash("md5").update("y").digest("base64") }))).toEqual([
      "BadDigest",
      400,
    ]);
    expect(await refused(get("wrong"))).toEqual(["NoSuchKey", 404]);
  });

  it("is read only if it has changed, when asked so", async () => {
    const { ETag } = await put("cached", "1");
    expect(await refused(get("cached", { IfNoneMatch: ETag }))).toEqual(["Unknown", 304]);
    expect(await refused(get("cached", { IfMatch: '"other"' }))).toEqual(["PreconditionFailed", 412]);
    expect((await get("cached", { IfMatch: ETag })).text).toBe("1");
  });

  it.each(["..", "../out", "a/../../out", "/lead", "a//b", "slash/", "x".repeat(300)])(
    "called %j is kept, and lies nowhere outside of its bucket's folder",
    async (key) => {
      const beside = () => readdirSync(join(cloud.bucketFolder(plain()), ".."));
      const before = beside();
      await put(key, "odd");
      expect(beside()).toEqual(before);
      expect((await get(key)).text).toBe("odd");
    },
  );

  it("may be called like the beginning of another's name", async () => {
    await put("clash/inner", "1");
    await put("clash", "2");
    expect([(await get("clash/inner")).text, (await get("clash")).text]).toEqual(["1", "2"]);
    await s3().send(new DeleteObjectCommand({ Bucket: plain(), Key: "clash" }));
    expect((await get("clash/inner")).text).toBe("1");
  });

  it("of a bucket that does not exist is refused, as is what this S3 does not play", async () => {
    expect(await refused(put("a", "1", {}, "nobodys"))).toEqual(["NoSuchBucket", 404]);
    expect(await refused(put("a", "1", { ACL: "public-read" }))).toEqual(["NotImplemented", 501]);
    expect(await refused(s3().send(new HeadBucketCommand({ Bucket: "nobodys" })))).toEqual(["NotFound", 404]);
  });
});

describe("a conditional put", () => {
  it("makes what is not there, once, whoever else tries at the same moment", async () => {
    const tries = Array.from({ length: 8 }, (_, n) => refused(put("claim", String(n), { IfNoneMatch: "*" })));
    const outcomes = await Promise.all(tries);
    expect(outcomes.filter((each) => each === "ok")).toHaveLength(1);
    expect(outcomes.filter((each) => each !== "ok")).toEqual(Array(7).fill(["PreconditionFailed", 412]));
  });

  it("changes only what it has read", async () => {
    const { ETag } = await put("counter", "1");
    expect(await refused(put("counter", "2", { IfMatch: ETag }))).toBe("ok");
    expect(await refused(put("counter", "3", { IfMatch: ETag }))).toEqual(["PreconditionFailed", 412]);
    expect(await refused(put("nothing", "1", { IfMatch: ETag }))).toEqual(["NoSuchKey", 404]);
    expect((await get("counter")).text).toBe("2");
  });
});

describe("an object with tags", () => {
  const tagging = async (Key: string) =>
    (await s3().send(new GetObjectTaggingCommand({ Bucket: plain(), Key }))).TagSet;

  it("keeps them, and says how many there are", async () => {
    await put("tagged", "1", { Tagging: "part=yes&of%20it=a%2Bb" });
    expect(await tagging("tagged")).toEqual([
      { Key: "part", Value: "yes" },
      { Key: "of it", Value: "a+b" },
    ]);
    expect((await get("tagged")).TagCount).toBe(2);
    await put("tagged", "2");
    expect(await tagging("tagged")).toEqual([]);
  });

  it.each([
    ["the same key twice", "a=1&a=2", "InvalidTag"],
    ["an empty key", "=1", "InvalidTag"],
    ["a value too long", `a=${"x".repeat(257)}`, "InvalidTag"],
    ["more than ten", Array.from({ length: 11 }, (_, n) => `k${n}=1`).join("&"), "BadRequest"],
  ])("is refused with %s", async (_, Tagging, code) => {
    expect(await refused(put("untagged", "1", { Tagging }))).toEqual([code, 400]);
  });
});

describe("EventBridge", () => {
  it("hears of each put into a bucket that tells it, with the version and the key as it is", async () => {
    const { VersionId, ETag } = await put("told/a b+c", "told", {}, locked);
    await put("untold/a", "x", {}, locked);
    await put("told/elsewhere", "x");
    const heard = () => cloud.queueMessages("Created").map((text) => JSON.parse(text) as Record<string, unknown>);
    await expect.poll(heard).toHaveLength(1);
    expect(heard()[0]).toMatchObject({
      source: "aws.s3",
      "detail-type": "Object Created",
      resources: [`arn:aws:s3:::${locked}`],
      detail: {
        bucket: { name: locked },
        object: { key: "told/a b+c", size: 4, etag: ETag?.replaceAll('"', ""), "version-id": VersionId },
        reason: "PutObject",
      },
    });
  });
});

describe("versions", () => {
  it("stay under their ids, below what came later, until each is deleted by its own", async () => {
    const first = await put("doc", "one", {}, locked);
    const second = await put("doc", "two", {}, locked);
    const { VersionId: marker, DeleteMarker } = await s3().send(
      new DeleteObjectCommand({ Bucket: locked, Key: "doc" }),
    );
    expect(DeleteMarker).toBe(true);
    expect(await refused(get("doc", {}, locked))).toEqual(["NoSuchKey", 404]);
    expect((await get("doc", { VersionId: first.VersionId }, locked)).text).toBe("one");
    expect(await refused(get("doc", { VersionId: marker }, locked))).toEqual(["MethodNotAllowed", 405]);
    const { Versions, DeleteMarkers } = await s3().send(
      new ListObjectVersionsCommand({ Bucket: locked, Prefix: "doc" }),
    );
    expect(Versions?.map(({ VersionId, IsLatest }) => [VersionId, IsLatest])).toEqual([
      [second.VersionId, false],
      [first.VersionId, false],
    ]);
    expect(DeleteMarkers).toMatchObject([{ VersionId: marker, IsLatest: true }]);
    await s3().send(new DeleteObjectCommand({ Bucket: locked, Key: "doc", VersionId: marker }));
    expect((await get("doc", {}, locked)).text).toBe("two");
    await s3().send(new DeleteObjectCommand({ Bucket: locked, Key: "doc", VersionId: second.VersionId }));
    expect((await get("doc", {}, locked)).text).toBe("one");
  });

  it("are none in a bucket without them: the last put stands, and a deletion ends it", async () => {
    const { VersionId } = await put("flat", "one");
    await put("flat", "two");
    expect(VersionId).toBeUndefined();
    await s3().send(new DeleteObjectCommand({ Bucket: plain(), Key: "flat" }));
    expect(await refused(get("flat"))).toEqual(["NoSuchKey", 404]);
    expect(await refused(s3().send(new DeleteObjectCommand({ Bucket: plain(), Key: "flat" })))).toBe("ok");
  });

  it("are told by HeadObject, which says of what is not there that it is not", async () => {
    const { VersionId } = await put("head", "four", {}, locked);
    const head = (Key: string, credentials = cloud.operator) =>
      s3(credentials).send(new HeadObjectCommand({ Bucket: locked, Key }));
    expect(await head("head")).toMatchObject({ VersionId, ContentLength: 4 });
    expect(await refused(head("none"))).toEqual(["NotFound", 404]);
    const reader = roleWith("blind", { Effect: "Allow", Action: "s3:GetObject", Resource: `arn:aws:s3:::${locked}/*` });
    expect(await refused(head("none", reader))).toEqual(["Unknown", 403]);
  });
});
