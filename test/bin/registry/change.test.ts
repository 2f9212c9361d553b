import { cp, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { supportDesk } from "../../kit/example.ts";
import { openDeployment } from "../deployment.ts";

let deployment: Awaited<ReturnType<typeof openDeployment>>;
beforeEach(async () => {
  deployment = await openDeployment();
  expect((await deployment.lanyard(["apply", supportDesk])).code).toBe(0);
});
afterEach(() => deployment.close());

const lanyard: typeof deployment.lanyard = (args, more) => deployment.lanyard(args, more);
const versionNow = async () => JSON.parse((await lanyard(["status", "--json"])).out).registryVersion;

/** A copy of the example with a text of one file replaced. */
async function edited(file: string, from: string, to: string): Promise<string> {
  const folder = await mkdtemp(join(deployment.folder, "registry-"));
  await cp(supportDesk, folder, { recursive: true });
  const text = await readFile(join(folder, file), "utf8");
  await writeFile(join(folder, file), text.replace(from, to));
  return folder;
}

describe("apply", () => {
  test("shows every value that changes, and with --dry-run changes none", async () => {
    const folder = await edited("agents/triage.yaml", "maxDepth: 1", "maxDepth: 2");
    const planned = await lanyard(["apply", folder, "--dry-run"]);
    expect(planned).toMatchObject({ code: 0, err: "" });
    expect(planned.out).toContain("~ agent triage\n    maxDepth: 1 → 2");
    expect(planned.out).toContain("nothing was changed");
    expect(await versionNow()).toBe(1);
  });

  test("of two people with one plan each, the second is told to look again", async () => {
    const folder = await edited("agents/triage.yaml", "maxDepth: 1", "maxDepth: 2");
    const both = await Promise.all([lanyard(["apply", folder]), lanyard(["apply", folder])]);
    const codes = both.map(({ code }) => code).sort();
    // whoever came second either saw the first one's work, or is refused: nothing is written twice
    expect(codes[0]).toBe(0);
    expect(await versionNow()).toBe(2);
    for (const { code, err } of both) if (code !== 0) expect(err).toContain("somebody else applied meanwhile");
  });
});

describe("suspend, activate and retire", () => {
  test("change one agent's state as a new version and say so", async () => {
    const { code, out } = await lanyard(["suspend", "researcher", "--reason", "odd behaviour", "--yes"]);
    expect(code).toBe(0);
    expect(out).toBe(
      '~ agent researcher\n    state: "active" → "suspended"\nthe registry is at version 2, live at the next request',
    );
    const again = await lanyard(["activate", "researcher", "--reason", "mended", "--json"]);
    expect(JSON.parse(again.out)).toMatchObject({ ok: true, version: 3, changed: [{ name: "agent researcher" }] });
  });

  test("take an agent's SPIFFE ID for its name", async () => {
    const id = "spiffe://agents.support-desk.example/agent/researcher";
    expect((await lanyard(["suspend", id, "--reason", "r", "--dry-run"])).out).toContain("nothing was changed");
    expect(await versionNow()).toBe(1);
  });

  test.each([
    [["suspend", "ghost", "--reason", "r"], 1, "refused"],
    [["suspend", "../planner", "--reason", "r"], 2, "no agent's name"],
    [["suspend", "planner"], 2, "--reason"],
  ])("%j ends with %i", async (args, code, message) => {
    const ended = await lanyard(args);
    expect(ended.code).toBe(code);
    expect(ended.err).toContain(message);
    expect(await versionNow()).toBe(1);
  });

  test("bring no retired agent back, and say why", async () => {
    await lanyard(["retire", "triage", "--reason", "replaced"]);
    const { code, err } = await lanyard(["activate", "triage", "--reason", "r"]);
    expect(code).toBe(1);
    expect(err).toContain("agent triage: state: an agent that is retired cannot become active");
  });
});

describe("rollback", () => {
  test("makes an earlier version's registrations a new version", async () => {
    await lanyard(["apply", await edited("agents/triage.yaml", "maxDepth: 1", "maxDepth: 2")]);
    const { code, out } = await lanyard(["rollback", "--to", "1", "--reason", "too deep", "--yes"]);
    expect(code).toBe(0);
    expect(out).toContain("maxDepth: 2 → 1");
    expect(await versionNow()).toBe(3);
  });

  test.each([
    ["99", 1],
    ["0", 2],
    ["one", 2],
  ])("to %s ends with %i", async (to, code) => {
    expect((await lanyard(["rollback", "--to", to, "--reason", "r"])).code).toBe(code);
  });
});

describe("every change", () => {
  test.each([
    [["apply", supportDesk, "--yes"]],
    [["apply", supportDesk, "--dry-run", "--json"]],
    [["suspend", "researcher", "--reason", "r", "--yes"]],
    [["retire", "researcher", "--reason", "r"]],
    [["rollback", "--to", "1", "--reason", "r", "--json"]],
  ])("%j is not told of as made where something else is answered", async (args) => {
    await deployment.write({ adminWrite: `${deployment.origin}/elsewhere/` });
    for (const answer of [{}, { version: 2, base: 1 }, { version: "2", base: 1, difference: {} }]) {
      deployment.admin.answer = answer;
      const { code, out, err } = await lanyard(args);
      expect([code, args.includes("--json") ? "" : out]).toEqual([1, ""]);
      expect(`${out}${err}`).toContain("admin-write answered no change of the registry");
    }
  });

  test("is planned, shown, asked about and made in this order; in an emergency --yes makes it at once", async () => {
    const folder = await edited("agents/triage.yaml", "maxDepth: 1", "maxDepth: 2");
    const [put, patch] = ["PUT /write/registry", "PATCH /write/agents/researcher"];
    const wide = { columns: 80 };
    const asked = await lanyard(["apply", folder], wide);
    expect(asked.err).toContain("~ agent triage");
    expect(asked.out).toBe("the registry is at version 2, live at the next request");
    expect(deployment.asked.filter((one) => one.includes("/write/"))).toEqual([put, put]);
    expect(deployment.questions).toEqual(["Apply 1 change to version 1?"]);
    const refused = await lanyard(["suspend", "researcher", "--reason", "r"], { ...wide, answer: false });
    expect(refused).toMatchObject({ code: 1, out: "" });
    expect(deployment.asked.filter((one) => one.includes("/write/"))).toEqual([patch]);
    const urgent = await lanyard(["suspend", "researcher", "--reason", "r", "--yes"], wide);
    expect(urgent.out).toContain('state: "active" → "suspended"');
    expect(deployment.questions).toEqual([]);
    expect(deployment.asked.filter((one) => one.includes("/write/"))).toEqual([patch]);
    // nothing is left to do, so nobody is asked
    await lanyard(["apply", folder, "--dry-run"], wide);
    await lanyard(["suspend", "researcher", "--reason", "r"], wide);
    expect(deployment.questions).toEqual([]);
    expect(await versionNow()).toBe(3);
  });
});
