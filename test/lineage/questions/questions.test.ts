import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openDuckDb } from "../../../bin/lanyard/trace/duckdb.ts";
import type { Engine } from "../../../bin/lanyard/trace/engine.ts";
import { athenaText, savedQuestions } from "../../../core/lineage/athena.ts";
import { auditColumns, questionColumns } from "../../../core/lineage/columns.ts";
import { always, type Statement } from "../../../core/lineage/queries.ts";
import {
  type Answer,
  type Asked,
  type AuditQuestion,
  answerOf,
  askable,
  columnsOf,
  statementOf,
} from "../../../core/lineage/questions/question.ts";
import { auditQuestions } from "../../../core/lineage/questions/questions.ts";
import { toRecord } from "../../kit/records.ts";
import { filedAudit, type Lake, openLake } from "../lake/lake.ts";
import { expectedOf } from "./expected.ts";
import { agentOf, principals, resources, startMillis, storyOf } from "./story.ts";

const hour = 3_600_000;
const stories = [1, 2].map((seed) => storyOf(seed, 500));
/** What is asked of each story: everything, a part of the night, and with names. */
const asked: readonly Asked[] = [
  { days: always, sinceMillis: startMillis, untilMillis: startMillis + 40 * hour, named: { resource: resources[0] } },
  {
    days: always,
    sinceMillis: startMillis + 8 * hour,
    untilMillis: startMillis + 20 * hour,
    named: { resource: resources[2], agent: "plan" },
  },
  {
    days: always,
    sinceMillis: startMillis + 5 * hour,
    untilMillis: startMillis + 30 * hour,
    named: { resource: resources[3], agent: agentOf("plan/ner"), key: "ASIA0000000000000100" },
  },
].map((one) => one as Asked);

let folder: string;
const files: Engine[] = [];
const lakes: Lake[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "questions-"));
  for (const [at, story] of stories.entries()) {
    const bodies = story.map(({ id, facts }) => toRecord(facts, id).body);
    // every tenth was delivered twice, in another object
    const twice = bodies.filter((_, index) => index % 10 === 0);
    for (const [name, lines] of [
      ["a", bodies],
      ["b", twice],
    ] as const) {
      const below = join(folder, String(at));
      mkdirSync(below, { recursive: true });
      writeFileSync(join(below, `${name}.gz`), gzipSync(`${lines.join("\n")}\n`));
    }
    files.push(await openDuckDb({ audit: join(folder, String(at)) }, [...auditColumns, ...questionColumns]));
    lakes.push(
      await openLake({ audit: filedAudit([...bodies, ...twice].map((body) => JSON.parse(body))), cloudtrail: [] }),
    );
  }
});
afterAll(() => {
  for (const one of [...files, ...lakes]) one.close();
  rmSync(folder, { recursive: true, force: true });
});

const sorted = (rows: readonly Answer[]): readonly Answer[] =>
  [...rows].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

