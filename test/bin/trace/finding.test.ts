import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../../../bin/lanyard/program.ts";
import { keyOfFinding } from "../../../bin/lanyard/trace/finding.ts";
import { keyOf, rawAudit, rawTrail } from "../../lineage/raw.ts";

const sid = "S".repeat(22);
const story = { sid, root: sid, agent: "planner", principal: "p_ada00000", atMillis: Date.now(), calls: 1 };
const key = keyOf(sid);

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "finding-"));
  for (const each of ["audit", "trail"]) mkdirSync(join(folder, each));
  writeFileSync(
    join(folder, "audit/a.json"),
    rawAudit(story)
      .map((each) => JSON.stringify(each))
      .join("\n"),
  );
  writeFileSync(join(folder, "trail/a.json"), JSON.stringify({ Records: rawTrail(story) }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function trace(...args: string[]) {
  const lines: string[] = [];
  const say = (text: string) => void lines.push(text);
  const all = ["trace", "key", ...args, "--audit", "audit", "--trail", "trail"];
  const code = await run(all, { terminal: { out: say, err: say } as never, env: {}, folder });
  return { code, text: lines.join("\n") };
}

const type = "UnauthorizedAccess:IAMUser/InstanceCredentialExfiltration.OutsideAWS";
const guardDuty = (id: string) => ({
  schemaVersion: "2.0",
  type,
  resource: {
    resourceType: "AccessKey",
    accessKeyDetails: { accessKeyId: id, principalId: "AROA:x", userType: "Role" },
  },
});
const asff = (id: string) => ({
  SchemaVersion: "2018-10-08",
  Resources: [
    { Type: "AwsAccount", Id: "AWS::::Account:111122223333" },
    { Type: "AwsIamAccessKey", Id: `AWS::IAM::AccessKey:${id}`, Details: { AwsIamAccessKey: { AccessKeyId: id } } },
  ],
});
const shapes: readonly (readonly [string, (id: string) => unknown])[] = [
  ["GuardDuty's, as it is exported", guardDuty],
  [
    "GuardDuty's, as the command line of AWS answers",
    (id) => ({
      Findings: [{ Type: type, Resource: { ResourceType: "AccessKey", AccessKeyDetails: { AccessKeyId: id } } }],
    }),
  ],
  ["GuardDuty's, as an event", (id) => ({ "detail-type": "GuardDuty Finding", detail: guardDuty(id) })],
  [
    "Access Analyzer's of an unused key",
    (id) => ({
      findingType: "UnusedIAMUserAccessKey",
      findingDetails: [{ unusedIamUserAccessKeyDetails: { accessKeyId: id, lastAccessed: "2026-01-01T00:00:00Z" } }],
    }),
  ],
  ["Security Hub's", asff],
  [
    "Security Hub's, as an event",
    (id) => ({ "detail-type": "Security Hub Findings - Imported", detail: { findings: [asff(id)] } }),
  ],
];

describe("a finding", () => {
  test.each(shapes)("that names a key of ours is answered by whose it is: %s", async (_, shape) => {
    writeFileSync(join(folder, "finding.json"), JSON.stringify(shape(key)));
    const { code, text } = await trace("--finding", "finding.json");
    expect(code).toBe(0);
    expect(text).toContain(`of      session ${sid}`);
    expect(text).toContain("for     p_ada00000");
  });

  test("is read from standard input too", async () => {
    const text = JSON.stringify(guardDuty(key));
    expect(await keyOfFinding("-", Readable.from([Buffer.from(text.slice(0, 9)), Buffer.from(text.slice(9))]))).toBe(
      key,
    );
  });

  test.each([
    ["names no key", JSON.stringify({ resource: { resourceType: "Instance" } }), "names no access key"],
    ["names one elsewhere", JSON.stringify({ accessKeyId: "ASIA0000000000000001" }), "names no access key"],
    ["names one by what objects inherit", '{"__proto__":{"resource":{"accessKeyDetails":1}}}', "names no access key"],
    ["is a list of a text", '["resource"]', "names no access key"],
    ["is null", "null", "names no access key"],
    ["names something else as its key", JSON.stringify(guardDuty("GeneratedFindingAccessKeyId")), "is no key's id"],
    ["names an escape sequence as its key", JSON.stringify(guardDuty("\u001b[2J")), "is no key's id"],
    [
      "names two",
      JSON.stringify({ Findings: [asff("ASIA1"), asff("ASIA2")] }),
      "names 2 access keys; ask for each: ASIA1, ASIA2",
    ],
    ["is no JSON", "ASIA0000000000000001", "is no JSON of one finding"],
    ["is too long", `"${"x".repeat(1024 * 1024)}"`, "longer than any finding"],
    ["is deeper than anything", `${"[".repeat(400_000)}${"]".repeat(400_000)}`, "names no access key"],
  ])("is refused in words when it %s", async (_, text, why) => {
    writeFileSync(join(folder, "other.json"), text);
    const answer = await trace("--finding", "other.json");
    expect([answer.code, answer.text]).toEqual([2, expect.stringContaining(why)]);
    expect(answer.text).not.toContain("\u001b");
  });

  test("is asked for by one of both, an id or a file that is there", async () => {
    for (const args of [[], [key, "--finding", "finding.json"]])
      expect(await trace(...args)).toMatchObject({ code: 2, text: expect.stringContaining("--finding <file>") });
    expect(await trace("--finding", "nowhere.json")).toMatchObject({
      code: 2,
      text: expect.stringContaining("ENOENT"),
    });
    expect(await trace("--finding", ".")).toMatchObject({ code: 2, text: expect.stringContaining("EISDIR") });
  });
});
