import { gzipSync } from "node:zlib";
import { S3Client } from "@aws-sdk/client-s3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type AuditSource, bucketSource, eventsSince, namedSource } from "../../../bin/lanyard/audit/source.ts";
import { runTail } from "../../../bin/lanyard/audit/tail.ts";
import type { Profile } from "../../../bin/lanyard/deployment/model.ts";
import { serve } from "../../kit/serve.ts";

const now = Date.parse("2026-11-24T10:00:00Z");
const event = (uid: string, time = now) =>
  JSON.stringify({ time, metadata: { uid }, unmapped: { lanyard: { operation: "attest" } } });

/** A bucket over S3's own protocol: ListObjectsV2 in pages of two, GetObject. */
let objects: Map<string, { readonly body: Buffer; readonly modified: string }>;
let asked: string[];
let s3: S3Client;
beforeEach(async () => {
  objects = new Map();
  asked = [];
  const { origin } = await serve(({ path, query }) => {
    asked.push(`${path}?${query.get("prefix") ?? ""}`);
    if (query.get("list-type") !== "2")
      return objects.get(decodeURIComponent(path).replace("/audit-bucket/", "")) ?? { status: 404 };
    const all = [...objects].filter(([key]) => key.startsWith(query.get("prefix") ?? "")).sort();
    const from = Number(query.get("continuation-token") ?? 0);
    const contents = all
      .slice(from, from + 2)
      .map(([key, { modified }]) => `<Contents><Key>${key}</Key><LastModified>${modified}</LastModified></Contents>`);
    const more = from + 2 < all.length;
    const next = more ? `<NextContinuationToken>${from + 2}</NextContinuationToken>` : "";
    return {
      body: `<?xml version="1.0"?><ListBucketResult><IsTruncated>${more}</IsTruncated>${contents.join("")}${next}</ListBucketResult>`,
    };
  });
  s3 = new S3Client({
    endpoint: origin,
    region: "eu-west-1",
    forcePathStyle: true,
    credentials: { accessKeyId: "AKIALOCAL", secretAccessKey: "local" },
  });
});
afterEach(() => s3.destroy());

const put = (key: string, modified: string, ...lines: readonly string[]) =>
  objects.set(key, {
    body: key.endsWith(".gz") ? gzipSync(lines.join("\n")) : Buffer.from(lines.join("\n")),
    modified,
  });
const all = async (sinceMillis: number, below = "audit/") => {
  const found = [];
  for await (const { metadata } of eventsSince(
    bucketSource({ s3, bucket: "audit-bucket", below }, () => now),
    sinceMillis,
  ))
    found.push(metadata.uid);
  return found;
};

describe("the bucket", () => {
  test("is read day by day, every page of a day, and nothing that was written before", async () => {
    put("audit/dt=2026-11-22/a.gz", "2026-11-22T23:59:00Z", event("old"));
    for (const n of [1, 2, 3, 4, 5]) put(`audit/dt=2026-11-24/${n}.gz`, "2026-11-24T09:30:00Z", event(`e${n}`));
    put("audit/dt=2026-11-23/z.gz", "2026-11-23T12:00:00Z", event("yesterday"));
    put("errors/dt=2026-11-24/x.gz", "2026-11-24T09:30:00Z", event("error"));
    expect(await all(now - 86_400_000)).toEqual(["yesterday", "e1", "e2", "e3", "e4", "e5"]);
    expect(asked.some((path) => path.includes("2026-11-22"))).toBe(false);
    expect(await all(now - 3_600_000)).toEqual(["e1", "e2", "e3", "e4", "e5"]);
  });

  test("another prefix is listed as it stands, and a plain object is read as one", async () => {
    put("copy/events.ndjson", "2026-11-24T09:00:00Z", event("one"), "no event", "[]", "null", event("two"));
    expect(await all(0, "copy/")).toEqual(["one", "two"]);
  });

  test("tail takes each object once while it follows, and new ones as they come", async () => {
    const fresh = () => Date.now();
    const stop = new AbortController();
    const lines: string[] = [];
    put(`audit/dt=${new Date().toISOString().slice(0, 10)}/1.gz`, new Date().toISOString(), event("a", fresh()));
    const terminal = {
      out: (line: string) => {
        lines.push(line);
        if (lines.length === 1)
          put(
            `audit/dt=${new Date().toISOString().slice(0, 10)}/2.gz`,
            new Date().toISOString(),
            event("a", fresh()),
            event("b", fresh()),
          );
        if (lines.length === 2) stop.abort();
      },
      err: () => undefined,
    };
    await runTail(
      { since: "10m", follow: true, json: true },
      bucketSource({ s3, bucket: "audit-bucket", below: "audit/" }),
      { profile: { trustDomain: "x" } as Profile, terminal, stop: stop.signal },
    );
    expect(lines.map((line) => JSON.parse(line).metadata.uid)).toEqual(["a", "b"]);
    expect(asked.filter((path) => path.includes("/1.gz")).length).toBe(1);
  });
});

describe("what the canary does every few minutes", () => {
  const told = async (options: { readonly canary?: boolean }): Promise<readonly string[]> => {
    const lines: string[] = [];
    const events = [undefined, true].map((canary) => ({
      time: Date.now(),
      metadata: { uid: canary ? "canary" : "other" },
      unmapped: { lanyard: { operation: "session.open", outcome: "allowed", canary } },
    }));
    const source: AuditSource = {
      objects: async () => [{ name: "one", writtenAtMillis: Date.now() }],
      async *events() {
        yield* events;
      },
    };
    const terminal = { out: (line: string) => void lines.push(line), err: () => undefined };
    const profile = { trustDomain: "x" } as Profile;
    await runTail({ since: "10m", json: true, ...options }, source, { profile, terminal });
    return lines.map((line) => JSON.parse(line).metadata.uid);
  };

  test("is left out of the tail, and shown to whoever asks for it", async () => {
    expect(await told({})).toEqual(["other"]);
    expect(await told({ canary: true })).toEqual(["other", "canary"]);
  });
});

test.each(["s3://", "s3:x", "s3://UPPER", "s3://a", "s3://-bucket/x"])("%j names no bucket", (text) => {
  expect(() => namedSource(text, "/", undefined)).toThrow(/names no bucket/);
});

test("the deployment's audit needs a deployment", () => {
  expect(() => namedSource("deployment", "/", undefined)).toThrow(/--outputs/);
});
