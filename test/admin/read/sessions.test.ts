import { describe, expect, test } from "vitest";
import { treeSessionsAPage } from "../../../core/admin/read/trees.ts";
import { limits } from "../../../core/model/limits.ts";
import type { Offer, Session } from "../../../core/model/session.ts";
import { agentId, trustDomain } from "../../kit/registry.ts";
import { planner, reading, researcher, setUp, sidOf } from "./ground.ts";

setUp();

describe("sessions", () => {
  test("an agent's are those it acts in now, soonest end first, none twice over all pages", async () => {
    const roots: string[] = [];
    for (let n = 0; n < 7; n++) {
      reading.world.time.seconds += 1;
      roots.push(sidOf(await reading.open(`p${n}`)));
    }
    const { items, pages } = await reading.all(`/sessions?agent=${planner}&limit=3`);
    expect(items.map((item) => item.sid)).toEqual(roots);
    expect(pages).toBe(3);
    expect(items[0]).toMatchObject({ live: true, agent: planner, depth: 0, principal: { kind: "person" } });
  });

  test("a renewal's former place shows nothing twice", async () => {
    const root = sidOf(await reading.open());
    const { expiresAtSeconds } = reading.world.store.sessions.get(`${root} ${root}`) as { expiresAtSeconds: number };
    reading.former.push({ subject: `agent:${planner}`, place: `${expiresAtSeconds - 5}#${root}#${root}` });
    expect((await reading.all(`/sessions?agent=${planner}`)).items.map((item) => item.sid)).toEqual([root]);
  });

  test("nothing of a token, a key or a person's raw identity is answered", async () => {
    const token = await reading.open("ada@people.example");
    const open = await reading.offer("planner", token, "researcher");
    const texts = [
      await reading.get(`/sessions?agent=${planner}`),
      await reading.get(`/sessions/${sidOf(token)}`),
      await reading.get("/principals"),
    ].map((answer) => JSON.stringify(answer.body));
    for (const text of texts) {
      expect(text).not.toContain("ada@people.example");
      expect(text).not.toContain(token);
      expect(text).not.toContain(open.slice(-43));
      expect(text).not.toContain(reading.of("planner").key.jkt);
      expect(text).not.toContain([...reading.world.store.offers.values()][0]?.handleHash);
    }
  });

  test("are evaluated by epochs, tombstones and blocks, not by whether their rows are there", async () => {
    const kept = sidOf(await reading.open("ada"));
    const ended = sidOf(await reading.open("eve"));
    await reading.world.order({ revoke: { session: ended }, reason: "r" });
    const live = await reading.all(`/sessions?agent=${planner}`);
    expect(live.items.map((item) => item.sid)).toEqual([kept]);
    const { items } = await reading.all(`/sessions?agent=${planner}&dead=true`);
    const dead = items.find((item) => item.sid === ended);
    expect(dead).toMatchObject({ live: false, why: { kind: "tombstone", sid: ended } });
    expect(dead.why.text).toContain("was revoked or ended");
  });

  test("a suspended agent's still live and say that they are idle: what it holds is refused until it is active again", async () => {
    const root = sidOf(await reading.open());
    const rows = (await reading.registry.rows(1)).map((row) =>
      row.kind === "agent" && row.name === "planner" ? { ...row, state: "suspended" as const } : row,
    );
    await reading.put(rows);
    expect((await reading.get(`/sessions/${root}`)).body.session).toMatchObject({ live: true, idle: [planner] });
    expect((await reading.all(`/sessions?agent=${planner}`)).items[0].idle).toEqual([planner]);
    const { body } = await reading.get("/agents/planner");
    expect(body).toMatchObject({ state: "suspended", version: 2 });
    expect(body.getsNothingBecause).toEqual(["its state is suspended"]);
  });

  test("a revoked agent's are over, with the subject that ended them, and the agent is shown as blocked", async () => {
    const root = sidOf(await reading.open());
    await reading.world.order({ revoke: { agent: planner }, reason: "r" });
    expect((await reading.all(`/sessions?agent=${planner}`)).items).toEqual([]);
    const { body } = await reading.get(`/sessions/${root}`);
    expect(body.session.why).toMatchObject({ kind: "blocked", subject: `agent:${planner}` });
    await reading.world.order({ lift: { agent: planner }, reason: "r" });
    expect((await reading.get(`/sessions/${root}`)).body.session.why).toMatchObject({ kind: "generation" });
    const shown = (await reading.get("/agents")).body.items.find((item: { name: string }) => item.name === "planner");
    expect(shown.standing).toMatchObject({ generation: 1, blocked: false });
  });

  test("of a tree are all of it, page by page, offers not counted as sessions", async () => {
    const root = await reading.open();
    const child = await reading.handOn("planner", root, "researcher");
    await reading.offer("planner", root, "triage");
    const { items, pages } = await reading.all(`/sessions?root=${sidOf(root)}&limit=1`);
    expect(items.map((item) => item.sid).sort()).toEqual([sidOf(root), sidOf(child)].sort());
    expect(pages).toBeGreaterThan(2);
  });
});

