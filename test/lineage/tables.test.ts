import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDuckDb } from "../../bin/lanyard/trace/duckdb.ts";
import type { Engine } from "../../bin/lanyard/trace/engine.ts";
import { trailColumns } from "../../core/lineage/columns.ts";
import * as queries from "../../core/lineage/queries.ts";
import { auditLineOf, trailLineOf } from "../../core/lineage/rows.ts";
import { documented, type Sample, samples } from "./documented.ts";

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
    aws_resources: ["arn:aws:s3:::b/a b/", "arn:aws:s3:::c"],
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
const ask = (sql: string) => engine.ask({ table: "trail", sql, values: [] });
const asked = (query: queries.Query) => engine.ask(queries.within(query, queries.always));

describe("published records of CloudTrail", () => {
  test("are read one by one, as they are, of whatever year", async () => {
    const rows = await ask(`${all} WHERE eventid LIKE 'sample-%'`);
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
    const rows = (
      await ask(`${all} WHERE eventtime LIKE '2026-11-30%' ORDER BY eventtime, eventname = 'Sign', eventid`)
    ).map(trailLineOf);
    expect(rows).toMatchObject([
      { name: "AssumeRole", issuedKeyId: "ASIA2", assumedRoleArn: "arn:target", requestId: "r-1", roleArn: "arn:role" },
      { name: "GetWebIdentityToken", tokenId: "jti-1", sourceIdentity: "lyd.a.b" },
      {
        name: "AssumeRoleWithWebIdentity",
        tokenId: "arn:provider#t-1",
        issuedKeyId: "ASIA3",
        assumedRoleArn: "arn:target",
        identityType: "WebIdentityUser",
      },
      { name: "Sign", roleArn: "arn:role", userAgent: "aws-sdk-js/3 lanyard/s1" },
      {
        name: "GetObject",
        accessKeyId: "ASIA2",
        userAgent: "aws-cli",
        resources: ["arn:aws:s3:::b/a%20key", "arn:aws:s3:::b"],
      },
    ]);
    expect(rows[4]).not.toHaveProperty("issuedKeyId");
  });
});

describe("our own records", () => {
  test("are read with their lists, and what is none of them is passed over", async () => {
    const rows = await asked(queries.auditOfRoots(["r"]));
    expect(rows.map(auditLineOf)).toMatchObject([
      { uid: "u1", timeMillis: 7, scopes: ["a", "b"], awsRequestIds: ["r-1", "r-2"], denial: "c" },
    ]);
    expect(rows.map(auditLineOf)[0]?.awsResources).toEqual(["arn:aws:s3:::b/a%20b/", "arn:aws:s3:::c"]);
    expect(await ask("SELECT uid FROM lanyard_audit")).toHaveLength(1);
    expect(await asked(queries.auditOfRequests(["r-2"]))).toHaveLength(1);
    expect(await asked(queries.auditOfRequests(["r"]))).toHaveLength(0);
  });
});

describe("the engine", () => {
  test("reads the two tables and nothing else of this machine", async () => {
    await expect(ask("SELECT * FROM read_text('/etc/hostname')")).rejects.toThrow(/disabled/i);
    await expect(ask("SET enable_external_access = true")).rejects.toThrow();
  });
});
