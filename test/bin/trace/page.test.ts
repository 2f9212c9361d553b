import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../../../bin/lanyard/program.ts";
import { lakeNames } from "../../../core/lineage/athena.ts";
import { stageOf } from "../../../lib/settings/stage.ts";
import * as people from "../../lineage/people.ts";
import { keyOf, rawAudit, rawTrail } from "../../lineage/raw.ts";

const page = readFileSync(join(import.meta.dirname, "../../../docs/trace.md"), "utf8");
const blocks = (kind: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${kind}\\n(.*?)^\`\`\``, "gms"))].map(([, text = ""]) => text);
const commands = blocks("sh").flatMap((text) => text.split("\n").map((line) => line.replace(/ +#.*/, "").trim()));
const lanyardLines = [...new Set(commands.filter((line) => line.startsWith("lanyard trace ")))];

const sid = "S".repeat(22);
const story = { sid, root: sid, agent: "planner", principal: "p_ada00000", atMillis: Date.now(), calls: 1 };
const ids: Readonly<Record<string, string>> = {
  "<sid>": sid,
  "<id>": story.principal,
  "<eventID>": `call-${sid}-0`,
  "<accessKeyId>": keyOf(sid),
  "<requestID>": `R0-${sid}`,
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "page-"));
  for (const each of ["audit", "cloudtrail"]) mkdirSync(join(folder, each));
  const records = rawAudit(story).map((each) => JSON.stringify(each));
  writeFileSync(join(folder, "audit/a.gz"), gzipSync(records.join("\n")));
  const trail = [...rawTrail(story), people.opened(), people.did("ListBuckets"), people.delegated()];
  writeFileSync(join(folder, "cloudtrail/a.json.gz"), gzipSync(JSON.stringify({ Records: trail })));
  const finding = { Resource: { AccessKeyDetails: { AccessKeyId: keyOf(sid) } } };
  writeFileSync(join(folder, "finding.json"), JSON.stringify(finding));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("the page of the trace", () => {
  test("shows every kind of question", () => {
    for (const kind of ["session", "principal", "event", "key", "request"])
      expect(lanyardLines.some((line) => line.startsWith(`lanyard trace ${kind} `))).toBe(true);
  });

  test.each(["-", "--"])("is of sessions whose ids begin with %s as well", async (dashes) => {
    const id = dashes.padEnd(22, "B");
    const dashed = { ...story, sid: id, root: id };
    for (const [place, file, text] of [
      [
        "audit",
        "dashed.gz",
        rawAudit(dashed)
          .map((each) => JSON.stringify(each))
          .join("\n"),
      ],
      ["cloudtrail", "dashed.json.gz", JSON.stringify({ Records: rawTrail(dashed) })],
    ] as const) {
      mkdirSync(join(folder, dashes, place), { recursive: true });
      writeFileSync(join(folder, dashes, place, file), gzipSync(text));
    }
    const said: string[] = [];
    const terminal = { out: (text: string) => void said.push(text), err: (text: string) => void said.push(text) };
    const options = ["--audit", `${dashes}/audit`, "--trail", `${dashes}/cloudtrail`, "--json"];
    const code = await run(["trace", "session", id, ...options], { terminal: terminal as never, env: {}, folder });
    expect([code, said.join("\n")]).toEqual([0, expect.stringContaining(`"sid":"${id}"`)]);
  });

  test.each(lanyardLines)("shows a command that answers: %s", async (line) => {
    const [, ...args] = line.split(" ").map((word) => ids[word] ?? word);
    expect(args.join(" ")).not.toMatch(/[<>]/);
    // a deployment on AWS is asked in athena.test.ts; its profile is not here
    const files = args.includes("--audit") ? [] : ["--audit", "./audit", "--trail", "./cloudtrail"];
    const out: string[] = [];
    const say = (text: string) => void out.push(text);
    const code = await run([...args, ...files], { terminal: { out: say, err: say } as never, env: {}, folder });
    expect([code, out.join("\n")]).toEqual([0, expect.stringContaining(sid)]);
  });

  test.each([
    ["person-ListBuckets", (told: string) => told],
    ["delegated", (told: string) => told.replace("nothing of ours: ", "").replace(/\d{12}/, "<account>")],
  ] as const)("shows what is told of credentials that AWS gave others: %s", async (id, shown) => {
    const out: string[] = [];
    const say = (text: string) => void out.push(text);
    const args = ["trace", "event", id, "--audit", "audit", "--trail", "cloudtrail"];
    expect(await run(args, { terminal: { out: say, err: say } as never, env: {}, folder })).toBe(1);
    const told = /nothing of ours: .*/.exec(out.join("\n"))?.[0] ?? "not told";
    expect(page).toContain(shown(told));
  });

  test("names the members that a finding is read by", () => {
    for (const name of ["Resource.AccessKeyDetails", "unusedIamUserAccessKeyDetails", "Details.AwsIamAccessKey"])
      expect(page).toContain(name);
  });

  test("shows settings that a stage takes, and names what they make", () => {
    const [text = "{}"] = blocks("json");
    expect(stageOf("prod", { operators: ["role/Operator"], ...JSON.parse(text) }).lake.scanGigabytes).toBe(100);
    expect(lakeNames("<stage>")).toEqual({ database: "lanyard_<stage>", workgroup: "lanyard-<stage>" });
    for (const name of Object.values(lakeNames("<stage>"))) expect(page).toContain(`\`${name}\``);
  });

  test("shows besides only copies by aws s3 sync, and a revocation that the command takes", async () => {
    const others = commands.filter((line) => line !== "" && !line.startsWith("lanyard trace "));
    const [revoke = "", ...more] = others.filter((line) => !line.startsWith("aws s3 sync s3://"));
    expect(more).toEqual([]);
    const [, ...args] = revoke.split(" ").map((word) => ids[word] ?? word);
    const err: string[] = [];
    const terminal = { out: () => {}, err: (text: string) => void err.push(text) };
    // it lacks nothing but a deployment
    expect(await run(args, { terminal: terminal as never, env: {}, folder })).toBe(2);
    expect(err.join("\n")).toContain("which deployment?");
  });
});
