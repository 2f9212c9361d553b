import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDuckDb } from "../../bin/lanyard/trace/duckdb.ts";
import type { Engine } from "../../bin/lanyard/trace/engine.ts";
import { athenaText, savedQueries } from "../../core/lineage/athena.ts";
import * as queries from "../../core/lineage/queries.ts";
import { auditLineOf, type Row, trailLineOf } from "../../core/lineage/rows.ts";
import { documented, samples } from "./documented.ts";
import { filedAudit, filedTrail, type Lake, openLake } from "./lake/lake.ts";
import * as people from "./people.ts";

const time = Date.parse("2026-11-30T10:00:00Z");
const facts = (sid: string, more: object) => ({
  unmapped: { lanyard: { operation: "credentials.vend", outcome: "allowed", sid, root: "r", depth: 2, ...more } },
});
const records = [
  {
    time,
    metadata: { uid: "u1" },
    ...facts("s1", {
      aws_request_ids: ["r-1", "r-2"],
      aws_resources: ["arn:b/a b/", "arn:c"],
      aws_token: "arn:provider#t-1",
      aws_access_key_id: "ASIA2",
    }),
  },
  {
    time,
    metadata: { uid: "u2" },
    ...facts("s2", { grants: [{ scopes: ["a", "b"], details: [] }, { scopes: ["c"] }] }),
  },
  { time, metadata: { uid: "u3" }, ...facts("s3", { operation: "attest", jkt: "t", jti: "j", evidence_id: "e" }) },
  {
    time,
    metadata: { uid: "u4" },
    ...facts("s4", { operation: "deployment.seen", evidence: { roleArn: "arn:role", more: "x" } }),
  },
  { time, metadata: { uid: "u5" }, ...facts("s5", { outcome: "denied", denial: { code: "c", anything: [1] } }) },
  { time, metadata: { uid: "u6" }, unmapped: {} },
  { time, metadata: { uid: "u7" }, ...facts("it's %_\\", { principal: "p_ada", purpose: "ü \" ' \\" }) },
];

const others = [people.opened(), people.did("ListBuckets"), people.chained, people.delegated()];

let folder: string;
let files: Engine;
let lake: Lake;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "athena-"));
  const [audit, trail] = [join(folder, "audit"), join(folder, "trail")];
  for (const each of [audit, trail]) mkdirSync(each);
  const lines = [...samples.map(({ event }, at) => ({ ...event, eventID: `sample-${at}` })), ...documented, ...others];
  writeFileSync(join(trail, "a.json.gz"), gzipSync(JSON.stringify({ Records: lines })));
  writeFileSync(join(audit, "a.gz"), gzipSync(records.map((each) => JSON.stringify(each)).join("\n")));
  files = await openDuckDb({ audit, trail });
  lake = await openLake({ audit: filedAudit(records), cloudtrail: filedTrail(lines) });
});
afterAll(() => {
  files?.close();
  lake?.close();
  rmSync(folder, { recursive: true, force: true });
});

const every: readonly (readonly [string, queries.Query, number])[] = [
  ["auditOfRoots", queries.auditOfRoots(["r", "q"]), 6],
  ["auditOfSession", queries.auditOfSession("s1"), 1],
  ["auditOfSession of any text", queries.auditOfSession("it's %_\\"), 1],
  ["auditOfPrincipal", queries.auditOfPrincipal("p_ada"), 1],
  ["auditOfRequests", queries.auditOfRequests(["r-2", "none"]), 1],
  ["auditOfKeys", queries.auditOfKeys(["ASIA2"]), 1],
  ["auditOfThumbprints", queries.auditOfThumbprints(["t"]), 1],
  ["attestationsBy", queries.attestationsBy(["t"]), 1],
  ["attestationsNamed", queries.attestationsNamed(["e"]), 1],
  ["deploymentSeen", queries.deploymentSeen(), 1],
  ["trailOfEvent", queries.trailOfEvent("assume"), 1],
  ["trailOfRequests", queries.trailOfRequests(["r-1"]), 1],
  ["trailOfKeys", queries.trailOfKeys(["ASIA2"]), 2],
  ["signaturesFor", queries.signaturesFor(["s1"]), 1],
  ["documentsNamed", queries.documentsNamed(["jti-1"]), 1],
  ["claimsOf", queries.claimsOf("a", ["b"]), 2],
  ["issuersOf", queries.issuersOf(["ASIAWORKLOAD00001"]), 1],
  ["openingsOf", queries.openingsOf([people.person.principal]), 1],
  ["a person's call", queries.trailOfEvent("person-ListBuckets"), 1],
  ["a call by delegated access", queries.trailOfEvent("delegated"), 1],
  ["nothing", queries.trailOfKeys([]), 0],
];
const read =
  (table: queries.Query["table"]) =>
  (row: Row): object | undefined =>
    table === "audit" ? auditLineOf(row) : trailLineOf(row);

