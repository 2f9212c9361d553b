import { describe, expect, test } from "vitest";
import { isAbout } from "../../core/events/about.ts";
import { planNotices } from "../../core/events/plan-notices.ts";
import { transmit } from "../../core/events/transmit.ts";
import { limits } from "../../core/model/limits.ts";
import { type Login, loginEpochs, loginOf } from "../../core/model/login.ts";
import {
  agentOf,
  childOf,
  createEvents,
  customers,
  issuer,
  namesOf,
  now,
  person,
  raised,
  receiver,
  revoked,
  session,
  tickets,
} from "./samples.ts";

const ticketsOnly = receiver("tickets", { resources: [tickets] });
const customersOnly = receiver("customers", { resources: [customers] });
const everything = receiver("all");
const receivers = [ticketsOnly, customersOnly, everything];

describe("threat 32: of a login denylisted with a revoked root", () => {
  const names = { issuer: "https://idp.example", subject: "ada", agent: agentOf("planner") };
  const login = (more: { authTimeSeconds?: number; sid?: string }) => loginOf({ ...names, ...more, document: "d" });
  const rootOf = (of: Login, at: readonly string[], epoch = 0) => {
    const plain = session({ at });
    const epochs = Object.fromEntries(loginEpochs(of).map((subject) => [subject, epoch]));
    return { ...plain, login: of, epochs: { ...plain.epochs, ...epochs } };
  };

  test("every receiver hears of each root that died with it, by its own id, and of no other", async () => {
    const denylisted = login({ authTimeSeconds: 1_000, sid: "s" });
    const root = rootOf(denylisted, []);
    const sibling = rootOf(login({ sid: "s" }), []);
    const below = childOf(sibling, { at: [customers] });
    const nameless = rootOf(login({}), [tickets]);
    const later = rootOf(login({ sid: "s" }), [tickets], 1);
    const other = rootOf(login({ sid: "t" }), [tickets]);
    const events = createEvents(receivers, [root, sibling, below, nameless, later, other]);
    events.tombstones.add(root.sid);
    for (const subject of [denylisted.at, denylisted.sid, denylisted.any])
      events.epochs.set(String(subject), { epoch: 1, blocked: false, denylistedAtSeconds: now });
    const notices = await planNotices(revoked("session", root.sid, { root: root.sid }), events.deps);
    const told = (sid: string) => notices.filter(({ about }) => about?.revoked.id === sid);
    expect(namesOf(told(sibling.sid))).toEqual(["all", "customers"]);
    expect(namesOf(told(nameless.sid))).toEqual(["all", "tickets"]);
    expect(namesOf(told(root.sid))).toEqual(["all"]);
    expect([told(later.sid), told(other.sid)]).toEqual([[], []]);
    for (const notice of notices) {
      const { revoked: of, subject } = notice.about ?? {};
      expect(of && isAbout(subject, of, issuer)).toBe(true);
      expect((await transmit(notice, events.deps)).kind).toBe("done");
    }
    expect(new Set(events.signed.map(({ jti }) => jti)).size).toBe(notices.length);
    // a message that names a root which lives is told to nobody
    const [lie] = told(sibling.sid);
    if (!lie?.about) throw new Error("nothing was planned");
    const about = { ...lie.about, revoked: { ...lie.about.revoked, id: other.sid, root: other.sid } };
    expect((await transmit({ ...lie, about }, events.deps)).kind).toBe("refused");
  });

  test("nobody hears more where an agent ended its own root", async () => {
    const of = login({ sid: "s" });
    const [root, sibling] = [rootOf(of, [tickets]), rootOf(of, [tickets])];
    const events = createEvents(receivers, [root, sibling]);
    events.tombstones.add(root.sid);
    const notices = await planNotices({ ...revoked("session", root.sid), by: "system" }, events.deps);
    expect(new Set(notices.map(({ about }) => about?.revoked.id))).toEqual(new Set([root.sid]));
  });
});

describe("of a revoked session hears", () => {
  test("who protects a resource that it or one below it held a grant at, once, by the one session's id", async () => {
    const root = session({ at: [] });
    const left = childOf(root, { at: [tickets] });
    const below = childOf(left, { at: [customers] });
    const right = childOf(root, { at: [customers] });
    const events = createEvents(receivers, [root, left, below, right]);
    events.tombstones.add(left.sid);
    const notices = await planNotices(revoked("session", left.sid, { root: root.sid }), events.deps);
    expect(namesOf(notices)).toEqual(["all", "customers", "tickets"]);
    for (const { about } of notices)
      expect(about?.subject).toMatchObject({ session: { id: left.sid }, user: { iss: issuer, sub: person } });
  });

  test("nobody whose resources only its neighbours, or those above it, held grants at", async () => {
    const root = session({ at: [customers] });
    const left = childOf(root, { at: [tickets] });
    const right = childOf(root, { at: [customers] });
    const events = createEvents(receivers, [root, left, right]);
    events.tombstones.add(left.sid);
    expect(namesOf(await planNotices(revoked("session", left.sid, { root: root.sid }), events.deps))).toEqual([
      "all",
      "tickets",
    ]);
  });

  test("the same when the record does not know its tree", async () => {
    const root = session({ at: [] });
    const child = childOf(root, { at: [tickets] });
    const events = createEvents(receivers, [root, child]);
    events.tombstones.add(child.sid);
    expect(namesOf(await planNotices(revoked("session", child.sid), events.deps))).toEqual(["all", "tickets"]);
  });

  test("nobody when it has run out by itself, or never was", async () => {
    const old = session({ expiresAtSeconds: now });
    const events = createEvents(receivers, [old]);
    for (const sid of [old.sid, "n".repeat(22)]) {
      events.tombstones.add(sid);
      expect(await planNotices(revoked("session", sid), events.deps)).toEqual([]);
    }
  });
});

