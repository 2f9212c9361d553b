import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { supportDesk } from "../kit/example.ts";
import { openDeployment } from "./deployment.ts";

let deployment: Awaited<ReturnType<typeof openDeployment>>;
beforeEach(async () => {
  deployment = await openDeployment();
});
afterEach(() => deployment.close());

const lanyard: typeof deployment.lanyard = (args, more) => deployment.lanyard(args, more);
const sid = "AAAAAAAAAAAAAAAAAAAAAA";

describe("apply and status", () => {
  test("applies the example, says what changed, then says there is nothing to change", async () => {
    const first = await lanyard(["apply", supportDesk]);
    expect(first.code).toBe(0);
    expect(first.out).toContain("+ agent planner");
    expect(first.out).toContain("version 1");
    const again = await lanyard(["apply", supportDesk, "--json"]);
    expect(again.code).toBe(0);
    expect(JSON.parse(again.out)).toEqual({ ok: true, version: 1, base: 1, added: [], changed: [], removed: [] });
    const status = await lanyard(["status", "--json"]);
    expect(status.code).toBe(0);
    expect(JSON.parse(status.out)).toMatchObject({
      issuerAnswers: true,
      registryVersion: 1,
      registrations: { agent: 5 },
    });
  });

  test("refuses a bad folder with code 1, file and line, and JSON when asked", async () => {
    await writeFile(join(deployment.folder, "bad.yaml"), "kind: policy\nname: x\ncedar: permit\nsudo: 1\n");
    const plain = await lanyard(["apply", deployment.folder]);
    expect(plain.code).toBe(1);
    expect(plain.err).toContain("bad.yaml:4: sudo:");
    const asJson = await lanyard(["apply", deployment.folder, "--json"]);
    expect(JSON.parse(asJson.out)).toMatchObject({ ok: false, code: "registry_invalid", problems: [{ line: 4 }] });
  });

  test("status ends with code 1 while no registry was applied", async () => {
    expect(await lanyard(["status"])).toMatchObject({ code: 1, err: "no registry was applied yet" });
  });
});

