import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { S3Client } from "@aws-sdk/client-s3";
import { expect, onTestFinished, test } from "vitest";
import { type AuditStore, bucketStore, folderStore } from "../../../bin/lanyard/audit/log/store.ts";
import { trailOf } from "../../../bin/lanyard/audit/log/trail.ts";
import { verifyTrail } from "../../../core/tlog/trail/verify-trail.ts";
import { writeTrail } from "../../kit/memory/log-folder.ts";
import { begunAtMillis, memoryTrail } from "../../kit/memory/trail.ts";
import { serve } from "../../kit/serve.ts";

const hour = 3_600_000;

async function gathered<T>(all: AsyncIterable<T>): Promise<readonly T[]> {
  const found = [];
  for await (const each of all) found.push(each);
  return found;
}

/** A bucket over S3's own protocol, of the objects in a folder. */
async function bucketOf(folder: AuditStore) {
  const asked: string[] = [];
  const { origin } = await serve(async ({ path, query }) => {
    asked.push(`${path}?${query.get("prefix") ?? ""}`);
    if (query.get("list-type") !== "2") {
      const body = await folder.read(decodeURIComponent(path).replace("/audit-bucket/", ""));
      return body ? { body } : { status: 404, body: "<Error><Code>NoSuchKey</Code></Error>" };
    }
    const all = [];
    for await (const { name, writtenAtMillis } of folder.list(query.get("prefix") ?? ""))
      all.push(
        `<Contents><Key>${name}</Key><LastModified>${new Date(writtenAtMillis).toISOString()}</LastModified></Contents>`,
      );
    const from = Number(query.get("continuation-token") ?? 0);
    const more = from + 2 < all.length;
    const next = more ? `<NextContinuationToken>${from + 2}</NextContinuationToken>` : "";
    return {
      body: `<?xml version="1.0"?><ListBucketResult><IsTruncated>${more}</IsTruncated>${all.slice(from, from + 2).join("")}${next}</ListBucketResult>`,
    };
  });
  const credentials = { accessKeyId: "AKIALOCAL", secretAccessKey: "local" };
  const s3 = new S3Client({ endpoint: origin, region: "eu-west-1", forcePathStyle: true, credentials });
  onTestFinished(() => s3.destroy());
  return { store: bucketStore(s3, "audit-bucket"), asked };
}

async function written() {
  const trail = await memoryTrail([2, 300, 5, 40]);
  const path = await mkdtemp(join(tmpdir(), "lanyard-store-"));
  onTestFinished(() => rm(path, { recursive: true, force: true }));
  await writeTrail(path, trail);
  return { trail, folder: folderStore(path) };
}

test("a bucket and its copy are verified alike, page by page and day by day", async () => {
  const { trail, folder } = await written();
  const { store, asked } = await bucketOf(folder);
  const whole = await verifyTrail(trailOf(store), trail.question);
  expect(whole).toMatchObject({ findings: [], checked: { entries: 347, records: 347, checkpoints: 4 } });
  expect(await verifyTrail(trailOf(folder), trail.question)).toEqual(whole);
  asked.length = 0;
  const window = { ...trail.question, fromMillis: begunAtMillis - hour, toMillis: begunAtMillis + hour };
  expect(await verifyTrail(trailOf(store), window)).toEqual(whole);
  const listed = asked.filter((each) => each.includes("?audit/"));
  expect(listed).toContain("/audit-bucket/?audit/dt=2026-11-30/");
  expect(listed).not.toContain("/audit-bucket/?audit/");
});

test("what is not there is no failure, and every other refusal of the store is one", async () => {
  const { folder } = await written();
  const { store } = await bucketOf(folder);
  for (const each of [store, folder]) {
    expect(await each.read("log/tile/0/999")).toBeUndefined();
    expect(await gathered(each.list("nowhere/"))).toEqual([]);
  }
  const { origin } = await serve(() => ({ status: 403, body: "<Error><Code>AccessDenied</Code></Error>" }));
  const credentials = { accessKeyId: "AKIALOCAL", secretAccessKey: "local" };
  const s3 = new S3Client({ endpoint: origin, region: "eu-west-1", forcePathStyle: true, credentials });
  onTestFinished(() => s3.destroy());
  await expect(bucketStore(s3, "audit-bucket").read("log/checkpoint")).rejects.toThrow();
});

test("lines end at newlines alone, packed or not", async () => {
  const at = begunAtMillis;
  const objects = new Map([
    ["audit/dt=2026-11-30/a", Buffer.from("one\u2028still one\ntwo\n")],
    ["audit/dt=2026-11-30/b.gz", gzipSync("three\n\nfour")],
  ]);
  const store: AuditStore = {
    isLive: false,
    read: async (name) => objects.get(name),
    async *list(below) {
      for (const name of objects.keys()) if (name.startsWith(below)) yield { name, writtenAtMillis: at };
    },
  };
  const lines = await gathered(trailOf(store).lines(at - hour, at + hour));
  expect(lines).toEqual([
    { text: "one\u2028still one", where: "audit/dt=2026-11-30/a:1", writtenAtMillis: at },
    { text: "two", where: "audit/dt=2026-11-30/a:2", writtenAtMillis: at },
    { text: "three", where: "audit/dt=2026-11-30/b.gz:1", writtenAtMillis: at },
    { text: "four", where: "audit/dt=2026-11-30/b.gz:3", writtenAtMillis: at },
  ]);
  expect(await gathered(trailOf(store).lines(at + 1, at + hour))).toEqual([]);
  expect(await gathered(trailOf(store).lines(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY))).toHaveLength(4);
});