describe("of a revoked agent, principal or build hears", () => {
  const planner = agentOf("planner");

  test("who protects what its living sessions, and those that hang below them, held grants at", async () => {
    const root = session({ at: [tickets] });
    const child = childOf(root, { at: [customers] });
    const events = createEvents(receivers, [root, child]);
    events.epochs.set(`agent:${planner}`, raised);
    const notices = await planNotices(revoked("agent", planner), events.deps);
    expect(namesOf(notices)).toEqual(["all", "customers", "tickets"]);
    expect(notices[0]?.about?.subject).toEqual({ format: "complex", application: { format: "uri", uri: planner } });
  });

  test("nobody of sessions that were opened after the cut", async () => {
    const after = session({ epochs: { [`agent:${planner}`]: 1 } });
    const events = createEvents(receivers, [after]);
    events.epochs.set(`agent:${planner}`, raised);
    expect(await planNotices(revoked("agent", planner), events.deps)).toEqual([]);
  });

  test("one event, however many sessions a principal has", async () => {
    const sessions = Array.from({ length: 200 }, () => session());
    const events = createEvents([ticketsOnly, customersOnly], sessions);
    events.epochs.set(`principal:${person}`, raised);
    const notices = await planNotices(revoked("principal", person), events.deps);
    expect(namesOf(notices)).toEqual(["tickets"]);
    expect(notices[0]?.about?.subject).toEqual({
      format: "complex",
      user: { format: "iss_sub", iss: issuer, sub: person },
    });
  });

  test("everybody when there are more trees than are looked at: better one pseudonym too many than a revocation unheard", async () => {
    const sessions = Array.from({ length: limits.eventTrees + 5 }, () => session());
    const events = createEvents([ticketsOnly, customersOnly], sessions);
    events.epochs.set(`principal:${person}`, raised);
    expect(namesOf(await planNotices(revoked("principal", person), events.deps))).toEqual(["customers", "tickets"]);
    expect(events.trees.length).toBeLessThanOrEqual(limits.eventTrees);
  });

  test("no more trees than needed are read once everybody is told", async () => {
    const events = createEvents(
      [ticketsOnly],
      Array.from({ length: 50 }, () => session()),
    );
    events.epochs.set(`principal:${person}`, raised);
    await planNotices(revoked("principal", person), events.deps);
    expect(events.trees).toHaveLength(1);
  });

  test("of a build, whose name no receiver knows, the agents that ran it", async () => {
    const build = "sha256:bad";
    const ran = (name: string) =>
      session({ actors: [agentOf(name)], epochs: { [`build:${build}`]: 0 }, at: [tickets] });
    const events = createEvents([ticketsOnly], [ran("planner"), ran("planner"), ran("triage")]);
    events.epochs.set(`build:${build}`, raised);
    const notices = await planNotices(revoked("build", build), events.deps);
    expect(notices.map(({ about }) => about?.subject)).toEqual(
      ["planner", "triage"].map((name) => ({ format: "complex", application: { format: "uri", uri: agentOf(name) } })),
    );
  });

  test("of a build that too many agents ran, the deployment: a subject left out would be a session left alive", async () => {
    const build = "sha256:bad";
    const ran = Array.from({ length: limits.eventSubjects + 1 }, (_, n) =>
      session({ actors: [agentOf(`a${n}`)], epochs: { [`build:${build}`]: 0 } }),
    );
    const events = createEvents([ticketsOnly], ran);
    events.epochs.set(`build:${build}`, raised);
    const notices = await planNotices(revoked("build", build), events.deps);
    expect(notices.map(({ about }) => about?.subject)).toEqual([
      { format: "complex", tenant: { format: "uri", uri: issuer } },
    ]);
  });

  test("everybody of the deployment", async () => {
    const events = createEvents(receivers);
    events.epochs.set("deployment", raised);
    events.deployment.epoch = 1;
    expect(namesOf(await planNotices(revoked("deployment", "agents.example.com"), events.deps))).toEqual([
      "all",
      "customers",
      "tickets",
    ]);
  });
});

describe("threat 23: a record is a hint, the table is the truth", () => {
  test.each([
    revoked("session", "s".repeat(22)),
    revoked("agent", agentOf("planner")),
    revoked("principal", person),
    revoked("build", "sha256:bad"),
    revoked("deployment", "agents.example.com"),
  ])("nobody hears of a forged revocation of $kind", async (forged) => {
    const events = createEvents(receivers, [session({ sid: "s".repeat(22), epochs: { "build:sha256:bad": 0 } })]);
    expect(await planNotices(forged, events.deps)).toEqual([]);
  });

  test("nobody hears of a cut of long ago as of one of today: what was opened since is alive", async () => {
    const events = createEvents(receivers, [session()]);
    events.epochs.set(`principal:${person}`, raised);
    const told = revoked("principal", person);
    expect(await planNotices(told, events.deps)).not.toEqual([]);
    expect(await planNotices({ ...told, atSeconds: told.atSeconds + 1 }, events.deps)).toEqual([]);
    events.deployment.epoch = 1;
    const everything = revoked("deployment", "agents.example.com", { atSeconds: now });
    expect(await planNotices(everything, events.deps)).toEqual([]);
  });
});
