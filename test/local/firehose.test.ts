import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  type Delivered,
  type DeliveryStream,
  objectPrefix,
  openFirehose,
} from "../../local/emulator/firehose/service.ts";

const nowMillis = Date.parse("2026-11-24T01:02:03Z");
let folder: string;
let delivered: Delivered[] = [];
beforeEach(() => {
  delivered = [];
  folder = mkdtempSync(join(tmpdir(), "firehose-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const stream = (more: Partial<DeliveryStream> = {}): DeliveryStream => ({
  name: "audit",
  arn: "arn:aws:firehose:eu-west-1:111122223333:deliverystream/audit",
  bucketArn: "arn:aws:s3:::audit",
  roleArn: "arn:aws:iam::111122223333:role/deliverer",
  prefix: "audit/dt=!{timestamp:yyyy-MM-dd}/",
  bufferSeconds: 300,
  bufferBytes: 1000,
  gzip: true,
  delimiter: "\n",
  ...more,
});
const open = (more: Partial<DeliveryStream> = {}) =>
  openFirehose([stream(more)], {
    deliver: (_stream, object) => void delivered.push(object),
    spoolDirectory: join(folder, "spool"),
    nowMillis: () => nowMillis,
  });
const texts = () => delivered.map(({ bytes }) => gunzipSync(bytes).toString());

describe("delivery", () => {
  it("writes one gzipped object of delimited records under the day of arrival", () => {
    const firehose = open();
    for (const record of ['{"a":1}', '{"a":2}']) firehose.put(stream().arn, Buffer.from(record));
    firehose.flush();
    expect(delivered.map(({ key }) => key)).toEqual([
      expect.stringMatching(/^audit\/dt=2026-11-24\/audit-1-2026-11-24-01-02-03-[0-9a-f-]{36}\.gz$/),
    ]);
    expect(texts()).toEqual(['{"a":1}\n{"a":2}\n']);
  });

  it("adds no delimiter that the template does not ask for", () => {
    const firehose = open({ delimiter: "", gzip: false });
    for (const record of ["a", "b"]) firehose.put(stream().arn, Buffer.from(record));
    firehose.close();
    expect(delivered.map(({ bytes }) => bytes.toString())).toEqual(["ab"]);
  });

  it("writes as soon as the buffer is full", () => {
    open().put(stream().arn, Buffer.alloc(1000, "x"));
    expect(delivered).toHaveLength(1);
  });

  it("writes when the buffer's time is over", async () => {
    open({ bufferSeconds: 0 }).put(stream().arn, Buffer.from("x"));
    await expect.poll(() => delivered).toHaveLength(1);
  });

  it("keeps acknowledged records over a crash", () => {
    open().put(stream().arn, Buffer.from("kept"));
    // The first one is never closed, as when the process is killed.
    open().flush();
    expect(texts()).toEqual(["kept\n"]);
    open().flush();
    expect(delivered).toHaveLength(1);
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
