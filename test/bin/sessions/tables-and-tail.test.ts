import { execFileSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, test } from "vitest";
import { plain } from "../../../bin/lanyard/terminal/plain.ts";
import { table } from "../../../bin/lanyard/terminal/table.ts";
import type { AuditFacts } from "../../../core/audit/record.ts";
import { toRecord } from "../../kit/records.ts";
import { agentId } from "../../kit/registry.ts";
import { deployment, lanyard, setUp } from "../reading-ground.ts";

setUp();

describe("audit tail", () => {
  const facts = (more: Partial<AuditFacts> = {}): AuditFacts => ({
    operation: "session.open",
    outcome: "allowed",
    timeMillis: Date.now() - 60_000,
    requestId: "r",
    agent: agentId("planner"),
    actors: [agentId("planner")],
    principal: "p_abcdefghijklmnopqrstuvwxyz234567",
    session: { sid: "S".repeat(22), root: "R".repeat(22), depth: 1 },
    ...more,
  });
  const put = async (name: string, ...all: readonly [string, AuditFacts][]) => {
    const folder = join(deployment.folder, "audit/audit/dt=2026-11-24");
    await mkdir(folder, { recursive: true });
    const lines = all.map(([id, each]) => toRecord(each, id).body).join("\n");
    await writeFile(join(folder, name), gzipSync(`${lines}\nnot an event\n`));
  };

  test("shows events oldest first, each once however often it lies there, and skips what is none", async () => {
    await put(
      "a.gz",
      ["late", facts({ purpose: "x" })],
      ["first", facts({ timeMillis: Date.now() - 120_000, operation: "attest" })],
    );
    await put("b.gz", ["late", facts()]);
    const { out, code } = await lanyard(["audit", "tail"]);
    expect(code).toBe(0);
    expect(out.split("\n").map((line) => line.split(/ {2,}/)[2])).toEqual(["attest", "session.open"]);
    const whole = (await lanyard(["audit", "tail", "--json"])).out
      .split("\n")
      .map((line) => JSON.parse(line).metadata.uid);
    expect(whole).toEqual(["first", "late"]);
  });

  test.each([
    [["--session", "R".repeat(22)], 1],
    [["--session", "X".repeat(22)], 0],
    [["--agent", "planner"], 1],
    [["--agent", "researcher"], 0],
    [["--principal", "p_abcdefghijklmnopqrstuvwxyz234567"], 1],
    [["--denied"], 0],
    [["--since", "30s"], 0],
  ])("with %j it shows %i", async (args, count) => {
    await put("a.gz", ["one", facts()]);
    const { out } = await lanyard(["audit", "tail", ...args]);
    expect(out === "" ? 0 : out.split("\n").length).toBe(count);
  });

  test("a refusal tells why, and what a stranger wrote stays on its line", async () => {
    await put("a.gz", [
      "one",
      facts({ outcome: "denied", denial: { code: "offer_unknown" }, reason: "a\u001b[2J\nb" }),
    ]);
    const { out } = await lanyard(["audit", "tail", "--denied"]);
    expect(out).toMatch(/DENIED .* because offer_unknown/);
    expect(out.split("\n").length).toBe(1);
    expect(out).not.toContain("\u001b");
  });
});

describe("tables", () => {
  const shape = [
    { title: "ID", of: (row: { id: string }) => row.id, whole: true as const },
    { title: "WHAT", of: (row: { what: string }) => row.what },
  ];
  property.prop([
    fc.array(fc.record({ id: fc.string({ maxLength: 22 }), what: fc.string({ maxLength: 200 }) }), { minLength: 1 }),
    fc.integer({ min: 40, max: 200 }),
  ])("fit the terminal, keep ids whole, and hold one line a row", (rows, columns) => {
    const lines = table(rows, shape as never, columns);
    expect(lines.length).toBe(rows.length + 1);
    for (const line of lines) expect([...line].length).toBeLessThanOrEqual(columns);
    for (const [at, row] of rows.entries()) expect(lines[at + 1]?.startsWith(plain(row.id).trimEnd())).toBe(true);
  });

  test("nothing is cut where a program reads along", () => {
    expect(table([{ id: "a", what: "x".repeat(500) }], shape as never)[1]).toContain("x".repeat(500));
  });
});

describe("completion", () => {
  const complete = async (...words: readonly string[]) => {
    const script = join(deployment.folder, "lanyard.bash");
    await writeFile(script, (await lanyard(["completion", "bash"])).out);
    const quoted = words.map((word) => `'${word}'`).join(" ");
    const line = `source ${script}; COMP_WORDS=(lanyard ${quoted}); COMP_CWORD=${words.length}; _lanyard; echo "\${COMPREPLY[*]}"`;
    return execFileSync("bash", ["--norc", "-c", line], { cwd: deployment.folder, encoding: "utf8" }).trim().split(" ");
  };

  test("bash offers commands, commands below commands, and the options of the one that was reached", async () => {
    expect(await complete("")).toEqual(expect.arrayContaining(["apply", "sessions", "completion", "policy"]));
    expect(await complete("policy", "")).toEqual(["check", "test", "plan", "--help"]);
    expect(await complete("policy", "plan", "--e")).toEqual(["--events"]);
    expect(await complete("sessions", "--agent", "policy", "--pri")).toEqual(["--principal"]);
    expect(await complete("revoke", "--reason", "policy", "--dry")).toEqual(["--dry-run"]);
  });

  test.each(["bash", "zsh", "fish"])("%s: every command and option of the program stands in it", async (shell) => {
    const { out } = await lanyard(["completion", shell]);
    for (const word of ["principals", "audit", "dry-run", "confirm-widening", "trust-domain", "emergency"])
      expect(out).toContain(word);
    // zsh ties `path` to PATH: a script that sets it takes every program away
    expect(out).not.toMatch(/local path\b/);
  });
});
