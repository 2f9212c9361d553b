import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { cp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../../../bin/lanyard/program.ts";
import { askedColumn } from "../../../core/audit/columns.ts";
import { supportDesk, variables } from "../../kit/example.ts";

const scratch = mkdtempSync(join(tmpdir(), "lanyard-sign-ins-"));
const folder = join(scratch, "registry");
const set = Object.entries(variables).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
const customers = "https://customers.support-desk.example";

async function lanyard(...args: readonly string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = { out: (line: string) => void out.push(line), err: (line: string) => void err.push(line) };
  const code = await run([...args, ...set], { terminal, env: {}, folder: scratch });
  return { code, out: out.join("\n"), err: err.join("\n") };
}

/** The example, where agents work for people who signed in within five minutes. */
beforeAll(async () => {
  await cp(supportDesk, folder, { recursive: true, filter: (file) => !file.endsWith(".test.yaml") });
  const file = join(folder, "policies.yaml");
  const [was, permit] = [readFileSync(file, "utf8"), 'permit (principal, action == Action::"use", resource);'];
  expect(was.split(permit)).toHaveLength(2);
  writeFileSync(file, was.replace(permit, `@max_age("300") ${permit}`));
});
afterAll(() => rm(scratch, { recursive: true }));

describe("policy test, where policy wants a fresh sign-in", () => {
  test.each([
    ["five minutes ago", "{ secondsAgo: 300 }", "permitted"],
    ["a second longer ago", "{ secondsAgo: 301 }", "sign-in"],
    ["nobody knows when", "{}", "sign-in"],
  ])("holds a case of somebody who signed in %s against it", async (_, signIn, outcome) => {
    const ask = `ask: { agent: planner, for: { groups: [people/support] }, resource: ${customers}, scopes: [customers:read], signIn: ${signIn} }`;
    const file = join(folder, "more.test.yaml");
    const tried = async (expected: string) => {
      writeFileSync(file, `case: one\nexpect: ${expected}\n${ask}\n`);
      return lanyard("policy", "test", folder);
    };
    expect(await tried(outcome)).toMatchObject({ code: 0, out: expect.stringContaining("1 passed, 0 failed") });
    expect((await tried("refused")).code).toBe(1);
    expect((await tried(outcome === "permitted" ? "sign-in" : "permitted")).code).toBe(1);
  });
});

describe("policy plan, where policy comes to want a fresh sign-in", () => {
  const asked = askedColumn({
    ...{ action: "open", agent: "spiffe://deployment.invalid/agent/planner", depth: 0, assurance: "fresh" },
    principal: { id: `p_${"a".repeat(32)}`, kind: "person", groups: ["people/support"] },
    grant: { resource: customers, scopes: ["customers:read"], details: [] },
    evidence: { type: "aws-sts-web-identity", facts: {} },
    ...{ nowSeconds: 1_785_542_400, asserted: {} },
  });
  const replayed = async (denial?: object) => {
    const events = mkdtempSync(join(scratch, "bucket-"));
    const lanyardFacts = { asked: [asked], ...(denial ? { denial } : {}) };
    const event = { time: 1_785_542_400_000, metadata: { uid: "e1" }, unmapped: { lanyard: lanyardFacts } };
    writeFileSync(join(events, "a.json.gz"), gzipSync(`${JSON.stringify(event)}\n`));
    return lanyard("policy", "plan", folder, "--events", events);
  };

  test("tells whom it would send to sign in again, which nobody needs to confirm", async () => {
    const { code, out } = await replayed();
    expect(code).toBe(0);
    expect(out).toContain("0 newly permitted, 0 newly refused, 1 newly with another sign-in");
    expect(out).toContain(`? would have the person sign in again for open at ${customers} [customers:read], 1 times`);
  });

  test("takes a request that was told so for one that stays as it was", async () => {
    const { out } = await replayed({ code: "sign_in_insufficient", resources: [customers] });
    expect(out).toContain("1 as they were, 0 newly permitted, 0 newly refused");
    expect(out).not.toContain("sign-in");
  });
});
