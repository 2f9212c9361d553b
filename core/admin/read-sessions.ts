import type { Denial } from "../denial.ts";
import { ok, type Result } from "../result.ts";
import { subjects } from "../session/liveness.ts";
import type { Session } from "../session/model.ts";
import { appliedRegistry } from "./applied-registry.ts";
import { cursorText, readCursor } from "./cursor.ts";
import { type Judged, judgeAll, sessionView } from "./judged.ts";
import { flag, pageLimit, type Subject, subjectOf } from "./read-query.ts";
import type { AdminReadDeps, Question, Route } from "./read-route.ts";
import type { FoundPlace, PlaceMark } from "./session-queries.ts";

/** How long a session's rows stay after its end. */
const keptSeconds = 86_400;

/**
 * `GET /sessions?agent=|principal=|build=|root=`: sessions of an agent (as the current one), of a principal, of a build,
 * or of one tree. Only living ones, by the verdict a request would meet; with `dead=true` all whose rows are still there,
 * each with why it is over. A page may hold fewer than its limit, even none: go on while there is `next`.
 */
export const sessionsRoute: Route = {
  template: "/sessions",
  pattern: /^\/sessions$/,
  parameters: ["agent", "principal", "build", "root", "dead", "limit", "cursor"],
  async answer(question, deps) {
    const subject = subjectOf(question.query, ["agent", "principal", "build", "root"], deps.trustDomain);
    if (!subject.ok) return subject;
    const limit = pageLimit(question.query);
    if (!limit.ok) return limit;
    const dead = flag(question.query, "dead");
    if (!dead.ok) return dead;
    const found =
      subject.value.kind === "root"
        ? await ofTree(subject.value.id, question, limit.value, deps)
        : await ofSubject(subject.value, question, limit.value, dead.value, deps);
    if (!found.ok) return found;
    const shown = found.value.items.filter(({ cause }) => dead.value || cause === undefined);
    const { next } = found.value;
    const view = sessionView(await appliedRegistry(deps));
    return ok({ items: shown.map(view), ...(next === undefined ? {} : { next }) });
  },
};

type Found = Promise<Result<{ readonly items: readonly Judged[]; readonly next?: string }, Denial>>;

async function ofSubject(
  { kind, id }: Subject,
  { query, nowSeconds }: Question,
  limit: number,
  dead: boolean,
  deps: AdminReadDeps,
): Found {
  const cursor = readCursor(query.get("cursor"), "places");
  if (!cursor.ok) return cursor;
  const name = subjects[kind as "agent" | "principal" | "build"](id);
  const first: PlaceMark = { endSeconds: dead ? nowSeconds - keptSeconds : nowSeconds };
  const page = await readPlaces(name, laterOf(cursor.value?.place, first), limit, deps);
  const judged = await judgeAll(page.sessions, deps.queries, nowSeconds);
  if (!judged.ok) return judged;
  const next = page.last ? { next: cursorText({ list: "places", place: page.last }) } : {};
  return ok({ items: judged.value, ...next });
}

/** A cursor never reaches back before where the list begins: a forged one shows nothing that is not in it. */
export const laterOf = (place: FoundPlace | undefined, first: PlaceMark): PlaceMark =>
  place && place.endSeconds > first.endSeconds ? place : first;

/**
 * One page of a subject's sessions; `last` where there are more. A renewal leaves a row behind under the former end: the
 * session is answered where it ends now, once.
 */
export async function readPlaces(
  subject: string,
  after: PlaceMark,
  limit: number,
  { queries }: AdminReadDeps,
): Promise<{ readonly sessions: readonly Session[]; readonly last?: FoundPlace }> {
  const places = await queries.places(subject, after, limit + 1);
  const page = places.slice(0, limit);
  const ends = new Map(page.map(({ root, sid, endSeconds }) => [`${root} ${sid} ${endSeconds}`, true]));
  const rows = await queries.sessions(page);
  const sessions = rows.filter(({ root, sid, expiresAtSeconds }) => ends.has(`${root} ${sid} ${expiresAtSeconds}`));
  const last = page.at(-1);
  return { sessions, ...(places.length > limit && last ? { last } : {}) };
}

async function ofTree(root: string, { query, nowSeconds }: Question, limit: number, deps: AdminReadDeps): Found {
  const cursor = readCursor(query.get("cursor"), "tree");
  if (!cursor.ok) return cursor;
  const { rows, next } = await deps.queries.tree(root, cursor.value?.key, limit);
  const sessions = rows.flatMap((row) => (row.kind === "session" ? [row.session] : []));
  const judged = await judgeAll(sessions, deps.queries, nowSeconds);
  if (!judged.ok) return judged;
  return ok({ items: judged.value, ...(next === undefined ? {} : { next: cursorText({ list: "tree", key: next }) }) });
}
