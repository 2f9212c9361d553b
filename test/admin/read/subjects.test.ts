import { describe, expect, test } from "vitest";
import { limits } from "../../../core/model/limits.ts";
import { agent, trustDomain } from "../../kit/registry.ts";
import { openReading } from "../reading.ts";
import { planner, reading, researcher, setUp, sidOf } from "./ground.ts";

setUp();

describe("principals", () => {
  test("stand beside the agents that act on them, people and agents of their own alike", async () => {
    const root = await reading.open("ada");
    await reading.handOn("planner", root, "researcher");
    await reading.open("eve");
    const own = await reading.world.send("token", reading.of("researcher"), {
      grant_type: "client_credentials",
      resource: "https://tickets.example",
      scope: "tickets:read",
    });
    expect(own.status).toBe(200);
    const { items } = await reading.all("/principals?limit=100");
    expect(items.map((item) => item.kind).sort()).toEqual(["agent", "person", "person"]);
    const service = items.find((item) => item.kind === "agent");
    expect(service).toMatchObject({ id: researcher, agents: [{ agent: researcher, sessions: 1, deepest: 0 }] });
    const lent = items.find((item) => item.agents.length === 2);
    expect(lent.agents.map((each: { agent: string }) => each.agent).sort()).toEqual([planner, researcher]);
  });

  test("are found whatever the page's size, and only living sessions count", async () => {
    const roots = [];
    for (const person of ["a", "b", "c", "d", "e"]) roots.push(sidOf(await reading.open(person)));
    await reading.world.order({ revoke: { session: roots[0] }, reason: "r" });
    for (const limit of [1, 2, 100]) {
      const { items } = await reading.all(`/principals?limit=${limit}`);
      expect(new Set(items.map((item) => item.id)).size).toBe(4);
      expect(items.flatMap((item) => item.agents).reduce((sum, { sessions }) => sum + sessions, 0)).toBe(4);
    }
  });

  test("however many versions were applied since an agent was taken out, its sessions are found", async () => {
    await reading.open("ada");
    const rows = await reading.registry.rows(1);
    const without = rows.filter((row) => row.name !== "planner");
    for (let n = 0; n < 2 * limits.adminPageMax + 3; n++) await reading.put(without);
    expect((await reading.all("/principals")).items.length).toBe(1);
    expect((await reading.all(`/reach?deployment=${trustDomain}`)).items.length).toBe(1);
  });

  test("an agent taken out of the registry still shows for as long as its sessions can live", async () => {
    await reading.open("ada");
    await reading.put((await reading.registry.rows(1)).filter((row) => row.name !== "planner"));
    expect((await reading.all("/principals")).items.length).toBe(1);
    expect((await reading.all("/agents")).items.map((item) => item.name)).not.toContain("planner");
  });
});

describe("what a revocation would end", () => {
  const ends = async (query: string) => (await reading.all(`/reach?${query}`)).items.map((item) => item.sid).sort();

  /** What lives now, by asking tree by tree. */
  const livingNow = async (roots: readonly string[]) => {
    const trees = await Promise.all(roots.map((root) => reading.all(`/sessions?root=${root}`)));
    return trees.flatMap(({ items }) => items.map((item) => item.sid));
  };

  test.each([
    ["the researcher, far below and twice in one chain", () => ({ agent: researcher })],
    ["the planner", () => ({ agent: planner })],
    ["a person", (ada: string) => ({ principal: ada })],
    ["a session", (_: string, child: string) => ({ session: child })],
    [
      "a root, and with it the others of its login (threat 32)",
      (_: string, __: string, root: string) => ({ session: root }),
    ],
    ["the deployment", () => ({ deployment: trustDomain })],
  ])("is exactly what %s takes along", async (_, targetOf) => {
    const [ada, again] = [await reading.open("ada"), await reading.open("ada")];
    await reading.handOn("planner", again, "researcher");
    const child = await reading.handOn("planner", ada, "researcher");
    await reading.handOn("triage", await reading.handOn("researcher", child, "triage"), "researcher");
    const eve = await reading.open("eve");
    const dead = await reading.open("mallory");
    await reading.world.order({ revoke: { session: sidOf(dead) }, reason: "r" });
    const roots = [ada, again, eve, dead].map(sidOf);
    const principal = reading.world.store.sessions.get(`${sidOf(ada)} ${sidOf(ada)}`)?.principal.id ?? "";
    const target = targetOf(principal, sidOf(child), sidOf(ada)) as Record<string, string>;
    const [kind = "", id = ""] = Object.entries(target)[0] ?? [];
    const before = await livingNow(roots);
    const promised = await ends(`${kind}=${encodeURIComponent(id)}&limit=1`);
    expect((await reading.world.order({ revoke: target, reason: "r" })).status).toBe(200);
    const after = await livingNow(roots);
    expect(promised).toEqual(before.filter((each) => !after.includes(each)).sort());
    expect(promised.length).toBeGreaterThan(0);
  });

  test("tells what would be blocked; a session leaves no block", async () => {
    const root = sidOf(await reading.open());
    expect((await reading.get(`/reach?agent=${planner}`)).body.blocks).toEqual({ agent: planner });
    expect((await reading.get(`/reach?session=${root}`)).body.blocks).toBeNull();
  });

  test("changes nothing", async () => {
    const root = sidOf(await reading.open());
    const before = reading.world.store.records.length;
    await ends(`agent=${planner}`);
    expect(reading.world.store.records.length).toBe(before);
    expect((await reading.get(`/sessions/${root}`)).body.session.live).toBe(true);
  });
});

describe("registry and agents", () => {
  test("a version is answered with the one that counts, an unknown one is not", async () => {
    await reading.put([agent("only")]);
    const now = (await reading.get("/registry")).body;
    expect(now).toMatchObject({ version: 2, applied: 2 });
    const earlier = (await reading.get("/registry?version=1")).body;
    expect([earlier.version, earlier.applied]).toEqual([1, 2]);
    expect(earlier.registrations.length).toBeGreaterThan(5);
  });

  test("rows of an apply that was cut off are not shown as a version that counted", async () => {
    await reading.put([agent("only")]);
    reading.registry.versions.set(3, [agent("ghost")]);
    expect((await reading.get("/registry?version=3")).status).toBe(404);
    await reading.put([agent("only"), agent("more")]);
    expect((await reading.get("/registry")).body.version).toBe(4);
    expect((await reading.get("/registry?version=3")).status).toBe(404);
    expect((await reading.get("/registry?version=2")).status).toBe(200);
  });

  test("versions and agents come in pages without a gap", async () => {
    for (let n = 0; n < 5; n++) await reading.put([agent(`a${n}`), agent("z")]);
    const versions = (await reading.all("/registry/versions?limit=2")).items.map((item) => item.version);
    expect(versions).toEqual([6, 5, 4, 3, 2, 1]);
    await reading.put(Array.from({ length: 230 }, (_, n) => agent(`agent-${String(n).padStart(3, "0")}`)));
    const { items, pages } = await reading.all(`/agents?limit=${limits.adminPageMax}`);
    expect([items.length, new Set(items.map((item) => item.name)).size, pages]).toEqual([230, 230, 3]);
  });

  test("before the first apply there is nothing, and nothing fails", async () => {
    const empty = await openReading();
    empty.registry.versions.clear();
    Object.assign(empty.registry, { current: 0 });
    expect((await empty.get("/registry")).body).toEqual({
      version: 0,
      applied: 0,
      deployment: { generation: 0, blocked: false },
      registrations: [],
    });
    expect((await empty.get("/agents")).body.items).toEqual([]);
  });
});