describe("revoke and lift", () => {
  test.each([
    [["revoke", "--session", sid], { revoke: { session: sid }, reason: "r" }],
    [
      ["revoke", "--agent", "researcher"],
      { revoke: { agent: "spiffe://agents.support-desk.example/agent/researcher" }, reason: "r" },
    ],
    [
      ["revoke", "--agent", "spiffe://x.example/agent/a"],
      { revoke: { agent: "spiffe://x.example/agent/a" }, reason: "r" },
    ],
    [["revoke", "--principal", "p_x", "--cut-only"], { revoke: { principal: "p_x" }, reason: "r", cutOnly: true }],
    [["revoke", "--build", "sha256:1", "--unseen"], { revoke: { build: "sha256:1" }, reason: "r", unseen: true }],
    [["revoke", "--build", "sha256:0"], { revoke: { build: "sha256:0" }, reason: "r" }],
    [["revoke", "--deployment", "--yes"], { revoke: { deployment: "agents.support-desk.example" }, reason: "r" }],
    [["lift", "--session", sid], { lift: { session: sid }, reason: "r" }],
    [
      ["lift", "--agent", "researcher"],
      { lift: { agent: "spiffe://agents.support-desk.example/agent/researcher" }, reason: "r" },
    ],
    [
      ["quarantine", "--agent", "researcher"],
      { revoke: { agent: "spiffe://agents.support-desk.example/agent/researcher" }, reason: "r", quarantine: true },
    ],
    [
      ["lift", "--agent", "researcher", "--quarantine"],
      { lift: { agent: "spiffe://agents.support-desk.example/agent/researcher" }, reason: "r", quarantine: true },
    ],
  ])("%j sends a signed order for service lambda", async (args, body) => {
    expect((await lanyard([...args, "--reason", "r"])).code).toBe(0);
    expect(deployment.admin.calls).toEqual([{ service: "lambda", region: "eu-west-1", body }]);
  });

  test("says after a lift what of block and quarantine is still in force, and how that is lifted", async () => {
    deployment.admin.answer = { lifted: { agent: "x" }, blocked: true, quarantined: false };
    const { out } = await lanyard(["lift", "--agent", "researcher", "--quarantine", "--reason", "r"]);
    expect(out).toMatch(/no longer quarantined.*STILL BLOCKED until lanyard lift --agent \S+researcher$/m);
    deployment.admin.answer = { lifted: { agent: "x" }, blocked: false, quarantined: true };
    const lifted = (await lanyard(["lift", "--agent", "researcher", "--reason", "r"])).out;
    expect(lifted).toMatch(
      /no longer blocked.*STILL QUARANTINED until lanyard lift --agent \S+researcher --quarantine$/m,
    );
    deployment.admin.answer = { lifted: { agent: "x" }, blocked: false, quarantined: false };
    expect((await lanyard(["lift", "--agent", "researcher", "--reason", "r"])).out).not.toContain("STILL");
  });

  test("says what a denylisted login means, and how to take a false alarm back", async () => {
    deployment.admin.answer = { revoked: { session: sid }, found: true, burnt: true };
    const { out } = await lanyard(["revoke", "--session", sid, "--reason", "r"]);
    expect(out).toContain(`lanyard lift --session ${sid}`);
    deployment.admin.answer = { lifted: { session: sid }, over: true };
    expect((await lanyard(["lift", "--session", sid, "--reason", "r"])).out).toContain("the session stays over");
  });

  test("prints the answer as JSON, and a refusal as JSON with code 1", async () => {
    deployment.admin.answer = { revoked: { session: sid }, found: true };
    const done = await lanyard(["revoke", "--session", sid, "--reason", "r", "--json"]);
    const { deployment: named, ...rest } = JSON.parse(done.out);
    expect(rest).toEqual({ ok: true, revoked: { session: sid }, found: true });
    expect(named).toMatchObject({ profile: "local", trustDomain: "agents.support-desk.example" });
    Object.assign(deployment.admin, { status: 403, answer: { error: "access_denied", error_description: "no" } });
    const refused = await lanyard(["revoke", "--session", sid, "--reason", "r", "--json"]);
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.out)).toMatchObject({
      ok: false,
      message: "refused: no",
      status: 403,
      error: "access_denied",
    });
  });

  test("asks before the whole deployment, and without an answer does nothing", async () => {
    const args = ["revoke", "--deployment", "--reason", "r"];
    expect((await lanyard(args, { answer: "nobody" })).code).toBe(2);
    expect((await lanyard(args, { answer: false })).code).toBe(1);
    expect(deployment.admin.calls).toEqual([]);
    expect((await lanyard(args, { answer: true })).code).toBe(0);
    expect(deployment.admin.calls).toHaveLength(1);
  });

  test("sends the operator's session token to no host in clear", async () => {
    await deployment.write({ admin: "http://admin.example/" });
    const refused = await lanyard(["revoke", "--session", sid, "--reason", "r"]);
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining("must be https") });
  });

  test("says what cannot be reached", async () => {
    await deployment.write({ admin: "http://127.0.0.1:1/" });
    const refused = await lanyard(["revoke", "--session", sid, "--reason", "r"]);
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining("cannot be reached") });
  });
});

describe("a command that is not called right ends with code 2 and sends nothing", () => {
  test.each([
    [[]],
    [["frobnicate"]],
    [["revoke", "--session", sid]],
    [["revoke", "--reason", "r"]],
    [["revoke", "--session", sid, "--agent", "a", "--reason", "r"]],
    [["lift", "--session", sid, "--agent", "a", "--reason", "r"]],
    [["apply"]],
    [["apply", "x", "--set", "novalue"]],
    [["status", "--profile", "moon"]],
    [["status", "--nope"]],
    [["status", "--outputs", "nowhere.json"]],
  ])("%j", async (args) => {
    const ended = await lanyard(args as string[]);
    expect(ended.code).toBe(2);
    expect(ended.err).not.toBe("");
    expect(deployment.admin.calls).toEqual([]);
  });

  test("without any deployment it names what is missing", async () => {
    const ended = await lanyard(["status"], { folder: tmpdir() });
    expect(ended).toMatchObject({ code: 2, err: expect.stringContaining("LANYARD_TRUST_DOMAIN") });
  });
});

test("--help ends with code 0 and shows examples and exit codes", async () => {
  const help = await lanyard(["--help"]);
  expect(help.code).toBe(0);
  expect(help.out).toContain("lanyard revoke --agent researcher");
  expect(help.out).toContain("Exit codes");
});
