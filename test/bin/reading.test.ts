import { execFileSync } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { fc, test as property } from "@fast-check/vitest";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { plain } from "../../bin/lanyard/plain.ts";
import { table } from "../../bin/lanyard/table.ts";
import { toRecord } from "../../core/audit/ocsf.ts";
import type { AuditFacts } from "../../core/audit/record.ts";
import { decodeUnverified } from "../../core/jose/jwt.ts";
import { openReading, type Reading } from "../admin/reading.ts";
import { agentId, trustDomain } from "../kit/registry.ts";
import { openDeployment } from "./deployment.ts";

let deployment: Awaited<ReturnType<typeof openDeployment>>;
let reading: Reading;
beforeEach(async () => {
  deployment = await openDeployment();
  reading = await openReading();
  // the command's clock is the machine's: the sessions it is shown must live now
  reading.world.time.seconds = Math.floor(Date.now() / 1000);
  deployment.read.answer = (target) => reading.get(target);
  await deployment.write({ deployment: { variables: {}, trustDomain } });
});
afterEach(() => deployment.close());

const lanyard: typeof deployment.lanyard = (args, more) => deployment.lanyard(args, more);
/** What could move a terminal's cursor, or turn its writing around. */
const hostile = ["\u001b", "\r", "\u202e"];
const sidOf = (token: string) => String(decodeUnverified(token)?.payload.sid);
const json = async (...args: readonly string[]) => JSON.parse((await lanyard([...args, "--json"])).out);

