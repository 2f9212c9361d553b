import { fc, test as property } from "@fast-check/vitest";
import { beforeEach, describe, expect, test } from "vitest";
import { cursorText, readCursor } from "../../core/admin/read/cursor.ts";
import { treeSessionsAPage } from "../../core/admin/read/trees.ts";
import { readRoutes } from "../../core/endpoints/admin-read.ts";
import { decodeUnverified } from "../../core/jose/jwt.ts";
import { limits } from "../../core/model/limits.ts";
import type { Offer, Session } from "../../core/model/session.ts";
import { agent, agentId, baseRows, trustDomain } from "../kit/registry.ts";
import { openReading, type Reading } from "./reading.ts";

/** A triage that may stand as deep as any: the base registration lets it stand one hop from the root. */
const deepTriage = baseRows.flatMap((row) => {
  if (row.kind !== "agent" || row.name !== "triage") return [];
  const { maxDepth: _, ...rest } = row;
  return [rest];
});

let reading: Reading;
beforeEach(async () => {
  reading = await openReading(...deepTriage);
});

const sidOf = (token: string) => String(decodeUnverified(token)?.payload.sid);
const planner = agentId("planner");
const researcher = agentId("researcher");
const sid = "A".repeat(22);
const b64 = (text: string) => Buffer.from(text, "latin1").toString("base64url");
const lastRecord = () => JSON.parse(reading.world.store.records.at(-1)?.body ?? "{}");

describe("who may look", () => {
  test("nobody without an IAM identity, and it is folded, not recorded one by one", async () => {
    const before = reading.world.store.records.length;
    const { status, body } = await reading.get("/agents", "nobody");
    expect([status, body.error]).toEqual([403, "access_denied"]);
    expect(reading.world.store.records.length).toBe(before);
    expect(reading.world.folded.at(-1)).toMatchObject({
      operation: "admin.read",
      denial: { code: "caller_not_authorized" },
    });
  });

  test("a refusal names the operator by unique id and ARN, and what was asked", async () => {
    await reading.get("/sessions?agent=x");
    const record = lastRecord();
    expect(record.actor.user).toMatchObject({ uid: "AROAEXAMPLE", type: "Admin" });
    expect(record.actor.user.name).toContain("assumed-role/operator");
    expect(record).toMatchObject({
      class_name: "API Activity",
      activity_name: "Read",
      status_code: "parameter_invalid",
    });
    expect(record.unmapped.lanyard.target).toBe("/sessions");
  });

  test("an answer leaves no record", async () => {
    const before = reading.world.store.records.length;
    expect((await reading.get("/agents")).status).toBe(200);
    expect(reading.world.store.records.length).toBe(before);
  });
});