describe.each(auditQuestions.map((question) => [question.name, question] as const))("question %s", (name, question) => {
  const fitting = asked.map((one) => ({
    ...one,
    named: Object.fromEntries(
      askable
        .filter((each) => question.takes[each] !== undefined && one.named[each] !== undefined)
        .map((each) => [each, one.named[each]]),
    ),
  }));
  const askedOf = fitting.map((one) =>
    question.takes.agent === "must" ? { ...one, named: { ...one.named, agent: one.named.agent ?? "planner" } } : one,
  );

  test("is answered by either engine as the facts say, each record once", async () => {
    let rows = 0;
    for (const [at, story] of stories.entries())
      for (const one of askedOf) {
        const statement = statementOf(question, one);
        const expected = expectedOf(story, one)[name] ?? [];
        const ours = (await files[at]?.ask(statement))?.map((row) => answerOf(question, row)) ?? [];
        const theirs = (await lakes[at]?.run(athenaText(statement), statement.values))?.map((row) =>
          answerOf(question, row),
        );
        expect(sorted(ours)).toEqual(sorted(expected));
        expect(theirs).toEqual(ours);
        rows += ours.length;
      }
    // a question that nothing answers proves nothing
    expect(rows).toBeGreaterThan(3);
  });

  test("has a question mark for each value, and no value in its text", () => {
    const statement = statementOf(question, asked[2] as Asked);
    const whole = athenaText(statement);
    expect(whole.split("?").length - 1).toBe(statement.values.length);
    for (const value of statement.values.filter((one) => String(one).length > 3))
      expect(whole).not.toContain(String(value));
    // the console asks for so many at most
    expect(statement.values.length).toBeLessThanOrEqual(25);
  });

  test("reads objects by their days in every part that reads the table", () => {
    const parts = [...question.with.map(([, sql]) => sql), question.select].filter((sql) =>
      sql.includes("lanyard_audit"),
    );
    expect(parts.length).toBeGreaterThan(0);
    for (const sql of parts) {
      expect(sql.split("lanyard_audit")).toHaveLength(2);
      expect(sql).toMatch(/FROM lanyard_audit\s+WHERE dt >= :first AND dt <= :last AND canary IS NULL/);
    }
  });

  test("uses words and functions that both engines have", () => {
    const bare = [...question.with.map(([, sql]) => sql), question.select].join(" ").replace(/'[^']*'/g, "");
    const known =
      "SELECT DISTINCT FROM WHERE AND OR NOT IN LIKE IS NULL ORDER BY GROUP DESC AS CASE WHEN THEN ELSE END LEFT CROSS JOIN ON UNNEST UNION ALL OVER PARTITION ROWS BETWEEN CURRENT ROW UNBOUNDED FOLLOWING".split(
        " ",
      );
    expect((bare.match(/\b[A-Z]{2,}\b/g) ?? []).filter((word) => !known.includes(word))).toEqual([]);
    const functions = [
      "max",
      "max_by",
      "min",
      "sum",
      "count",
      "coalesce",
      "substr",
      "strpos",
      "split",
      "split_part",
      "named",
    ];
    expect((bare.match(/\b[a-z_]+(?=\()/g) ?? []).filter((each) => !functions.includes(each))).toEqual([]);
  });

  test("is saved for people, who are told what to give", () => {
    const saved = savedQuestions.find((one) => one.name === `audit-${name}`);
    expect(saved?.sql.split("?").length).toBe(statementOf(question, asked[2] as Asked).values.length + 1);
    expect(saved?.description.length).toBeLessThanOrEqual(1_024);
  });
});

test("a text in a value has no meaning, and what is nobody's id is asked of nobody", async () => {
  const [engine] = files;
  const question = auditQuestions.find(({ name }) => name === "activity") as AuditQuestion;
  const of = (agent: string) => statementOf(question, { ...(asked[0] as Asked), named: { agent } });
  expect(await engine?.ask(of("x' OR '1'='1"))).toEqual([]);
  expect(() => of("a\u0000")).toThrow(RangeError);
  expect(() => of("x".repeat(600))).toThrow(RangeError);
  const reach = auditQuestions.find(({ name }) => name === "reach") as AuditQuestion;
  expect(() => statementOf(reach, { ...(asked[0] as Asked), named: {} })).toThrow(RangeError);
});

test("an engine makes no column that a question does not read", () => {
  for (const question of auditQuestions) {
    const columns = columnsOf(question);
    expect(columns).toContain("dt");
    expect(columns.length).toBeLessThan(auditColumns.length + questionColumns.length);
    expect(new Set(columns).size).toBe(columns.length);
  }
});

test("a principal's name that is part of another's is not the other", () => {
  expect(principals.some((one) => principals.some((other) => one !== other && other.startsWith(one)))).toBe(true);
});

test("the columns that analysts filter by say the same in either engine", async () => {
  const sql =
    "SELECT DISTINCT account, region, deployment, principal, agent, sid, root, aws_access_key_id FROM lanyard_audit WHERE dt >= ? AND dt <= ? ORDER BY account, region, deployment, principal, agent, sid, root, aws_access_key_id";
  const statement: Statement = {
    table: "audit",
    columns: [...auditColumns, ...questionColumns],
    sql,
    values: [always.first, always.last],
  };
  const ours = await files[0]?.ask(statement);
  expect(ours?.[0]).toMatchObject({
    account: "999988887777",
    region: "eu-west-1",
    deployment: "agents.example.com/lanyard/test/eu-west-1",
  });
  expect(await lakes[0]?.run(athenaText(statement), statement.values)).toEqual(ours);
});
