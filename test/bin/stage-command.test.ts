import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { readStage } from "../../lib/settings/stage-file.ts";
import { questions } from "../../scripts/stage/answers.ts";
import { makeStage } from "../../scripts/stage.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lanyard-stages-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const enough = ["--account", "111122223333", "--trust-domain", "agents.example.com", "--operators", "role/Operator"];
async function make(args: readonly string[], answers?: readonly string[]) {
  const said: string[] = [];
  const asked: string[] = [];
  const left = [...(answers ?? [])];
  const code = await makeStage(args, {
    folder,
    out: (line) => void said.push(line),
    err: (line) => void said.push(line),
    ...(answers
      ? {
          ask: async (question: string) => {
            asked.push(question);
            return left.shift() ?? "";
          },
        }
      : {}),
  });
  return { code, said: said.join("\n"), asked };
}

describe("npm run stage", () => {
  test("writes a file that synth takes, from flags alone", async () => {
    const more = [
      "--region",
      "us-east-1",
      "--email",
      "ops@example.com",
      "--lambda-concurrency",
      "1000",
      "--federation",
      "yes",
    ];
    expect(await make(["production", ...enough, ...more])).toMatchObject({ code: 0 });
    expect(readStage(folder, "production")).toMatchObject({
      name: "production",
      account: "111122223333",
      region: "us-east-1",
      trustDomain: "agents.example.com",
      lambdaConcurrency: 1_000,
      outboundIdentityFederation: true,
      alarms: { enabled: true, email: "ops@example.com" },
      operators: {
        read: ["role/Operator"],
        write: ["role/Operator"],
        revoke: ["role/Operator"],
        rotate: ["role/Operator"],
      },
    });
  });

  test("asks each question once, and takes what stands in brackets for an empty answer", async () => {
    const { code, asked } = await make(
      ["production"],
      ["111122223333", "", "agents.example.com", "role/A, role/B", "", "", ""],
    );
    expect([code, asked.length]).toEqual([0, questions.length]);
    expect(readStage(folder, "production")).toMatchObject({
      region: "eu-west-1",
      lambdaConcurrency: 10,
      outboundIdentityFederation: false,
      operators: { read: ["role/A", "role/B"] },
    });
  });

  test("asks only what no flag said", async () => {
    const { asked } = await make(["production", ...enough], ["", "", "", ""]);
    expect(asked).toHaveLength(questions.length - 3);
  });

  test("names every flag that is missing where nobody can answer, and writes nothing", async () => {
    const { code, said } = await make(["production"]);
    expect(code).toBe(2);
    for (const flag of ["--account", "--trust-domain", "--operators"]) expect(said).toContain(flag);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("never overwrites a file unless told to", async () => {
    writeFileSync(join(folder, "production.json"), "mine");
    const { code, said } = await make(["production", ...enough]);
    expect([code, readFileSync(join(folder, "production.json"), "utf8")]).toEqual([1, "mine"]);
    expect(said).toContain("--force");
    expect((await make(["production", ...enough, "--force"])).code).toBe(0);
    expect(readStage(folder, "production").account).toBe("111122223333");
  });

  test.each<[string, string[], RegExp]>([
    ["an account of eleven digits", ["--account", "11112222333"], /account/],
    ["a Region without function URLs", ["--region", "ca-west-1"], /no Lambda function URLs/],
    ["a trust domain with a scheme", ["--trust-domain", "spiffe://x"], /trustDomain/],
    ["an operator that is no role", ["--operators", "arn:aws:iam::111122223333:user/ada"], /operators/],
    ["an e-mail address that is none", ["--email", "ops"], /email/],
    ["a concurrency that is no number", ["--lambda-concurrency", "many"], /lambdaConcurrency/],
    ["federation by neither yes nor no", ["--federation", "perhaps"], /outboundIdentityFederation/],
  ])("refuses %s as synth would, and writes nothing", async (_, flags, reason) => {
    const { code, said } = await make(["production", ...enough, ...flags]);
    expect(code).toBe(1);
    expect(said).toMatch(reason);
    expect(readdirSync(folder)).toEqual([]);
  });

  test.each(["../production", "Production", "x"])("refuses a name that no stage has: %s", async (name) => {
    expect((await make([name, ...enough])).code).toBe(1);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("explains itself, and refuses flags it does not know", async () => {
    expect((await make(["--help"])).said).toContain("--trust-domain");
    expect((await make(["production", "--acount", "1"])).code).toBe(2);
    expect((await make(["one", "two"])).code).toBe(2);
  });
});