describe("what is asked is held against what can be asked", () => {
  test.each(["POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "get"])(
    "%s is refused on every path",
    async (method) => {
      for (const { template } of readRoutes) {
        const path = template.replace("{name}", "planner").replace("{sid}", sid);
        const { status, body } = await reading.get(path, undefined, method);
        expect([status, body.error]).toEqual([405, "invalid_request"]);
      }
    },
  );

  test.each([
    ["/", 404],
    ["/agents/", 404],
    ["/agents/Planner", 404],
    ["/agents/../registry", 404],
    ["/agents//planner", 404],
    [`/agents/${"a".repeat(500)}`, 404],
    ["/agents/nobody", 404],
    ["/registry/versions/1", 404],
    ["/sessions/short", 404],
    [`/sessions/${"A".repeat(23)}`, 404],
    [`/sessions/${sid}`, 404],
    ["/sessions/offer%23AAAAAAAAAAAAAAAAAA", 404],
    ["/agents?sudo=1", 400],
    ["/agents?limit=0", 400],
    ["/agents?limit=101", 400],
    ["/agents?limit=1e1", 400],
    ["/agents?limit=-1", 400],
    ["/agents?limit=", 400],
    ["/agents?limit=5&limit=6", 400],
    ["/agents?limit=5&%6cimit=6", 400],
    ["/agents?limit=%ZZ", 400],
    ["/agents?limit=%C0%AF", 400],
    [`/agents?limit=${"1".repeat(3000)}`, 400],
    ["/registry?version=0", 400],
    ["/registry?version=1.0", 400],
    ["/registry?version=999999999", 400],
    ["/registry?version=2", 404],
    ["/sessions", 400],
    ["/sessions?dead=true", 400],
    ["/sessions?deployment=elsewhere.example", 400],
    [`/sessions?deployment=${trustDomain}&dead=true`, 400],
    [`/sessions?agent=${planner}&tree=yes`, 400],
    [`/sessions?agent=${planner}&root=${sid}`, 400],
    [`/sessions?root=${sid}&dead=1`, 400],
    ["/sessions?root=offer%23x", 400],
    ["/sessions?agent=planner", 400],
    ["/sessions?agent=spiffe://other.example/agent/planner", 400],
    [`/sessions?agent=spiffe://${trustDomain}.evil.example/agent/planner`, 400],
    [`/sessions?agent=spiffe://${trustDomain}/agent/../x`, 404],
    [`/sessions?agent=${planner}%230`, 400],
    ["/sessions?principal=spiffe://other.example/agent/x", 400],
    ["/sessions?principal=ada", 400],
    [`/sessions?build=${"a".repeat(129)}`, 400],
    ["/reach", 400],
    ["/reach?deployment=other.example", 400],
    [`/reach?session=${sid}&cursor=${cursorText({ list: "walk", name: "planner" })}`, 400],
  ])("%s is refused with %i", async (target, status) => {
    const answer = await reading.get(target);
    // `..` is a name like any other here: it is looked up as it stands and is nobody's
    expect(answer.status).toBe(target.includes("/agent/../x") ? 200 : status);
    if (answer.status === 200) expect(answer.body.items).toEqual([]);
  });

  property.prop([fc.string({ maxLength: 300 })])("no text after ? makes it fail", async (query) => {
    for (const path of ["/agents", "/sessions", "/reach", "/registry"]) {
      const { status } = await reading.get(`${path}?${query}`);
      expect([200, 400]).toContain(status);
    }
  });

  test("fails closed when liveness cannot be read", async () => {
    const root = sidOf(await reading.open());
    reading.world.store.unreadable = true;
    for (const target of ["/agents", "/agents/planner", `/sessions?root=${root}`, `/sessions/${root}`, "/principals"]) {
      const { status, body } = await reading.get(target);
      expect([target, status, body.error]).toEqual([target, 503, "temporarily_unavailable"]);
    }
  });
});

describe("cursors", () => {
  const place = { endSeconds: 1_785_542_400, root: sid, sid: "B".repeat(22) };
  const cursors = [
    { list: "agents", name: "support/planner" },
    { list: "versions", before: 7 },
    { list: "places", place },
    { list: "tree", key: `~offer#${"C".repeat(43)}` },
    { list: "walk", name: "planner", place },
    { list: "walk", name: "planner" },
  ] as const;

  test.each(cursors)("$list comes back as it was written, and in no other list", (cursor) => {
    const text = cursorText(cursor);
    for (const list of ["agents", "versions", "places", "tree", "walk"] as const) {
      const read = readCursor(text, list);
      expect(read.ok).toBe(list === cursor.list);
      if (read.ok) expect(read.value).toEqual(cursor);
    }
  });

  test.each([
    "",
    " ",
    "agents planner",
    b64("agents planner\n"),
    b64("agents planner "),
    b64("agents Planner"),
    b64("agents /etc/x"),
    b64("agents planner#0"),
    b64(`agents ${"a".repeat(101)}`),
    `${b64("agents planner")}=`,
    `${b64("agents planner")}!`,
    b64("agents planne\xff"),
    "A".repeat(2000),
  ])("%j is no cursor of ours", (text) => {
    expect(readCursor(text, "agents").ok).toBe(false);
  });

  test("one place has one spelling: bits that decoding drops are looked at", () => {
    const text = cursorText({ list: "agents", name: "planner" });
    const others = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"].map(
      (c) => text.slice(0, -1) + c,
    );
    const same = others.filter((other) => Buffer.from(other, "base64url").equals(Buffer.from(text, "base64url")));
    expect(same.filter((other) => readCursor(other, "agents").ok)).toEqual([text]);
  });

  test("a forged one moves within one's own list: it reaches nobody else's sessions and nothing before its beginning", async () => {
    const ended = sidOf(await reading.open("grace"));
    reading.world.time.seconds += 1_000;
    const live = sidOf(await reading.open("ada"));
    const own = await reading.handOn("planner", await reading.open("eve"), "researcher");
    const from = (endSeconds: number) =>
      cursorText({ list: "places", place: { endSeconds, root: "-".repeat(22), sid: "-".repeat(22) } });
    const everything = await reading.get(`/sessions?agent=${planner}&cursor=${from(0)}`);
    const sids = everything.body.items.map((item: { sid: string }) => item.sid);
    expect(sids).toContain(live);
    expect(sids).not.toContain(ended);
    expect(sids).not.toContain(sidOf(own));
    expect(reading.asked.every((subject) => subject === `agent:${planner}`)).toBe(true);
  });
});

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

  test("are judged by generations, tombstones and blocks, not by whether their rows are there", async () => {
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