describe("whole trees in one list", () => {
  const sids = (items: readonly { sid: string }[]) => items.map(({ sid: one }) => one).sort();

  test("everybody's sessions are every tree's, each once, without asking tree by tree", async () => {
    const roots: string[] = [];
    for (const person of ["ada", "eve", "bo"]) {
      const root = await reading.open(person);
      roots.push(sidOf(root));
      await reading.handOn("planner", root, "researcher");
    }
    await reading.world.order({ revoke: { session: roots[2] }, reason: "r" });
    const { items, pages } = await reading.all(`/sessions?deployment=${trustDomain}`);
    const byTree = await Promise.all(roots.map(async (root) => (await reading.all(`/sessions?root=${root}`)).items));
    expect([sids(items), pages]).toEqual([sids(byTree.flat()), 1]);
    expect(items).toHaveLength(4);
    expect((await reading.all(`/sessions?deployment=${trustDomain}&limit=1`)).items).toHaveLength(4);
  });

  test("an agent's trees come whole with its living sessions, and with the dead only when they are asked for", async () => {
    const ada = await reading.open("ada");
    const child = await reading.handOn("planner", ada, "researcher");
    const eve = await reading.open("eve");
    const over = await reading.handOn("planner", eve, "researcher");
    await reading.open("nobody's concern");
    await reading.world.order({ revoke: { session: sidOf(over) }, reason: "r" });
    const living = await reading.all(`/sessions?agent=${researcher}&tree=true`);
    expect(sids(living.items)).toEqual([sidOf(ada), sidOf(child)].sort());
    const all = await reading.all(`/sessions?agent=${researcher}&tree=true&dead=true`);
    expect(sids(all.items)).toEqual([ada, child, eve, over].map(sidOf).sort());
  });

  test("a page stops between trees, a tree too large for any is named, and nothing is lost", async () => {
    const people = ["ada", "eve", "bo"];
    const roots: string[] = [];
    for (const person of people) roots.push(sidOf(await reading.open(person)));
    const rows = reading.world.store.sessions;
    const widths = [treeSessionsAPage - 10, 30, treeSessionsAPage + 5];
    for (const [at, root] of roots.entries()) {
      const own = rows.get(`${root} ${root}`) as Session;
      for (let n = 1; n < (widths[at] ?? 0); n++) {
        const one = `${at}${n}`.padStart(22, "c");
        rows.set(`${root} ${one}`, { ...own, sid: one, depth: 1 } as Session);
      }
    }
    const found: { sid: string; root: string }[] = [];
    const cut: string[] = [];
    let next: string | undefined;
    for (let page = 0; page < 20; page++) {
      const more = next === undefined ? "" : `&cursor=${next}`;
      const { body } = await reading.get(`/sessions?agent=${planner}&tree=true&limit=100${more}`);
      expect(body.items.length).toBeLessThanOrEqual(treeSessionsAPage);
      found.push(...body.items);
      cut.push(...body.cut);
      next = body.next;
      if (next === undefined) break;
    }
    expect(next).toBeUndefined();
    expect([...new Set(cut)]).toEqual([roots[2]]);
    expect(new Set(found.map((one) => one.sid)).size).toBe((widths[0] ?? 0) + (widths[1] ?? 0));
  });
});

