import type { Denial } from "../../denial/denial.ts";
import { limits } from "../../model/limits.ts";
import { err, ok, type Result } from "../../model/result.ts";
import type { Session } from "../../model/session.ts";
import { subjects } from "../../model/subjects.ts";
import { appliedRegistry } from "./applied-registry.ts";
import { cursorText, readCursor } from "./cursor.ts";
import { type Evaluated, evaluateAll, sessionView } from "./evaluated.ts";
import { givenTo, givenView } from "./given.ts";
import { laterOf, readPlaces } from "./places.ts";
import { flag, pageLimit, type Subject, subjectOf } from "./query.ts";
import type { AdminReadDeps, PageQuestion, Question, Route } from "./route.ts";
import type { FoundPlace, PlaceMark } from "./session-queries.ts";
import { treesOf } from "./trees.ts";
import { namesWithSessions, walkAgents } from "./walk-agents.ts";

/** How long a session's rows are kept after its end. */
const keptSeconds = 86_400;

/**
 * `GET /sessions?agent=|principal=|build=|root=|deployment=`: sessions of an agent (as the current one), of a
 * principal, of a build, of one tree, or of everybody. Only living sessions are listed, by the verdict their requests
 * would get; with `dead=true` also ended ones whose rows still exist, each with the reason (not for everybody). With
 * `tree=true` their whole trees are listed, so that one question is enough for all of them; a tree too large for a page
 * is named in `cut` and can be asked for by `root`. With
 * `tree=true`, and of one tree, each session tells what it was given at AWS. A page may have fewer items than its limit, even none: continue
 * while there is `next`.
 */
export const sessionsRoute: Route = {
  template: "/sessions",
  pattern: /^\/sessions$/,
  parameters: ["agent", "principal", "build", "root", "deployment", "dead", "tree", "limit", "cursor"],
  async answer(question, deps) {
    const kinds = ["agent", "principal", "build", "root", "deployment"] as const;
    const subject = subjectOf(question.query, kinds, deps.trustDomain);
    if (!subject.ok) return subject;
    const asked = askedOf(question, subject.value.kind);
    if (!asked.ok) return asked;
    const found = await foundBy(subject.value, asked.value, deps);
    if (!found.ok) return found;
    const { items, next, cut } = found.value;
    const shown = items.filter(({ cause }) => asked.value.dead || cause === undefined);
    const view = sessionView(await appliedRegistry(deps));
    const isTree = asked.value.tree || subject.value.kind === "root";
    const given = isTree
      ? await givenTo(
          shown.map(({ session }) => session),
          deps.queries,
        )
      : undefined;
    return ok({
      items: shown.map((each) => {
        const aws = given?.of.get(each.session.sid);
        return { ...view(each), ...(aws ? { aws: givenView(aws, limits.adminListedRoles) } : {}) };
      }),
      ...(given && given.cut.length > 0 ? { awsCut: given.cut } : {}),
      ...(cut === undefined ? {} : { cut }),
      ...(next === undefined ? {} : { next }),
    });
  },
};

/** A question for a list of sessions. */
interface Asked extends PageQuestion {
  readonly dead: boolean;
  readonly tree: boolean;
}

function askedOf(question: Question, kind: Subject["kind"]): Result<Asked, Denial> {
  const { query } = question;
  const limit = pageLimit(query);
  if (!limit.ok) return limit;
  const dead = flag(query, "dead");
  if (!dead.ok) return dead;
  const tree = flag(query, "tree");
  if (!tree.ok) return tree;
  if (dead.value && kind === "deployment")
    return err({ code: "parameter_invalid", name: "dead", why: "name an agent, a principal, a build or a tree" });
  return ok({ ...question, limit: limit.value, dead: dead.value, tree: tree.value });
}

type Found = Promise<
  Result<{ readonly items: readonly Evaluated[]; readonly cut?: readonly string[]; readonly next?: string }, Denial>
>;

async function foundBy(subject: Subject, asked: Asked, deps: AdminReadDeps): Found {
  if (subject.kind === "root") return ofTree(subject.id, asked, deps);
  if (subject.kind !== "deployment") return ofSubject(subject, asked, deps);
  // each living session is found at its own agent, so these are whole trees already
  const walked = await walkAgents(await namesWithSessions(deps), asked, deps);
  if (!walked.ok) return walked;
  const { live, next } = walked.value;
  return ok({ items: live, ...(next === undefined ? {} : { next }) });
}

async function ofSubject(
  { kind, id }: Subject,
  { query, nowSeconds, limit, dead, tree }: Asked,
  deps: AdminReadDeps,
): Found {
  const cursor = readCursor(query.get("cursor"), "places");
  if (!cursor.ok) return cursor;
  const name = subjects[kind as "agent" | "principal" | "build"](id);
  const first: PlaceMark = { endSeconds: dead ? nowSeconds - keptSeconds : nowSeconds };
  const page = await readPlaces({ subject: name, after: laterOf(cursor.value?.place, first), limit }, deps);
  const evaluated = await evaluateAll(page.sessions, deps.queries, nowSeconds);
  if (!evaluated.ok) return evaluated;
  const next = page.last ? { next: cursorText({ list: "places", place: page.last }) } : {};
  if (!tree) return ok({ items: evaluated.value, ...next });
  // ended sessions are left out of trees, unless the question includes them
  const shown = evaluated.value.filter(({ cause }) => dead || cause === undefined).map(({ session }) => session);
  const { sessions, cut, stoppedAt } = await treesOf(shown, deps.queries);
  const trees = await evaluateAll(sessions, deps.queries, nowSeconds);
  if (!trees.ok) return trees;
  const more = stoppedAt ? { next: cursorText({ list: "places", place: placeOf(stoppedAt) }) } : next;
  return ok({ items: trees.value, cut, ...more });
}

const placeOf = ({ root, sid, expiresAtSeconds }: Session): FoundPlace => ({ root, sid, endSeconds: expiresAtSeconds });

async function ofTree(root: string, { query, nowSeconds, limit }: PageQuestion, deps: AdminReadDeps): Found {
  const cursor = readCursor(query.get("cursor"), "tree");
  if (!cursor.ok) return cursor;
  const { rows, next } = await deps.queries.tree(root, cursor.value?.key, limit);
  const sessions = rows.flatMap((row) => (row.kind === "session" ? [row.session] : []));
  const evaluated = await evaluateAll(sessions, deps.queries, nowSeconds);
  if (!evaluated.ok) return evaluated;
  return ok({
    items: evaluated.value,
    ...(next === undefined ? {} : { next: cursorText({ list: "tree", key: next }) }),
  });
}
