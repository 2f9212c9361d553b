import { mkdtempSync, writeFileSync } from "node:fs";
import { cp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { run } from "../../../bin/lanyard/program.ts";
import { askedColumn } from "../../../core/audit/columns.ts";
import type { PolicyQuestion } from "../../../core/model/decision.ts";
import { supportDesk, variables } from "../../kit/example.ts";
import { openDeployment } from "../deployment.ts";

const scratch = mkdtempSync(join(tmpdir(), "lanyard-policy-"));
afterAll(() => rm(scratch, { recursive: true }));
const set = Object.entries(variables).flatMap(([name, value]) => ["--set", `${name}=${value}`]);

/** Runs a command line in an empty folder, with nothing in its environment. */
async function lanyard(...args: readonly string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = { out: (line: string) => void out.push(line), err: (line: string) => void err.push(line) };
  const code = await run(args, { terminal, env: {}, folder: scratch });
  return { code, out: out.join("\n"), err: err.join("\n"), json: () => JSON.parse(out.join("")) };
}

/** A copy of the example with one file more, or changed. */
async function copyWith(file: string, text: string): Promise<string> {
  const folder = mkdtempSync(join(scratch, "registry-"));
  await cp(supportDesk, folder, { recursive: true });
  writeFileSync(join(folder, file), text);
  return folder;
}

const policy = (name: string, cedar: string) => `kind: policy\nname: ${name}\ncedar: |\n  ${cedar}\n`;

describe("policy check", () => {
  test("says how many policies are valid, without any deployment", async () => {
    expect(await lanyard("policy", "check", supportDesk, ...set)).toMatchObject({
      code: 0,
      out: "9 policies are valid",
    });
  });

  test.each(["support-desk", "back-office"])(
    "complains of nothing in the example %s with no deployment at hand and nothing told",
    async (example) => {
      const checked = await lanyard("policy", "check", join(supportDesk, "..", example));
      expect(checked).toMatchObject({ code: 0, err: "" });
      expect((await lanyard("policy", "test", join(supportDesk, "..", example))).code).toBe(0);
    },
  );

  test("complains of nothing in support-desk-aws, whose own placeholder is told: production waits for a person", async () => {
    const folder = join(supportDesk, "..", "support-desk-aws");
    const told = ["--set", "releaseRoleId=AROAEXAMPLEEXAMPLE11"];
    expect(await lanyard("policy", "check", folder, ...told)).toMatchObject({ code: 0, err: "" });
    const { code, out } = await lanyard("policy", "test", folder, ...told);
    expect([code, out.match(/^pass {2}release\.test\.yaml/gm)]).toEqual([0, expect.objectContaining({ length: 3 })]);
  });

  test("asks for a placeholder of the folder's own, and names files that are not read", async () => {
    const own = policy("more", 'forbid (principal, action, resource) when { context.agent == Agent::"$OPEN{team}" };');
    const folder = await copyWith("more.yaml", own.replace("$OPEN", "$"));
    expect((await lanyard("policy", "check", folder)).err).toContain("more.yaml:3: nobody gave a value for");
    writeFileSync(join(folder, "guardrails.yaml.bak"), "");
    const checked = await lanyard("policy", "check", folder, "--set", "team=planner", "--json");
    expect(checked.err).toContain("guardrails.yaml.bak");
    expect(checked.json()).toMatchObject({ skipped: ["guardrails.yaml.bak"] });
  });

  test.each([
    ["that do not parse", "permit (principal", "torn.yaml:3"],
    [
      "that name an agent nobody registered",
      'permit (principal == Agent::"ghost", action, resource);',
      'no agent is named "ghost"',
    ],
    [
      "that name a tool no resource has",
      'permit (principal, action, resource == Tool::"wipe");',
      'no resource has the scope "wipe"',
    ],
    [
      "that name a group nobody declares",
      'permit (principal in Group::"people/root", action, resource);',
      'the group "people/root"',
    ],
    [
      "that permit on the agent's own word",
      "permit (principal, action, resource) when { context.asserted has purpose };",
      "own word",
    ],
    [
      "that can never apply",
      'permit (principal == Agent::"planner", action == Action::"lend", resource);',
      "torn.yaml:3",
    ],
  ])("refuses policies %s, with file and line", async (_, cedar, message) => {
    const { code, err } = await lanyard("policy", "check", await copyWith("torn.yaml", policy("torn", cedar)), ...set);
    expect(code).toBe(1);
    expect(err).toContain(message);
    expect(err).toContain("torn.yaml:3");
  });

  test("names the policies that are only logged", async () => {
    const folder = await copyWith("log.yaml", `${policy("later", "forbid (principal, action, resource);")}mode: log\n`);
    expect((await lanyard("policy", "check", folder, "--json", ...set)).json()).toEqual({
      ok: true,
      policies: 10,
      logged: ["later"],
      skipped: [],
    });
  });
});

describe("policy test", () => {
  test("passes the example's own cases", async () => {
    const { code, out } = await lanyard("policy", "test", supportDesk, ...set);
    expect(code).toBe(0);
    expect(out.split("\n").at(-1)).toBe("7 passed, 0 failed");
  });

  test("passes the cases of the back office, whose agents are given very little", async () => {
    const { code, out } = await lanyard("policy", "test", join(supportDesk, "../back-office"), ...set);
    expect(code).toBe(0);
    expect(out.split("\n").at(-1)).toBe("11 passed, 0 failed");
  });

  test("fails a case whose expectation a policy no longer meets, says why, and exits with 1", async () => {
    const folder = await copyWith(
      "shut.yaml",
      policy("shut", 'forbid (principal == Agent::"ticket-api", action, resource);'),
    );
    const { code, out } = await lanyard("policy", "test", folder, ...set);
    expect(code).toBe(1);
    expect(out).toMatch(/FAIL {2}policies\.test\.yaml:51 {2}The ticket API looks.*\n.*forbidden by shut/);
    expect(out).toMatch(/6 passed, 1 failed$/);
  });

  test.each([
    [
      "permitted by another policy than said",
      "expect: permitted\nby: [nobody-delegates-deeper-than-3]",
      "had no part in it",
    ],
    ["refused for another reason than said", "expect: refused\nmissing: principal", "permitted by"],
  ])("fails a case that is %s", async (_, wanted, why) => {
    const ask =
      "ask: { agent: planner, for: { groups: [people/support] }, resource: https://tickets.support-desk.example, scopes: [tickets:read] }";
    const { code, out } = await lanyard(
      "policy",
      "test",
      await copyWith("more.test.yaml", `case: one\n${wanted}\n${ask}\n`),
      ...set,
    );
    expect(code).toBe(1);
    expect(out).toContain(why);
  });

  test("refuses a case with a word it does not know, with file and line", async () => {
    const { code, err } = await lanyard(
      "policy",
      "test",
      await copyWith("odd.test.yaml", "case: one\nexpect: maybe\n"),
      ...set,
    );
    expect(code).toBe(1);
    expect(err).toContain("odd.test.yaml:2: expect");
  });

  test("refuses a folder without cases: nothing tested is no success", async () => {
    const folder = mkdtempSync(join(scratch, "registry-"));
    await cp(supportDesk, folder, { recursive: true, filter: (file) => !file.endsWith(".test.yaml") });
    const { code, err } = await lanyard("policy", "test", folder, ...set);
    expect(code).toBe(1);
    expect(err).toContain("no .test.yaml");
  });
});

describe("policy plan", () => {
  const question = (agent: string, scope: string, more: Partial<PolicyQuestion> = {}): PolicyQuestion => ({
    action: "open",
    agent: `spiffe://deployment.invalid/agent/${agent}`,
    principal: { id: "p_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", kind: "person", groups: ["people/support"] },
    grant: { resource: `https://${scope.split(":")[0]}.support-desk.example`, scopes: [scope], details: [] },
    depth: 0,
    assurance: "fresh",
    evidence: { type: "aws-sts-web-identity", facts: {} },
    nowSeconds: 1_785_542_400,
    asserted: {},
    ...more,
  });
  const event = (uid: string, asked: readonly PolicyQuestion[], denial?: string) =>
    JSON.stringify({
      time: 1_785_542_400_000,
      metadata: { uid },
      unmapped: { lanyard: { asked: asked.map(askedColumn), ...(denial ? { denial: { code: denial } } : {}) } },
    });
  const bucket = (...lines: readonly string[]): string => {
    const folder = mkdtempSync(join(scratch, "bucket-"));
    writeFileSync(join(folder, "a.json.gz"), gzipSync(`${lines.join("\n")}\nnot an event\n`));
    return folder;
  };
  const as = ["policy", "plan", supportDesk, ...set];

  test("finds nothing where every decision stays as it was", async () => {
    const events = bucket(
      event("e1", [question("planner", "customers:read"), question("planner", "customers:notes")]),
      event("e2", [question("researcher", "customers:notes", { action: "redeem", depth: 1 })], "policy_denied"),
    );
    const { code, out } = await lanyard(...as, "--events", events);
    expect(code).toBe(0);
    expect(out).toBe(
      [
        "3 decisions of 2 events replayed: 3 as they were, 0 newly permitted, 0 newly refused",
        "not proved, only replayed: there is no deployment whose policies these would take the place of",
      ].join("\n"),
    );
  });

  test("tells agent by agent what would newly be refused, alike decisions together, and succeeds", async () => {
    const once = [question("triage", "tickets:read", { principal: { id: "spiffe://x", kind: "agent" } })];
    const { code, out } = await lanyard(...as, "--events", bucket(event("e1", once), event("e2", once)));
    expect(code).toBe(0);
    expect(out).toContain(
      "triage\n  - would refuse open at https://tickets.support-desk.example [tickets:read], 2 times",
    );
    expect(out).toContain("(event e1)");
  });

  test("fails when something would newly be permitted, until that is confirmed", async () => {
    const events = bucket(event("e1", [question("planner", "tickets:read")], "policy_denied"));
    const refused = await lanyard(...as, "--events", events);
    expect(refused.code).toBe(1);
    expect(refused.out).toContain("+ would permit open");
    expect(refused.err).toContain("--confirm-widening");
    expect((await lanyard(...as, "--events", events, "--confirm-widening")).code).toBe(0);
    expect((await lanyard(...as, "--events", events, "--json")).json()).toMatchObject({ ok: false, decisions: 1 });
  });

  test("takes a refusal that was not policy's for a permit: policy was asked and had said yes", async () => {
    const events = bucket(event("e1", [question("planner", "tickets:read")], "died_in_flight"));
    expect((await lanyard(...as, "--events", events)).code).toBe(0);
  });

  test("reads the deployment's own audit unless told otherwise, and no folder means the policies that count now", async () => {
    const deployment = await openDeployment();
    try {
      const asked = question("planner", "customers:read", {
        agent: "spiffe://agents.support-desk.example/agent/planner",
      });
      const auditFolder = bucket(event("e1", [asked]));
      await deployment.write({ auditFolder });
      const same = "1 decisions of 1 events replayed: 1 as they were, 0 newly permitted, 0 newly refused";
      const proposed = await deployment.lanyard(["policy", "plan", supportDesk, "--prover", "no-such-prover"]);
      const why = "there is no no-such-prover (docs/policies.md says how to have it)";
      expect(proposed).toEqual({ code: 0, out: `${same}\nnot proved, only replayed: ${why}`, err: "" });
      // nothing was applied yet: the policies that count permit nothing
      const empty = await deployment.lanyard(["policy", "plan"]);
      expect(empty).toMatchObject({ code: 0, out: expect.stringContaining("1 newly refused") });
      expect((await deployment.lanyard(["apply", supportDesk])).code).toBe(0);
      expect(await deployment.lanyard(["policy", "plan"])).toEqual({ code: 0, out: same, err: "" });
    } finally {
      await deployment.close();
    }
  });

  test("without a deployment says what is missing", async () => {
    const noEvents = await lanyard("policy", "plan", supportDesk, ...set);
    expect(noEvents).toMatchObject({ code: 2, err: expect.stringContaining("which deployment's audit?") });
    const noFolder = await lanyard("policy", "plan", "--events", bucket());
    expect(noFolder).toMatchObject({ code: 2, err: expect.stringContaining("which deployment?") });
  });

  test("refuses to call a folder without decisions a success", async () => {
    expect((await lanyard(...as, "--events", bucket())).code).toBe(2);
    expect((await lanyard(...as, "--events", join(scratch, "nowhere"))).code).toBe(2);
  });
});
