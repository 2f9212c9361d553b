import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type DeliveryStream, objectPrefix, openFirehose } from "../../local/emulator/firehose/service.ts";

const nowMillis = Date.parse("2026-11-24T01:02:03Z");
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "firehose-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const stream = (more: Partial<DeliveryStream> = {}): DeliveryStream => ({
  name: "audit",
  arn: "arn:aws:firehose:eu-west-1:111122223333:deliverystream/audit",
  folder: join(folder, "bucket"),
  prefix: "audit/dt=!{timestamp:yyyy-MM-dd}/",
  bufferSeconds: 300,
  bufferBytes: 1000,
  gzip: true,
  delimiter: "\n",
  ...more,
});
const open = (more: Partial<DeliveryStream> = {}) =>
  openFirehose([stream(more)], join(folder, "spool"), () => nowMillis);
const objects = () => {
  const bucket = join(folder, "bucket");
  const names = readdirSync(bucket, { recursive: true, encoding: "utf8" });
  return names.map((name) => join(bucket, name)).filter((name) => statSync(name).isFile());
};

describe("delivery", () => {
  it("writes one gzipped object of delimited records under the day of arrival", () => {
    const firehose = open();
    for (const record of ['{"a":1}', '{"a":2}']) firehose.put(stream().arn, Buffer.from(record));
    firehose.flush();
    const [file = "", ...more] = objects();
    expect(more).toEqual([]);
    expect(file).toMatch(/bucket\/audit\/dt=2026-11-24\/audit-1-2026-11-24-01-02-03-[0-9a-f-]{36}\.gz$/);
    expect(gunzipSync(readFileSync(file)).toString()).toBe('{"a":1}\n{"a":2}\n');
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it("adds no delimiter that the template does not ask for", () => {
    const firehose = open({ delimiter: "", gzip: false });
    for (const record of ["a", "b"]) firehose.put(stream().arn, Buffer.from(record));
    firehose.close();
    expect(objects().map((file) => readFileSync(file, "utf8"))).toEqual(["ab"]);
  });

  it("writes as soon as the buffer is full", () => {
    open().put(stream().arn, Buffer.alloc(1000, "x"));
    expect(objects()).toHaveLength(1);
  });

  it("writes when the buffer's time is over", async () => {
    open({ bufferSeconds: 0 }).put(stream().arn, Buffer.from("x"));
    await expect.poll(objects).toHaveLength(1);
  });

  it("keeps acknowledged records over a crash", () => {
    open().put(stream().arn, Buffer.from("kept"));
    // The first one is never closed, as when the process is killed.
    open().flush();
    expect(objects().map((file) => gunzipSync(readFileSync(file)).toString())).toEqual(["kept\n"]);
    open().flush();
    expect(objects()).toHaveLength(1);
  });

  it("refuses a record over 1000 KiB and a stream that does not exist", () => {
    const firehose = open();
    expect(() => firehose.put(stream().arn, Buffer.alloc(1_024_001))).toThrow(/1000 KiB/);
    expect(() => firehose.put("arn:aws:firehose:::deliverystream/other", Buffer.from("x"))).toThrow(/other/);
  });
});

describe("prefix expressions", () => {
  it.each([
    ["a/!{timestamp:yyyy/MM/dd/HH}/", "a/2026/11/24/01/"],
    ["a/!{timestamp:'year='yyyy}/", "a/year=2026/"],
    ["a/", "a/2026/11/24/01/"],
  ])("evaluate %s", (prefix, expected) => {
    expect(objectPrefix(prefix, nowMillis)).toBe(expected);
  });

  it.each(["!{firehose:random-string}", "!{partitionKeyFromQuery:x}", "!{timestamp:EEE}"])("refuse %s", (prefix) => {
    expect(() => objectPrefix(prefix, nowMillis)).toThrow(/not known/);
  });
});