describe("an agent that wants not to be seen", () => {
  const heavy = { type: "ticket-customer", customers: Array.from({ length: 200 }, (_, n) => `${n}`.padStart(40, "x")) };
  /** A session of the planner beside others, with details as large as they may be. */
  const fill = async (count: number, more: (n: number, root: string) => object = () => ({})) => {
    const root = sidOf(await reading.open());
    const own = reading.world.store.sessions.get(`${root} ${root}`) as Session;
    const grants = Array.from({ length: 10 }, () => ({
      resource: "https://tickets.example",
      scopes: ["tickets:read"],
      details: [heavy],
    }));
    for (let n = 0; n < count; n++) {
      const name = `${n}`.padStart(22, "s");
      const session = { ...own, root: name, sid: name, grants, ...more(n, root) };
      reading.world.store.sessions.set(`${session.root} ${session.sid}`, session);
    }
    return root;
  };
  /** Lambda answers at most 6 MB, escaped once more. */
  const size = async (target: string) => {
    const { status, body } = await reading.get(target);
    expect(status).toBe(200);
    return JSON.stringify(JSON.stringify(body)).length;
  };

  test("cannot make a page too large to be answered", async () => {
    await fill(150);
    expect(await size(`/sessions?agent=${planner}&limit=100`)).toBeLessThan(1_000_000);
    expect((await reading.all(`/sessions?agent=${planner}`)).items.length).toBe(151);
  });

  test("nor a story: what it holds is told whole, of its children enough", async () => {
    const root = await fill(300, (n, top) => ({
      root: top,
      sid: `${n}`.padStart(22, "c"),
      depth: 1,
      actors: [planner, researcher],
    }));
    expect(await size(`/sessions/${root}`)).toBeLessThan(1_000_000);
    const { body } = await reading.get(`/sessions/${root}`);
    expect([body.children.length, body.descendants, body.cut]).toEqual([limits.adminStoryItems, 300, true]);
    const child = (await reading.get(`/sessions/${"7".padStart(22, "c")}`)).body.session;
    expect(child.grants[0].details[0].customers.length).toBe(200);
  });

  test("nor hide behind more offers than are read: its story stands, and a revocation's list names it and says it is cut", async () => {
    const token = await reading.open();
    const child = sidOf(await reading.handOn("planner", token, "researcher"));
    const { offers } = reading.world.store;
    const [one] = [...offers.values()];
    // their keys stand before every session's that begins with a letter behind `a`
    for (let n = 0; n < limits.adminTreeRows; n++) {
      const handleHash = `${n}`.padStart(43, "-");
      offers.set(`x ${n}`, { ...(one as Offer), handleHash });
    }
    const before = [...reading.world.store.sessions.values()].find((session) => session.sid === child) as Session;
    const last = { ...before, sid: `z${child.slice(1)}` };
    reading.world.store.sessions.set(`${last.root} ${last.sid}`, last);
    expect((await reading.get(`/sessions/${last.sid}`)).body).toMatchObject({
      session: { live: true, agent: researcher },
      cut: true,
    });
    const reach = (await reading.get(`/reach?agent=${researcher}`)).body;
    expect(reach.items.map((item: { sid: string }) => item.sid)).toContain(last.sid);
    expect(reach.cut).toEqual([sidOf(token)]);
  });
});

describe("a session's story", () => {
  test("tells its chain from the root, children, offers in every state, and who may end it", async () => {
    const root = await reading.open();
    const child = await reading.handOn("planner", root, "researcher");
    const below = await reading.handOn("researcher", child, "triage");
    await reading.offer("researcher", child, "triage");
    const { body } = await reading.get(`/sessions/${sidOf(child)}`);
    expect(body.chain.map((item: { sid: string }) => item.sid)).toEqual([sidOf(root), sidOf(child)]);
    expect(body.children.map((item: { sid: string }) => item.sid)).toEqual([sidOf(below)]);
    expect(body.descendants).toBe(1);
    expect(body.offers.map((item: { state: string }) => item.state).sort()).toEqual(["open", "redeemed"]);
    expect(body.offers.find((item: { by?: string }) => item.by)?.by).toBe(sidOf(below));
    expect(body.mayEnd.agents.sort()).toEqual([planner, researcher]);
    reading.world.time.seconds += 130;
    const later = (await reading.get(`/sessions/${sidOf(child)}`)).body.offers.map(
      (item: { state: string }) => item.state,
    );
    expect(later.sort()).toEqual(["expired", "redeemed"]);
  });

  test("those whom it names may really end it, and others may not", async () => {
    const root = await reading.open();
    const child = await reading.handOn("planner", root, "researcher");
    const { agents } = (await reading.get(`/sessions/${sidOf(child)}`)).body.mayEnd;
    expect(agents).not.toContain(agentId("triage"));
    const foreign = await reading.world.send("revoke", reading.of("triage"), { token: child });
    expect(foreign.body.error).toBe("access_denied");
    expect((await reading.get(`/sessions/${sidOf(child)}`)).body.session.live).toBe(true);
    const above = await reading.world.send("revoke", reading.of("planner"), { token: root, session: sidOf(child) });
    expect(above.status).toBe(200);
    expect((await reading.get(`/sessions/${sidOf(child)}`)).body.session.live).toBe(false);
  });
});
