import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../../../bin/lanyard/program.ts";
import { openAthena } from "../../../bin/lanyard/trace/athena.ts";
import * as queries from "../../../core/lineage/queries.ts";
import { filedAudit, filedTrail, type Lake, openLake } from "../../lineage/lake/lake.ts";
import { keyOf, type RawSession, rawAudit, rawOther, rawTrail } from "../../lineage/raw.ts";
import { type AthenaStub, athenaStub, bytesPerQuery } from "./athena-stub.ts";

const hour = 3_600_000;
const now = Date.now();
const [planner, researcher, old] = ["P", "R", "O"].map((letter) => letter.repeat(22)) as [string, string, string];
const sessions: readonly RawSession[] = [
  { sid: planner, root: planner, agent: "planner", principal: "p_ada00000", atMillis: now - 5 * hour, calls: 5 },
  {
    ...{ sid: researcher, root: planner, parent: planner, agent: "researcher", principal: "p_ada00000" },
    ...{ atMillis: now - 4 * hour, calls: 2 },
  },
  { sid: old, root: old, agent: "planner", principal: "p_bob00000", atMillis: now - 40 * 24 * hour, calls: 1 },
];
const records = sessions.flatMap(rawAudit);
const lines = [...sessions.flatMap(rawTrail), ...Array.from({ length: 20 }, (_, n) => rawOther(n, now - n * hour))];

