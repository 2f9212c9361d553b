import type { Denial } from "../../denial/denial.ts";
import { limits } from "../../model/limits.ts";
import { ok, type Result } from "../../model/result.ts";
import { subjects } from "../../model/subjects.ts";
import type { AppliedVersion } from "../../registry/store.ts";
import { cursorText, readCursor } from "./cursor.ts";
import { type Evaluated, evaluateAll } from "./evaluated.ts";
import { laterOf, readPlaces } from "./places.ts";
import type { AdminReadDeps, PageQuestion } from "./route.ts";

/** Most agents that one page reads, since an agent without sessions costs as many reads. */
const agentsAPage = 25;

/**
 * One page of every living session of the deployment, agent by agent: each session has exactly one current agent, so it
 * is listed once. No table is scanned; only the given agents are read.
 */
export async function walkAgents(
  names: readonly string[],
  { query, nowSeconds, limit }: PageQuestion,
  deps: AdminReadDeps,
): Promise<Result<{ readonly live: readonly Evaluated[]; readonly next?: string }, Denial>> {
  const cursor = readCursor(query.get("cursor"), "walk");
  if (!cursor.ok) return cursor;
  const { name: from = "", place: reached } = cursor.value ?? {};
  const left = [...names].sort().filter((name) => name > from || (name === from && reached !== undefined));
  const live: Evaluated[] = [];
  let looked = 0;
  for (const name of left) {
    const id = subjects.agent(`spiffe://${deps.trustDomain}/agent/${name}`);
    const after = laterOf(name === from ? reached : undefined, { endSeconds: nowSeconds });
    const page = await readPlaces({ subject: id, after, limit: limit - live.length }, deps);
    const evaluated = await evaluateAll(page.sessions, deps.queries, nowSeconds);
    if (!evaluated.ok) return evaluated;
    live.push(...evaluated.value.filter(({ cause }) => cause === undefined));
    if (page.last) return ok({ live, next: cursorText({ list: "walk", name, place: page.last }) });
    const more = name !== left.at(-1);
    if (more && (live.length >= limit || ++looked >= agentsAPage))
      return ok({ live, next: cursorText({ list: "walk", name }) });
  }
  return ok({ live });
}

/** Names of agents by version. They never change, and every page of a list needs the same ones. */
const held = new WeakMap<AdminReadDeps["registry"], Map<number, readonly string[]>>();

async function agentsOf(version: number, registry: AdminReadDeps["registry"]): Promise<readonly string[]> {
  const known = held.get(registry) ?? new Map<number, readonly string[]>();
  held.set(registry, known);
  const names =
    known.get(version) ?? (await registry.rows(version)).flatMap((row) => (row.kind === "agent" ? [row.name] : []));
  if (known.size > limits.adminPageMax) known.clear();
  known.set(version, names);
  return names;
}

/**
 * Names of agents that may have sessions now: those registered, and those that were registered within the longest life
 * of a session.
 */
export async function namesWithSessions({ registry, clock }: AdminReadDeps): Promise<readonly string[]> {
  const names = new Set<string>();
  const since = clock.nowMillis() - limits.sessionLifeMaxSeconds * 1000;
  let version = await registry.applied();
  let history: readonly AppliedVersion[] = [];
  while (version > 0) {
    const wanted = version;
    for (const name of await agentsOf(wanted, registry)) names.add(name);
    const known = history.some((each) => each.version === wanted);
    if (!known) history = await registry.history(limits.adminPageMax, wanted + 1);
    const entry = history.find((each) => each.version === wanted);
    // the version before this one was current until this one was applied
    if (!entry || entry.atMillis < since) break;
    version = entry.base;
  }
  return [...names];
}
