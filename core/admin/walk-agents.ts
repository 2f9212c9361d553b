import type { Denial } from "../denial.ts";
import { limits } from "../limits.ts";
import { ok, type Result } from "../result.ts";
import { subjects } from "../session/liveness.ts";
import { cursorText, readCursor } from "./cursor.ts";
import { type Judged, judgeAll } from "./judged.ts";
import type { AdminReadDeps, Question } from "./read-route.ts";
import { laterOf, readPlaces } from "./read-sessions.ts";

/** Most agents one page looks at: an empty one costs its shards' reads all the same. */
const agentsAPage = 25;

/**
 * One page of every living session of the deployment, agent by agent: a session has exactly one current agent, so each is
 * met once. Nothing is scanned; agents whose names are not given are not looked for.
 */
export async function walkAgents(
  names: readonly string[],
  { query, nowSeconds }: Question,
  limit: number,
  deps: AdminReadDeps,
): Promise<Result<{ readonly live: readonly Judged[]; readonly next?: string }, Denial>> {
  const cursor = readCursor(query.get("cursor"), "walk");
  if (!cursor.ok) return cursor;
  const { name: from = "", place: reached } = cursor.value ?? {};
  const left = [...names].sort().filter((name) => name > from || (name === from && reached !== undefined));
  const live: Judged[] = [];
  let looked = 0;
  for (const name of left) {
    const id = subjects.agent(`spiffe://${deps.trustDomain}/agent/${name}`);
    const mark = laterOf(name === from ? reached : undefined, { endSeconds: nowSeconds });
    const page = await readPlaces(id, mark, limit - live.length, deps);
    const judged = await judgeAll(page.sessions, deps.queries, nowSeconds);
    if (!judged.ok) return judged;
    live.push(...judged.value.filter(({ cause }) => cause === undefined));
    if (page.last) return ok({ live, next: cursorText({ list: "walk", name, place: page.last }) });
    const more = name !== left.at(-1);
    if (more && (live.length >= limit || ++looked >= agentsAPage))
      return ok({ live, next: cursorText({ list: "walk", name }) });
  }
  return ok({ live });
}

/**
 * Names of agents that may have sessions now: those registered, and those that were within the longest life of a session.
 */
export async function namesWithSessions({ registry, clock }: AdminReadDeps): Promise<readonly string[]> {
  const names = new Set<string>();
  const since = clock.nowMillis() - limits.sessionLifeMaxSeconds * 1000;
  let version = await registry.applied();
  const history = await registry.history(limits.adminPageMax);
  while (version > 0) {
    for (const row of await registry.rows(version)) if (row.kind === "agent") names.add(row.name);
    const entry = history.find((each) => each.version === version);
    // the version before counted until this one was applied
    if (!entry || entry.atMillis < since) break;
    version = entry.base;
  }
  return [...names];
}
