import type { Denial } from "../../denial/denial.ts";
import { limits } from "../../model/limits.ts";
import { loginEpochs } from "../../model/login.ts";
import { err, ok, type Result } from "../../model/result.ts";
import { currentAgent, type Session } from "../../model/session.ts";
import { subjects } from "../../model/subjects.ts";
import { cursorText, readCursor } from "./cursor.ts";
import { type Evaluated, evaluateAll } from "./evaluated.ts";
import { laterOf } from "./places.ts";
import { pageLimit, type Subject, subjectOf } from "./query.ts";
import type { AdminReadDeps, PageQuestion, Question, Route } from "./route.ts";
import type { FoundPlace } from "./session-queries.ts";
import { namesWithSessions, walkAgents } from "./walk-agents.ts";
import { atOrBelow, chainOf, hangsOn, readWholeTree, type WholeTree } from "./whole-tree.ts";

/**
 * `GET /reach?session=|agent=|principal=|build=|deployment=`: the living sessions that revoking it would end, and what
 * it would block. Nothing is changed. A tree with more rows than one answer reads is named in `cut`.
 */
export const reachRoute: Route = {
  template: "/reach",
  pattern: /^\/reach$/,
  parameters: ["session", "agent", "principal", "build", "deployment", "limit", "cursor"],
  async answer(question, deps) {
    const kinds = ["session", "agent", "principal", "build", "deployment"] as const;
    const subject = subjectOf(question.query, kinds, deps.trustDomain);
    if (!subject.ok) return subject;
    const limit = pageLimit(question.query);
    if (!limit.ok) return limit;
    const found = await reachOf(subject.value, { ...question, limit: limit.value }, deps);
    if (!found.ok) return found;
    const { live, cut, next } = found.value;
    const { kind, id } = subject.value;
    return ok({
      blocks: kind === "session" ? null : { [kind]: id },
      items: live.map(({ session }) => reached(session)),
      cut,
      ...(next === undefined ? {} : { next }),
    });
  },
};

type Reach = Promise<
  Result<{ readonly live: readonly Evaluated[]; readonly cut: readonly string[]; readonly next?: string }, Denial>
>;

const reached = (session: Session) => ({
  sid: session.sid,
  root: session.root,
  depth: session.depth,
  agent: currentAgent(session),
  principal: session.principal.id,
  expiresAtSeconds: session.expiresAtSeconds,
});

async function reachOf({ kind, id }: Subject, question: PageQuestion, deps: AdminReadDeps): Reach {
  if (kind === "deployment") {
    const walked = await walkAgents(await namesWithSessions(deps), question, deps);
    return walked.ok ? ok({ ...walked.value, cut: [] }) : walked;
  }
  if (kind === "session") return ofSession(id, question, deps);
  return ofSubject(subjects[kind as "agent" | "principal" | "build"](id), question, deps);
}

async function ofSession(sid: string, { query, nowSeconds }: Question, deps: AdminReadDeps): Reach {
  if (query.has("cursor"))
    return err({ code: "parameter_invalid", name: "cursor", why: "a session's reach is one page" });
  const root = (await deps.queries.rootOf(sid)) ?? sid;
  const tree = await readWholeTree(root, deps.queries);
  const own = tree.sessions.find((session) => session.sid === sid && sid === root);
  const { roots, more } = await siblingsOf(own, nowSeconds, deps);
  const trees = await Promise.all(roots.map((sibling) => readWholeTree(sibling, deps.queries)));
  const ends = [...atOrBelow(tree.sessions, sid), ...trees.flatMap(({ sessions }) => sessions)];
  const cut = [...(tree.cut || more ? [root] : []), ...roots.filter((_, n) => trees[n]?.cut)];
  return liveOf({ sessions: ends, cut }, nowSeconds, deps);
}

/** Other roots of the login that would be denylisted with this one; they would end with it (threat 32). */
async function siblingsOf(root: Session | undefined, nowSeconds: number, { queries }: AdminReadDeps) {
  const { login } = root ?? {};
  const names = login ? [...new Set([...loginEpochs(login), login.any])] : [];
  const most = limits.adminStoryItems;
  const pages = await Promise.all(names.map((name) => queries.places(name, { endSeconds: nowSeconds }, most)));
  const roots = [...new Set(pages.flat().map((place) => place.root))].filter((sid) => sid !== root?.sid);
  return { roots: roots.slice(0, most), more: roots.length > most || pages.some(({ length }) => length === most) };
}

async function liveOf(
  { sessions, cut }: { readonly sessions: readonly Session[]; readonly cut: readonly string[] },
  nowSeconds: number,
  deps: AdminReadDeps,
): Reach {
  const evaluated = await evaluateAll(sessions, deps.queries, nowSeconds);
  return evaluated.ok ? ok({ live: evaluated.value.filter(({ cause }) => cause === undefined), cut }) : evaluated;
}

/**
 * A session below a revoked agent ends at any depth, so every tree that contains the subject is read. A session with
 * the subject several times above it is listed once, at the topmost.
 */
async function ofSubject(subject: string, { query, nowSeconds, limit }: PageQuestion, deps: AdminReadDeps): Reach {
  const cursor = readCursor(query.get("cursor"), "places");
  if (!cursor.ok) return cursor;
  const places = await deps.queries.places(
    subject,
    laterOf(cursor.value?.place, { endSeconds: nowSeconds }),
    limit + 1,
  );
  const page = places.slice(0, limit);
  const rows = new Map((await deps.queries.sessions(page)).map((session) => [session.sid, session]));
  const ended: Session[] = [];
  const cut: string[] = [];
  let last: FoundPlace | undefined;
  const trees = new Map<string, WholeTree>();
  for (const place of page) {
    const tree = trees.get(place.root) ?? (await readWholeTree(place.root, deps.queries));
    trees.set(place.root, tree);
    if (tree.cut) cut.push(place.root);
    ended.push(...endedAt(place, { subject, own: rows.get(place.sid), sessions: tree.sessions }));
    last = place;
    if (ended.length >= limits.adminReachSessions) break;
  }
  const found = await liveOf({ sessions: ended, cut: [...new Set(cut)] }, nowSeconds, deps);
  if (!found.ok) return found;
  const more = last !== undefined && last !== places.at(-1);
  return ok({ ...found.value, ...(more ? { next: cursorText({ list: "places", place: last as FoundPlace }) } : {}) });
}

/** What was read for one place of a subject. */
interface ReadPlace {
  readonly subject: string;
  /**
   * The session at this place, read by its own key, so that it is listed even where its tree is too large to be read.
   */
  readonly own: Session | undefined;
  readonly sessions: readonly Session[];
}

function endedAt(place: FoundPlace, { subject, own, sessions }: ReadPlace): readonly Session[] {
  // the row that a renewal left under the former end
  if (own?.expiresAtSeconds !== place.endSeconds) return [];
  const bySid = new Map([...sessions, own].map((session) => [session.sid, session]));
  const first = (session: Session) =>
    chainOf(session).find((sid, depth) => hangsOn(session, depth, bySid.get(sid)).includes(subject));
  return atOrBelow([...bySid.values()], place.sid).filter((session) => first(session) === place.sid);
}
