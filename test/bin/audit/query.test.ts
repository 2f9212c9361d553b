import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../../../bin/lanyard/program.ts";
import { auditQuestions } from "../../../core/lineage/questions/questions.ts";
import { toRecord } from "../../kit/records.ts";
import { filedAudit, type Lake, openLake } from "../../lineage/lake/lake.ts";
import { expectedOf } from "../../lineage/questions/expected.ts";
import { resources, startMillis, storyOf } from "../../lineage/questions/story.ts";
import { type AthenaStub, athenaStub } from "../trace/athena-stub.ts";

const story = storyOf(7, 200, 10);
const [since, until] = ["2026-11-29T00:00:00Z", "2026-11-29T11:00:00Z"];
const window = { sinceMillis: startMillis, untilMillis: Date.parse(until) };
const bodies = story.map(({ id, facts }) => toRecord(facts, id).body);

let folder: string;
let lake: Lake;
let athena: AthenaStub;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "query-"));
  mkdirSync(join(folder, "audit"));
  writeFileSync(join(folder, "audit/a.gz"), gzipSync(bodies.join("\n")));
  lake = await openLake({ audit: filedAudit(bodies.map((body) => JSON.parse(body))), cloudtrail: [] });
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

async function query(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = { out: (text: string) => void out.push(text), err: (text: string) => void err.push(text) };
  const code = await run(["audit", "query", ...args], { terminal: terminal as never, env, folder });
  return { code, out: out.join("\n"), err: err.join("\n") };
}
const times = ["--since", since, "--until", until];
const files = [...times, "--audit", "audit"];
const deployed = {
  LANYARD_STAGE: "dev",
  LANYARD_ISSUER: "https://abc.lambda-url.eu-west-1.on.aws",
  LANYARD_TRUST_DOMAIN: "td",
  LANYARD_ADMIN_URL: "https://rev.lambda-url.eu-west-1.on.aws/",
  LANYARD_ADMIN_WRITE_URL: "https://wri.lambda-url.eu-west-1.on.aws/",
  LANYARD_ADMIN_READ_URL: "https://rea.lambda-url.eu-west-1.on.aws/",
};

test("--list, and no name, tell every question and what it asks for", async () => {
  for (const args of [["--list"], []]) {
    const { code, out } = await query(args);
    expect(code).toBe(0);
    for (const { name } of auditQuestions) expect(out).toMatch(new RegExp(`^${name} `, "m"));
    expect(out).toMatch(/^reach +--resource /m);
    expect(out).toMatch(/^refusals +\[--agent\] /m);
  }
  const { questions } = JSON.parse((await query(["--list", "--json"])).out);
  expect(questions.map(({ name }: { name: string }) => name)).toEqual(auditQuestions.map(({ name }) => name));
});

describe("a question", () => {
  const of = (name: string) =>
    ({ reach: ["--resource", resources[0] ?? ""], activity: ["--agent", "planner"] })[name] ?? [];

  test.each(auditQuestions.map(({ name }) => name))("%s is answered from files and by Athena alike", async (name) => {
    const named = {
      ...(name === "reach" && { resource: resources[0] as string }),
      ...(name === "activity" && { agent: "planner" }),
    };
    const ours = await query([name, ...of(name), ...files, "--json"]);
    expect([ours.code, ours.err]).toEqual([0, ""]);
    const answer = JSON.parse(ours.out);
    expect(answer.ok).toBe(true);
    const wanted = expectedOf(story, { ...window, named })[name] ?? [];
    expect(answer[name]).toHaveLength(wanted.length);
    expect(answer[name]).toEqual(expect.arrayContaining([...wanted]));
    const theirs = await query([name, ...of(name), ...times, "--json"], deployed);
    expect([theirs.code, theirs.err]).toEqual([0, ""]);
    expect(JSON.parse(theirs.out)).toEqual(answer);
  });

  test("is a table for people, with times, without columns that say nothing, and as long as they want", async () => {
    const { out, err } = await query(["keys", ...files, "--limit", "2"]);
    const [head, ...rows] = out.split("\n");
    expect(head).toMatch(/^GIVEN +AWS ACCESS KEY ID +AWS ROLE ARN +AGENT/);
    expect(head).not.toContain("SCOPES");
    expect(rows).toHaveLength(2);
    expect(rows[0]).toMatch(/^2026-11-29 \d\d:\d\d:\d\d +ASIA/);
    expect(err).toContain("more than these 2");
  });

  test.each([
    [["nothing"], /there is no question "nothing": reach, /],
    [["reach", ...files], /asks for --resource/],
    [["keys", ...files, "--resource", "x"], /asks for no --resource/],
    [["activity", ...files, "--agent", "a\u0001"], /no id of anybody's/],
    [["keys", "--audit", "audit", "--since", "2026-11-29", "--until", "2026-11-28"], /--until is before --since/],
    [["keys", "--audit", "nowhere"], /there is no folder/],
  ])("that cannot be asked is refused: %j", async (args, message) => {
    const { code, err } = await query(args);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });
});
