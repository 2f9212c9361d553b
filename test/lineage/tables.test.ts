import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Engine, openDuckDb } from "../../bin/lanyard/trace/duckdb.ts";
import { trailColumns } from "../../core/lineage/columns.ts";
import * as queries from "../../core/lineage/queries.ts";
import { auditLineOf, trailLineOf } from "../../core/lineage/rows.ts";
import { vectors } from "../kit/vectors.ts";

type Sample = { readonly event: Record<string, unknown> & { eventID?: string; requestID?: string } };
const samples = vectors<{ records: readonly Sample[] }>("07-cloudtrail/panther-tests.json").records;

/** Shapes that AWS documents and no published sample has. */
const documented = [
  {
    eventVersion: "1.11",
    eventID: "assume",
    eventTime: "2026-11-30T10:00:00Z",
    eventSource: "sts.amazonaws.com",
    eventName: "AssumeRole",
    requestID: "r-1",
    awsRegion: "eu-west-1",
    recipientAccountId: "111122223333",
    eventCategory: "Management",
    userIdentity: {
      type: "AssumedRole",
      principalId: "AROA1:fn",
      accessKeyId: "ASIA1",
      sessionContext: { sessionIssuer: { arn: "arn:role" } },
    },
    requestParameters: { roleArn: "arn:target", roleSessionName: "s", tags: [{ key: "k", value: "v" }] },
    responseElements: {
      credentials: { accessKeyId: "ASIA2", expiration: "Dec 1, 2026, 4:19:32 PM" },
      sourceIdentity: "lyd.a.b",
    },
    resources: [{ accountId: "111122223333", type: "AWS::IAM::Role", ARN: "arn:target" }],
  },
  {
    eventVersion: "1.11",
    eventID: "document",
    eventTime: "2026-11-30T10:00:01Z",
    eventSource: "sts.amazonaws.com",
    eventName: "GetWebIdentityToken",
    userIdentity: { type: "AssumedRole", sessionContext: { sourceIdentity: "lyd.a.b" } },
    responseElements: { webIdentityTokenId: "jti-1" },
  },
  {
    eventVersion: "1.11",
    eventID: "object",
    eventTime: "2026-11-30T10:00:02Z",
    eventSource: "s3.amazonaws.com",
    eventName: "GetObject",
    userAgent: "[aws-cli]",
    userIdentity: { accessKeyId: "ASIA2", sessionContext: { sourceIdentity: "lyd.a.b", webIdFederationData: {} } },
    responseElements: null,
    resources: [
      { type: "AWS::S3::Object", ARN: "arn:aws:s3:::b/a key" },
      { type: "AWS::S3::Bucket", ARN: "arn:aws:s3:::b" },
    ],
  },
];

let folder: string;
let engine: Engine;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "trace-"));
  const [audit, trail] = [join(folder, "audit"), join(folder, "trail")];
  for (const each of [audit, trail]) mkdirSync(each);
  const events = samples.map(({ event }, at) => ({ ...event, eventID: `sample-${at}` }));
  writeFileSync(join(trail, "a.json.gz"), gzipSync(JSON.stringify({ Records: [...events, ...documented] })));
  const facts = {
    operation: "credentials.vend",
    outcome: "allowed",
    sid: "s",
    root: "r",
    grants: [{ resource: "u", scopes: ["a", "b"], details: [{ type: "t" }] }],
    aws_request_ids: ["r-1", "r-2"],
    aws_access_key_id: "ASIA2",
    denial: { code: "c", anything: 1 },
  };
  const event = { time: 7, metadata: { uid: "u1" }, unmapped: { lanyard: facts } };
  writeFileSync(join(audit, "a.gz"), gzipSync(`${JSON.stringify(event)}\nno json\n{"time":1}\n`));
  engine = await openDuckDb({ audit, trail });
});
afterAll(() => {
  engine?.close();
  rmSync(folder, { recursive: true, force: true });
});

const all = `SELECT ${trailColumns.join(", ")} FROM lanyard_trail`;

