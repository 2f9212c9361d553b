import { describe, expect, test } from "vitest";
import { decodeUnverified } from "../../../core/jose/jwt.ts";
import { agentId } from "../../kit/registry.ts";
import { deployment, json, lanyard, reading, setUp } from "../reading-ground.ts";

setUp();

/** What could move a terminal's cursor, or turn its writing around. */
const hostile = ["\u001b", "\r", "\u202e"];

const sidOf = (token: string) => String(decodeUnverified(token)?.payload.sid);

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
  });

  test.each(["../../registry", "..", "a/../b", "a/./b", "a/%2e%2e/%2e%2e/registry", "//elsewhere.example/x"])(
    "a name that would ask something else is asked nowhere: %s",
    async (name) => {
      const before = deployment.asked.length;
      expect((await lanyard(["agents", name])).code).not.toBe(0);
      expect(deployment.asked.slice(before).filter((line) => !line.startsWith("GET /read/agents/"))).toEqual([]);
    },
  );

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
    ])
      expect([args, await calls(...args)]).toEqual([args, 1]);
    // the registry, and what the canary measured
    expect(await calls("status")).toBe(2);
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