let folder: string;
let lake: Lake;
let athena: AthenaStub;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "athena-"));
  for (const each of ["audit", "trail"]) mkdirSync(join(folder, each));
  writeFileSync(join(folder, "audit/a.gz"), gzipSync(records.map((each) => JSON.stringify(each)).join("\n")));
  writeFileSync(join(folder, "trail/a.json.gz"), gzipSync(JSON.stringify({ Records: lines })));
  lake = await openLake({ audit: filedAudit(records), cloudtrail: filedTrail(lines) });
  athena = await athenaStub(lake);
  process.env.AWS_ENDPOINT_URL_ATHENA = athena.url;
  process.env.AWS_ACCESS_KEY_ID = "ASIAOPERATOR00000";
  process.env.AWS_SECRET_ACCESS_KEY = "not-a-secret";
});
afterAll(async () => {
  for (const name of ["AWS_ENDPOINT_URL_ATHENA", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
    delete process.env[name];
  await athena?.close();
  lake?.close();
  rmSync(folder, { recursive: true, force: true });
});

const deployed = {
  LANYARD_STAGE: "dev",
  LANYARD_ISSUER: "https://abc.lambda-url.eu-west-1.on.aws",
  LANYARD_TRUST_DOMAIN: "td",
  LANYARD_ADMIN_URL: "https://rev.lambda-url.eu-west-1.on.aws/",
  LANYARD_ADMIN_WRITE_URL: "https://wri.lambda-url.eu-west-1.on.aws/",
  LANYARD_ADMIN_READ_URL: "https://rea.lambda-url.eu-west-1.on.aws/",
};
async function lanyard(args: readonly string[], env: Readonly<Record<string, string>> = deployed) {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = { out: (text: string) => void out.push(text), err: (text: string) => void err.push(text) };
  const code = await run([...args], { terminal: terminal as never, env, folder });
  return { code, out: out.join("\n"), err: err.join("\n") };
}
const files = ["--audit", "audit", "--trail", "trail"];

describe("a deployment on AWS", () => {
  test.each([
    ["session", researcher],
    ["principal", "p_ada00000"],
    ["event", `call-${researcher}-1`],
    ["key", keyOf(planner)],
    ["request", `R0-${researcher}`],
    ["request", `scope-${planner}`],
  ])("is asked by Athena and tells the same as files do: trace %s %s", async (kind, id) => {
    const theirs = await lanyard(["trace", kind, id, "--json"]);
    expect([theirs.code, theirs.err]).toEqual([0, ""]);
    const { roots, asked } = JSON.parse(theirs.out);
    expect(roots).toHaveLength(1);
    const ours = JSON.parse((await lanyard(["trace", kind, id, "--json", ...files])).out);
    expect({ roots, asked }).toEqual({ roots: ours.roots, asked: ours.asked });
  });

  test("is asked in its own workgroup and database, every value bound as a literal", async () => {
    const before = athena.started.length;
    await lanyard(["trace", "session", planner]);
    const started = athena.started.slice(before);
    expect(started.length).toBeGreaterThan(5);
    for (const { QueryString, ExecutionParameters, WorkGroup, QueryExecutionContext } of started) {
      expect([WorkGroup, QueryExecutionContext]).toEqual(["lanyard-dev", { Database: "lanyard_dev" }]);
      expect(QueryString.split("?").length - 1).toBe(ExecutionParameters.length);
      for (const value of ExecutionParameters) expect(value).toMatch(/^'[^']*'$/);
      expect(QueryString).not.toContain(planner);
    }
  });

  test("says what was read and what it took", async () => {
    const before = athena.started.length;
    const { out } = await lanyard(["trace", "session", planner]);
    const asked = athena.started.length - before;
    expect(out).toContain(`Athena scanned ${((asked * bytesPerQuery) / 1e6).toFixed(1)} MB in ${asked} queries`);
    expect(out).toMatch(/read: our records of \d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d, CloudTrail of /);
  });

  test("has CloudTrail read of the days of our records alone, and one on each side", async () => {
    const before = athena.started.length;
    await lanyard(["trace", "session", planner]);
    const day = (millis: number) => new Date(millis).toISOString().slice(0, 10).replaceAll("-", "/");
    const of = (table: string) =>
      athena.started
        .slice(before)
        .flatMap(({ QueryString, ExecutionParameters: [first, last] }) =>
          QueryString.includes(`FROM lanyard_${table} `) ? [`${first} ${last}`] : [],
        );
    const around = `'${day(now - 5 * hour - 24 * hour)}' '${day(now - 4 * hour + 24 * hour)}'`;
    expect(new Set(of("trail"))).toEqual(new Set([around]));
    const back = `'${day(now - 8 * 24 * hour)}' '${day(now + 24 * hour)}'`.replaceAll("/", "-");
    expect(new Set(of("audit"))).toEqual(new Set([back]));
  });

  test("does not tell what is older than it read, and says so; --since reads further back", async () => {
    const late = await lanyard(["trace", "session", old]);
    expect([late.code, late.err]).toEqual([1, expect.stringContaining("no record names it")]);
    expect(late.out).toContain("--since reads further back");
    const found = await lanyard(["trace", "session", old, "--since", "60d", "--json"]);
    expect(JSON.parse(found.out).roots.map(({ sid }: { sid: string }) => sid)).toEqual([old]);
  });

  test("that refuses a query ends the trace with Athena's own reason and exit code 1", async () => {
    athena.fail = "Query exhausted bytes scanned limit";
    const { code, err } = await lanyard(["trace", "session", planner]);
    expect([code, err]).toEqual([1, expect.stringContaining("Query exhausted bytes scanned limit")]);
  });

  test("that does not come to an end has its query stopped", async () => {
    athena.stuck = true;
    const dynamo = new DynamoDBClient({ region: "eu-west-1" });
    const engine = openAthena({ stage: "dev", dynamo }, queries.always, 500);
    const asked = engine.ask(queries.within(queries.newestOfTrail(), queries.always));
    await expect(asked).rejects.toThrow("took more than 0.5 s");
    athena.stuck = false;
    expect(athena.operations.at(-1)).toBe("StopQueryExecution");
    engine.close();
    dynamo.destroy();
  });

  test("without a stage's name is asked nothing", async () => {
    const { LANYARD_STAGE: _, ...env } = deployed;
    const { code, err } = await lanyard(["trace", "session", planner], env);
    expect([code, err]).toEqual([2, expect.stringContaining("LANYARD_STAGE")]);
    expect((await lanyard(["trace", "session", planner, "--since", "soon"])).code).toBe(2);
  });
});