describe("published records of CloudTrail", () => {
  test("are read one by one, as they are, of whatever year", async () => {
    const rows = await engine.ask(`${all} WHERE eventid LIKE 'sample-%'`);
    expect(rows).toHaveLength(samples.length);
    for (const row of rows) {
      const { event } = samples[Number(String(row.eventid).slice("sample-".length))] as Sample;
      const { userIdentity, responseElements, resources } = event as Partial<Record<string, unknown>>;
      const [first] = (resources ?? []) as { ARN?: string; arn?: string }[];
      expect(row).toMatchObject({
        eventname: event.eventName,
        eventsource: event.eventSource,
        requestid: event.requestID ?? null,
        errorcode: event.errorCode ?? null,
        accesskeyid: (userIdentity as { accessKeyId?: string } | undefined)?.accessKeyId ?? null,
        issuedkeyid:
          (responseElements as { credentials?: { accessKeyId?: string } } | null)?.credentials?.accessKeyId ?? null,
      });
      const named = first?.ARN ?? first?.arn;
      if (named !== undefined) expect(row.resourcearns).toContain(named);
      expect(trailLineOf(row)?.timeMillis).toBe(
        Date.parse(`${String(event.eventTime).replace(" ", "T").replace(/Z$/, "")}Z`),
      );
    }
  });

  test("of the shapes that AWS documents give keys, documents and claims", async () => {
    const rows = (await engine.ask(`${all} WHERE eventtime LIKE '2026-11-30%' ORDER BY eventtime`)).map(trailLineOf);
    expect(rows).toMatchObject([
      { name: "AssumeRole", issuedKeyId: "ASIA2", assumedRoleArn: "arn:target", requestId: "r-1", roleArn: "arn:role" },
      { name: "GetWebIdentityToken", tokenId: "jti-1", sourceIdentity: "lyd.a.b" },
      {
        name: "GetObject",
        accessKeyId: "ASIA2",
        userAgent: "aws-cli",
        resources: ["arn:aws:s3:::b/a%20key", "arn:aws:s3:::b"],
      },
    ]);
    expect(rows[2]).not.toHaveProperty("issuedKeyId");
  });
});

describe("our own records", () => {
  test("are read with their lists, and what is none of them is passed over", async () => {
    const rows = await engine.ask(queries.auditOfRoots(["r"]));
    expect(rows.map(auditLineOf)).toMatchObject([
      { uid: "u1", timeMillis: 7, scopes: ["a", "b"], awsRequestIds: ["r-1", "r-2"], denial: "c" },
    ]);
    expect(await engine.ask("SELECT uid FROM lanyard_audit")).toHaveLength(1);
    expect(await engine.ask(queries.auditOfRequests(["r-2"]))).toHaveLength(1);
    expect(await engine.ask(queries.auditOfRequests(["r"]))).toHaveLength(0);
  });
});

const every = [
  queries.auditOfRoots(["r", "q"]),
  queries.auditOfSession("s"),
  queries.auditOfPrincipal("p_ada"),
  queries.auditOfRequests(["r-1"]),
  queries.auditOfKeys(["ASIA2"]),
  queries.auditOfThumbprints(["t"]),
  queries.attestationsBy(["t"]),
  queries.attestationsNamed(["t"]),
  queries.deploymentSeen(),
  queries.trailOfEvent("e"),
  queries.trailOfRequests(["r-1"]),
  queries.trailOfKeys(["ASIA2"]),
  queries.signaturesFor(["s"]),
  queries.documentsNamed(["jti-1"]),
  queries.claimsOf("a", ["b"]),
  queries.newestOfTrail(),
];

describe("a query", () => {
  test.each(every)("runs, and uses the small part of SQL that both engines read alike: %s", async (sql) => {
    await engine.ask(sql);
    const words = sql.replace(/'[^']*'/g, "").match(/[A-Z]{2,}/g) ?? [];
    const known = ["SELECT", "FROM", "WHERE", "AND", "OR", "IN", "LIKE", "ORDER", "BY", "LIMIT", "AS"];
    expect(words.filter((word) => !known.includes(word))).toEqual([]);
    expect((sql.match(/\b\w+(?=\()/g) ?? []).filter((name) => !["concat", "max"].includes(name))).toEqual([]);
  });

  test("holds no text that could end a literal", () => {
    for (const hostile of ["a' OR '1'='1", "a\\", "a\n", "", "a;--", "x".repeat(600)])
      expect(() => queries.trailOfEvent(hostile)).toThrow(RangeError);
    expect(queries.signaturesFor(["a' OR '1'='1"])).not.toContain("a'");
    expect(queries.claimsOf("a' --", ["b'"])).not.toMatch(/a'|b'/);
  });

  test("reads the two tables and nothing else of this machine", async () => {
    await expect(engine.ask("SELECT * FROM read_text('/etc/hostname')")).rejects.toThrow(/disabled/i);
    await expect(engine.ask("SET enable_external_access = true")).rejects.toThrow();
  });
});
