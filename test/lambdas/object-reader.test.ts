import { S3Client } from "@aws-sdk/client-s3";
import { afterEach, describe, expect, test } from "vitest";
import { createObjectReader } from "../../core/endpoints/object-reader.ts";
import { retaining } from "../../lambdas/aws/s3/retention.ts";

const event = (more: object = {}, object: object = {}) => ({
  version: "0",
  source: "aws.s3",
  "detail-type": "Object Created",
  time: "2026-12-01T10:00:00Z",
  detail: {
    bucket: { name: "audit" },
    object: { key: "errors/dt=2026-12-01/a b+c.gz", size: 3, "version-id": "v1", ...object },
  },
  ...more,
});

/** The real client, stopped before the network: what it would have sent. */
function recorder(status = 200) {
  const sent: { method: string; path: string; query: unknown; headers: Record<string, string>; body: string }[] = [];
  const s3 = new S3Client({
    region: "eu-west-1",
    credentials: { accessKeyId: "AKIALOCAL", secretAccessKey: "local" },
    maxAttempts: 1,
    requestHandler: {
      async handle(request: {
        method: string;
        path: string;
        query: unknown;
        headers: Record<string, string>;
        body: unknown;
      }) {
        sent.push({ ...request, body: String(request.body) });
        return { response: { statusCode: status, headers: {}, body: undefined } };
      },
    } as never,
  });
  return { s3, sent };
}
const open: S3Client[] = [];
afterEach(() => {
  for (const s3 of open.splice(0)) s3.destroy();
});

/** The reader of new objects, as far as it retains them: of what could not be delivered no line is read. */
const reader = (s3: S3Client, { mode, retentionDays }: { mode: "GOVERNANCE" | "COMPLIANCE"; retentionDays: number }) =>
  createObjectReader({
    bucket: "audit",
    retentionDays,
    retain: retaining(s3, "audit", mode),
    lines: () => expect.fail("a line was read"),
    trail: { known: () => expect.fail("asked"), seen: () => expect.fail("noted") },
    findings: { tell: () => expect.fail("told") },
  });

describe("threat 45: the reader of new objects", () => {
  test("retains the version that was written, until its days from the event are over, with a checksum", async () => {
    const { s3, sent } = recorder();
    open.push(s3);
    const read = reader(s3, { retentionDays: 2, mode: "COMPLIANCE" });
    await read(event());
    await read(event());
    expect(sent).toHaveLength(2);
    expect(sent[0]?.body).toBe(sent[1]?.body);
    const [{ method, path, query, headers, body } = {} as never] = sent;
    expect([method, path]).toEqual(["PUT", "/errors/dt%3D2026-12-01/a%20b%2Bc.gz"]);
    expect(query).toMatchObject({ retention: "", versionId: "v1" });
    expect(body).toContain("<Mode>COMPLIANCE</Mode>");
    expect(body).toContain("<RetainUntilDate>2026-12-03T10:00:00Z</RetainUntilDate>");
    // S3 refuses a retention that comes without one
    expect(Object.keys(headers).some((name) => /^(content-md5|x-amz-checksum-)/i.test(name))).toBe(true);
  });

  test("says so when S3 refuses", async () => {
    const { s3 } = recorder(403);
    open.push(s3);
    const read = reader(s3, { retentionDays: 2, mode: "GOVERNANCE" });
    await expect(read(event())).rejects.toThrow();
  });

  test.each([
    [
      "another bucket's object",
      event({ detail: { bucket: { name: "other" }, object: { key: "k", "version-id": "v" } } }),
    ],
    ["an object without a version", event({}, { "version-id": undefined })],
    ["another event", event({ "detail-type": "Object Deleted" })],
    ["another source", event({ source: "shop" })],
    ["nothing", undefined],
  ])("fails on %s, and asks S3 for nothing", async (_, given) => {
    const { s3, sent } = recorder();
    open.push(s3);
    const read = reader(s3, { retentionDays: 2, mode: "GOVERNANCE" });
    await expect(read(given)).rejects.toThrow();
    expect(sent).toEqual([]);
  });

  test.each([0, 1.5, Number.NaN, -1])("does not start with %s days", (retentionDays) => {
    const { s3 } = recorder();
    open.push(s3);
    expect(() => reader(s3, { retentionDays, mode: "GOVERNANCE" })).toThrow("days");
  });
});
