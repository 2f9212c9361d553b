import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { run } from "../../bin/lanyard/program.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lanyard-aws-credentials-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function lanyard(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = { out: (line: string) => void out.push(line), err: (line: string) => void err.push(line) };
  const code = await run(["aws-credentials", ...args], { terminal, env, folder });
  return { code, out: out.join("\n"), err: err.join("\n") };
}

const wanted = ["--resource", "https://files.example", "--scope", "files:read"];
const whole = ["--agent", "spiffe://a.example/agent/a", "--issuer", "http://127.0.0.1:9", ...wanted];

describe("lanyard aws-credentials", () => {
  test.each<[string, readonly string[], RegExp]>([
    ["no agent", wanted, /which agent\? .*LANYARD_AGENT/],
    ["no deployment", ["--agent", "a", ...wanted], /which deployment\? .*LANYARD_ISSUER/],
    ["no resource", ["--agent", "a", "--scope", "files:read"], /--resource/],
    ["no scope", ["--agent", "a", "--resource", "https://files.example"], /--scope/],
    ["no Region", whole, /which Region's STS\?/],
    ["evidence that it cannot make", [...whole, "--evidence", "aws-nitro-enclave"], /aws-nitro-enclave.*invalid/],
    ["evidence from a file without the file", [...whole, "--evidence", "projected-token"], /needs --token-file/],
    ["a life that is no number", [...whole, "--lifetime", "1h"], /--lifetime is a number of seconds/],
    [
      "a life that STS gives no role for",
      [...whole, "--region", "eu-west-1", "--own-role", "--lifetime", "60"],
      /--own-role is 900 to 3600/,
    ],
    [
      "a role of its own without a Region to take it in",
      [...whole, "--evidence", "github-actions", "--own-role"],
      /which Region's STS\?/,
    ],
    ["details that are no list", [...whole, "--details", '{"type":"t"}'], /--details is a JSON array/],
    ["details that are no JSON", [...whole, "--details", "t"], /--details is a JSON array/],
  ])("is not called right with %s: code 2, and nothing on standard output", async (_, args, message) => {
    const said = await lanyard(args);
    expect(said).toMatchObject({ code: 2, out: "" });
    expect(said.err).toMatch(message);
  });

  test("says what is missing as JSON where that is asked for", async () => {
    const { code, out } = await lanyard([...wanted, "--json"]);
    expect(code).toBe(2);
    expect(JSON.parse(out)).toMatchObject({ ok: false, message: expect.stringContaining("which agent?") });
  });

  test("takes agent and deployment from the environment", async () => {
    const env = {
      LANYARD_AGENT: "spiffe://a.example/agent/a",
      LANYARD_ISSUER: "http://127.0.0.1:9",
      AWS_REGION: "eu-west-1",
    };
    const { code, out, err } = await lanyard(wanted, env);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toMatch(/metadata: unreachable/);
  });

  test("asks for a person's token that is there", async () => {
    const args = [...whole, "--region", "eu-west-1", "--id-token-file", join(folder, "none")];
    expect(await lanyard(args)).toMatchObject({ code: 2, err: expect.stringContaining("cannot be read") });
  });

  test("never calls a local run that is over", async () => {
    mkdirSync(join(folder, ".lanyard"));
    const credentials = { accessKeyId: "ASIA", secretAccessKey: "s", sessionToken: "t" };
    const local = {
      ...{ pid: 2 ** 22 + 1, issuer: "http://127.0.0.1:9", admin: "a", adminWrite: "w", adminRead: "r" },
      aws: { endpoint: "http://127.0.0.1:9", region: "eu-west-1" },
      operator: { credentials },
      deployment: { trustDomain: "lanyard.local", variables: {} },
      agents: { planner: { id: "spiffe://lanyard.local/agent/planner", credentials } },
    };
    writeFileSync(join(folder, ".lanyard/endpoints.json"), JSON.stringify(local));
    const said = await lanyard(["--agent", "planner", ...wanted]);
    expect(said).toMatchObject({ code: 1, out: "" });
    expect(said.err).toContain("left behind by a local run that is over");
  });
});