describe("what is looked at", () => {
  test("agents, with state and block, and one with what it can do", async () => {
    await reading.world.order({ revoke: { agent: agentId("researcher") }, reason: "r" });
    const { code, out } = await lanyard(["agents"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^researcher +active, BLOCKED /m);
    expect(out).toMatch(/^sleeper +suspended /m);
    const one = await lanyard(["agents", "sleeper"]);
    expect(one.out).toContain("GETS NOTHING its state is suspended");
    expect(one.out).toMatch(/tickets:read +people by support-lends +nothing +no policy permits the principal/);
    expect(await json("agents", agentId("planner"))).toMatchObject({ ok: true, name: "planner" });
  });

  test("an unknown agent is refused with code 1", async () => {
    expect((await lanyard(["agents", "nobody"])).code).toBe(1);
    expect((await lanyard(["agents", "../registry"])).code).toBe(1);
  });

  test("sessions as a table and as a tree, each child under its parent", async () => {
    const root = await reading.open();
    const child = await reading.handOn("planner", root, "researcher");
    const listed = await lanyard(["sessions", "--agent", "researcher"]);
    expect(listed.out).toContain(sidOf(child));
    expect(listed.out).not.toContain(`\n${sidOf(root)}`);
    const lines = (await lanyard(["sessions", "--agent", "researcher", "--tree"])).out.split("\n");
    expect(lines[0]).toMatch(new RegExp(`^${sidOf(root)}  planner .* for person p_`));
    expect(lines[1]).toMatch(new RegExp(`^└─ ${sidOf(child)}  researcher  tickets:read  ends in 1[45] min`));
    expect(lines[2]).toBe("2 living sessions");
  });

  test("without a subject every living session, and none twice", async () => {
    for (const person of ["a", "b", "c"]) await reading.handOn("planner", await reading.open(person), "researcher");
    const { sessions } = await json("sessions");
    expect(sessions.length).toBe(6);
    expect(new Set(sessions.map(({ sid }: { sid: string }) => sid)).size).toBe(6);
  });

  test("a list costs as many calls as it has pages, however many trees and agents are in it", async () => {
    for (let n = 0; n < 12; n++) await reading.handOn("planner", await reading.open(`p${n}`), "researcher");
    const calls = async (...args: readonly string[]) => {
      expect((await lanyard(args)).code).toBe(0);
      return deployment.asked.length;
    };
    for (const args of [
      ["sessions"],
      ["sessions", "--tree"],
      ["sessions", "--agent", "researcher"],
      ["sessions", "--agent", "researcher", "--tree"],
      ["sessions", "--agent", "researcher", "--tree", "--dead"],
      ["agents"],
      ["agents", "planner"],
      ["principals"],
      ["revoke", "--agent", "planner", "--dry-run"],
      ["status"],
    ])
      expect([args, await calls(...args)]).toEqual([args, 1]);
    expect((await json("sessions")).sessions).toHaveLength(24);
    expect((await json("sessions", "--agent", "researcher", "--tree")).sessions).toHaveLength(24);
  });

  test("a hundred and more show how far they are, and all of them", async () => {
    for (let n = 0; n < 103; n++) await reading.open(`p${n}`);
    const { out } = await lanyard(["sessions", "--agent", "planner"]);
    expect(out).toContain("103 living sessions");
    expect(deployment.progress).toEqual(["100 so far…"]);
  });

  test("why a session is over, and that an idle one is", async () => {
    const root = await reading.open();
    await reading.world.order({ revoke: { session: sidOf(root) }, reason: "r" });
    expect((await lanyard(["sessions", "--agent", "planner"])).out).toBe("there are no such sessions now");
    expect((await lanyard(["sessions", "--agent", "planner", "--dead"])).out).toContain(
      `OVER: session ${sidOf(root)} was revoked`,
    );
    const idle = await reading.open("eve");
    await reading.put(
      (await reading.registry.rows(1)).map((row) =>
        row.name === "planner" && row.kind === "agent" ? { ...row, state: "suspended" } : row,
      ),
    );
    expect((await lanyard(["story", sidOf(idle)])).out).toContain("IDLE, planner not active");
  });

  test("principals beside the agents that act on them, added up over pages", async () => {
    for (let n = 0; n < 101; n++) await reading.open("ada");
    await reading.handOn("planner", await reading.open("ada"), "researcher");
    const { principals } = await json("principals");
    expect(principals.length).toBe(1);
    expect(principals[0].agents).toMatchObject([
      { agent: agentId("planner"), sessions: 102 },
      { agent: agentId("researcher"), sessions: 1 },
    ]);
  });

  test("one session's story, by either command, whatever its id begins with", async () => {
    const root = await reading.open();
    await reading.offer("planner", root, "triage");
    const { out } = await lanyard(["story", sidOf(root)]);
    expect(out).toContain("offer     to triage: open, ends in");
    expect(out).toContain("may end   planner; operators: lanyard revoke --session");
    expect((await lanyard(["sessions", sidOf(root)])).out).toBe(out);
    const dashed = `-${"A".repeat(21)}`;
    for (const args of [
      ["story", dashed],
      ["sessions", dashed, "--json"],
      ["story", `--${"B".repeat(20)}`],
    ]) {
      const { code, out: said, err } = await lanyard(args);
      expect([code, said + err]).toEqual([2, expect.stringContaining("there is no session")]);
    }
  });

  test.each([
    [["sessions", "--agent", "a", "--root", "A".repeat(22)], "at most one"],
    [["sessions", "A".repeat(22), "--agent", "a"], "at most one"],
    [["sessions", "--dead"], "--dead needs"],
    [["story", "x"], "no session's id"],
    [["story"], "missing required argument"],
    [["sessions", "--agent"], "argument missing"],
    [["completion", "csh"], "bash, zsh, fish"],
    [["audit", "tail", "--since", "yesterday"], "--since is like"],
  ])("%j is code 2 and says why", async (args, why) => {
    const { code, err } = await lanyard(args);
    expect(code).toBe(2);
    expect(err).toContain(why);
  });

  test("an agent's own words cannot write on the operator's terminal", async () => {
    const purpose = "ok\u001b[2K\u001b[1A\rrevoked\u202eevil\nsid";
    await reading.open("ada", { purpose });
    for (const args of [
      ["sessions", "--agent", "planner"],
      ["sessions", "--tree"],
    ]) {
      const { out } = await lanyard(args);
      for (const sign of hostile) expect(out).not.toContain(sign);
    }
    const { sessions } = await json("sessions", "--agent", "planner");
    const told = (await lanyard(["story", sessions[0].sid])).out;
    for (const sign of hostile) expect(told).not.toContain(sign);
    expect(sessions[0].purpose).toBe(purpose);
  });

  test("a file without admin-read's address is of another version; an answer of something else is refused, not shown", async () => {
    deployment.read.answer = async () => ({ status: 200, body: { items: [{ sid: 7 }] } });
    expect(await lanyard(["sessions", "--agent", "planner"])).toMatchObject({
      code: 1,
      err: expect.stringContaining("answered no session"),
    });
    await deployment.write({ adminRead: undefined });
    expect(await lanyard(["agents"])).toMatchObject({ code: 2, err: expect.stringContaining("another version") });
  });
});

describe("revoke --dry-run", () => {
  test("lists exactly what the revocation then ends, and sends nothing that changes anything", async () => {
    const root = await reading.open();
    const child = await reading.handOn("planner", root, "researcher");
    await reading.open("eve");
    const before = await json("revoke", "--agent", "researcher", "--dry-run");
    expect(before).toMatchObject({ dryRun: true, blocks: { agent: agentId("researcher") }, cut: [] });
    expect(before.ends.map(({ sid }: { sid: string }) => sid)).toEqual([sidOf(child)]);
    expect(deployment.admin.calls).toEqual([]);
    const living = async () => (await json("sessions")).sessions.map(({ sid }: { sid: string }) => sid);
    const all = await living();
    await reading.world.order({ revoke: { agent: agentId("researcher") }, reason: "r" });
    const left = await living();
    expect(all.filter((sid: string) => !left.includes(sid))).toEqual([sidOf(child)]);
  });

  test("says in words what would be blocked, and with --cut-only that nothing would", async () => {
    await reading.open();
    const { out } = await lanyard(["revoke", "--agent", "planner", "--dry-run"]);
    expect(out).toContain("1 living session would end");
    expect(out).toContain(`agent ${agentId("planner")} would get nothing new until lanyard lift`);
    expect(out).toContain("nothing was changed");
    expect((await lanyard(["revoke", "--agent", "planner", "--cut-only", "--dry-run"])).out).toContain(
      "nothing would be blocked",
    );
    expect((await lanyard(["revoke", "--deployment", "--dry-run"])).code).toBe(0);
  });

  test("without it a reason is needed as before", async () => {
    const { code, err } = await lanyard(["revoke", "--agent", "planner"]);
    expect([code, err]).toEqual([2, expect.stringContaining("--reason")]);
    expect((await lanyard(["lift", "--agent", "planner"])).code).toBe(2);
    expect(deployment.admin.calls).toEqual([]);
  });
});

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