describe("both engines", () => {
  test.each(every)("give the same lines: %s", async (_, query, found) => {
    const statement = queries.within(query, queries.always);
    const ours = (await files.ask(statement)).map(read(query.table));
    const theirs = (await lake.run(athenaText(statement), statement.values)).map(read(query.table));
    expect(theirs).toHaveLength(found);
    expect(theirs).toEqual(ours);
  });

  test("give the same of every published record of CloudTrail, whatever its shape and year", async () => {
    const all: queries.Query = { table: "trail", where: "eventid LIKE ?", values: ["sample-%"] };
    const statement = queries.within(all, queries.always);
    const byId = (rows: readonly Record<string, unknown>[]) =>
      rows.map(trailLineOf).sort((a, b) => (String(a?.eventId) < String(b?.eventId) ? -1 : 1));
    const theirs = byId(await lake.run(athenaText(statement), statement.values));
    expect(theirs).toHaveLength(samples.length);
    expect(theirs).toEqual(byId(await files.ask(statement)));
  });

  test("know the same newest line", async () => {
    const statement = queries.within(queries.newestOfTrail(), queries.always);
    expect(await lake.run(athenaText(statement), statement.values)).toEqual(await files.ask(statement));
  });

  test("read no other days than were asked for", async () => {
    const within = (first: string, last: string) => queries.within(queries.trailOfRequests(["r-1"]), { first, last });
    for (const [first, last, found] of [
      ["2026-11-29", "2026-12-01", 1],
      ["2026-11-30", "2026-11-30", 1],
      ["2026-12-01", "2026-12-02", 0],
      ["2026-11-01", "2026-11-29", 0],
    ] as const) {
      const statement = within(first, last);
      expect(await lake.run(athenaText(statement), statement.values)).toHaveLength(found);
      expect(await files.ask(statement)).toHaveLength(found);
    }
  });
});

const texts = [
  ...every.map(([name, query]) => [name, queries.within(query, queries.always)] as const),
  ["newest", queries.within(queries.newestOfTrail(), queries.always)] as const,
].map(([name, { table, sql, values }]) => ({ name, sql, values, whole: athenaText({ table, sql }) }));

describe("a query", () => {
  test.each(texts)("uses the small part of SQL that both engines read alike: $name", ({ sql, values }) => {
    const bare = sql.replace(/'[^']*'/g, "");
    const words = bare.match(/[A-Z]{2,}/g) ?? [];
    const known = ["SELECT", "FROM", "WHERE", "AND", "OR", "IN", "LIKE", "ORDER", "BY", "LIMIT", "AS"];
    expect(words.filter((word) => !known.includes(word))).toEqual([]);
    expect((bare.match(/\b[a-z]\w+(?=\()/g) ?? []).filter((name) => !["concat", "max"].includes(name))).toEqual([]);
    expect(bare).toMatch(/^[\w\s,.()<>=?]+$/);
    // each value has its question mark, and none stands in the text
    expect(bare.split("?").length - 1).toBe(values.length);
    const [select = ""] = bare.split(" WHERE ");
    expect(select).not.toContain("?");
  });

  test.each(texts)("makes its table of functions that Athena has: $name", ({ whole, sql }) => {
    const view = whole.slice(0, whole.length - sql.length).replace(/'[^']*'/g, "");
    const athenas = [
      "array_join",
      "transform",
      "flatten",
      "replace",
      "json_extract_scalar",
      "json_extract",
      "json_format",
    ];
    const called = (view.match(/\b\w+(?=\()/g) ?? []).filter((name) => name !== "AS");
    expect(called.filter((name) => !athenas.includes(name))).toEqual([]);
    expect(view).not.toContain("?");
  });

  test("holds no value in its text, and refuses what is no id of anybody's", () => {
    const hostile = "a' OR '1'='1";
    for (const query of [queries.trailOfEvent(hostile), queries.claimsOf(hostile, [hostile])]) {
      const { sql, values } = queries.within(query, queries.always);
      expect(sql).not.toContain("1'='1");
      expect(values.at(-1)).toContain(hostile);
    }
    for (const strange of ["", "a\u0000", "a\n", "x".repeat(513)])
      expect(() => queries.within(queries.trailOfEvent(strange), queries.always)).toThrow(RangeError);
  });
});

/** sqlglot's dialect of Athena, where Python has it: a reader of SQL that is not ours. */
const python = (program: string, input = "") => spawnSync("python3", ["-c", program], { input, encoding: "utf8" });
const hasSqlglot = python("import sqlglot").status === 0;

describe.skipIf(!hasSqlglot)("sqlglot, which is here only where Python has it", () => {
  test("reads every query as Athena's, Trino's and DuckDB's", () => {
    const program = [
      "import json, sys, sqlglot",
      "from sqlglot import exp",
      "out = []",
      "for text in json.load(sys.stdin):",
      "  trees = [sqlglot.parse_one(text, read=d) for d in ('athena', 'trino', 'duckdb')]",
      "  out.append([[type(n).__name__ for n in t.walk() if isinstance(n, (exp.Anonymous, exp.Command))] for t in trees])",
      "print(json.dumps(out))",
    ].join("\n");
    const all = [...texts.map(({ whole }) => whole), ...savedQueries.map(({ sql }) => sql)];
    const { status, stdout, stderr } = python(program, JSON.stringify(all));
    expect([status, stderr]).toEqual([0, ""]);
    // nothing that it passes through without knowing it, as Athena's
    for (const [athena, trino] of JSON.parse(stdout) as string[][][]) expect([athena, trino]).toEqual([[], []]);
  });
});

test("a saved query is a query of the trace with its question marks, and says what they are", () => {
  expect(savedQueries.map(({ name }) => name)).toEqual([...new Set(savedQueries.map(({ name }) => name))]);
  const asked = [
    ...every.map(([, query]) => query),
    queries.newestOfTrail(),
    queries.auditOfRoots(["?"]),
    queries.auditOfRequests(["?"]),
    queries.attestationsNamed(["?"]),
  ].map((query) => athenaText(queries.within(query, queries.always)));
  for (const { sql, description } of savedQueries) {
    expect(asked).toContain(sql);
    expect(description.length).toBeLessThanOrEqual(1_024);
    // the console asks for so many at most
    expect(sql.split("?").length - 1).toBeLessThanOrEqual(25);
  }
});
