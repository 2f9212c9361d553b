import { policyBudgets } from "../../budgets/annotation.ts";
import { windowRows } from "../../budgets/charges.ts";
import { leftOf } from "../../budgets/left.ts";
import { limits } from "../../model/limits.ts";
import { err, ok } from "../../model/result.ts";
import type { RegistrySnapshot } from "../../model/snapshot.ts";
import { appliedRegistry } from "./applied-registry.ts";
import { budgetKinds, budgetsOf, type Listed, permitted, unknown } from "./budgets-of.ts";
import { cursorText, readCursor } from "./cursor.ts";
import { pageLimit } from "./query.ts";
import type { AdminReadDeps, PageQuestion, Route } from "./route.ts";
import { namesWithSessions, walkAgents } from "./walk-agents.ts";

/**
 * `GET /budgets?agent=|principal=|policy=|session=|deployment=`: how budgets stand in the present hour and day, by the limits of
 * the present registry.
 * - `agent`: those of its registration
 * - `principal`: those that each lending rule and each policy gives it; what it did not spend yet has spent nothing
 * - `policy`: its budget for every principal who delegates now, page by page of living sessions, so that a principal may
 *   appear on several pages
 * - `deployment`: those of all agents' registrations, by the agents' names
 * - `session`: all that its calls must fit, outermost first, but those of policies, which depend on the call
 *
 * A page ends also where it would read too many rows, as of divided limits. A page after an apply is refused: the list
 * that it continues is another one.
 */
export const budgetsRoute: Route = {
  template: "/budgets",
  pattern: /^\/budgets$/,
  parameters: ["agent", "principal", "policy", "session", "deployment", "limit", "cursor"],
  async answer(question, deps) {
    const limit = pageLimit(question.query);
    if (!limit.ok) return limit;
    const asked = { ...question, limit: limit.value };
    const registry = await appliedRegistry(deps);
    const policy = question.query.get("policy");
    if (policy !== undefined) return ofPolicy(policy, asked, { registry, deps });
    const found = await budgetsOf(question, registry, deps);
    return found.ok ? page(found.value, asked, { registry, deps }) : found;
  },
};

interface Ground {
  readonly registry: RegistrySnapshot;
  readonly deps: AdminReadDeps;
}

async function ofPolicy(policy: string, asked: PageQuestion, { registry, deps }: Ground) {
  const other = budgetKinds.find((name) => asked.query.has(name));
  if (other !== undefined)
    return err({ code: "parameter_invalid", name: other, why: "beside policy nothing else is named" } as const);
  if (!registry.policies.some(({ name }) => name === policy)) return unknown(policy);
  // a policy without a budget has none for anybody: nobody's sessions need be read for that
  if (!policyBudgets(registry).has(policy)) return ok({ version: registry.version, items: [] });
  const walked = await walkAgents(await namesWithSessions(deps), asked, deps);
  if (!walked.ok) return walked;
  const { live, next } = walked.value;
  const principals = [...new Set(live.map(({ session }) => session.principal.id))];
  const items = await standing(
    principals.flatMap((principal) => permitted(policy, principal, registry)),
    asked,
    deps,
  );
  return ok({ version: registry.version, items, ...(next === undefined ? {} : { next }) });
}

async function page(all: readonly Listed[], asked: PageQuestion, { registry, deps }: Ground) {
  const cursor = readCursor(asked.query.get("cursor"), "budgets");
  if (!cursor.ok) return cursor;
  const { version } = registry;
  if (cursor.value && cursor.value.version !== version)
    return err({ code: "parameter_invalid", name: "cursor", why: "the registry has changed: begin again" } as const);
  const from = cursor.value?.from ?? 0;
  const to = from + fitting(all.slice(from), asked);
  const items = await standing(all.slice(from, to), asked, deps);
  const next = to < all.length ? { next: cursorText({ list: "budgets", version, from: to }) } : {};
  return ok({ version, items, ...next });
}

/** How many budgets make a page: one at least, whose rows are bounded by its shards. */
function fitting(all: readonly Listed[], { limit, nowSeconds }: PageQuestion): number {
  let rows = 0;
  const over = all.findIndex(({ level }, at) => {
    rows += windowRows(level, nowSeconds).reduce((sum, window) => sum + window.rows.length, 0);
    return at >= limit || (at > 0 && rows > limits.adminBudgetRows);
  });
  return over < 0 ? all.length : over;
}

async function standing(listed: readonly Listed[], { nowSeconds }: PageQuestion, { budgets }: AdminReadDeps) {
  const keys = listed.flatMap(({ level }) =>
    windowRows(level, nowSeconds).flatMap(({ rows }) => rows.map(({ key }) => key)),
  );
  const rows = await budgets.rows(keys);
  return listed.map(({ level, whose }) => ({
    ...{ of: level.of, name: level.name },
    ...whose,
    ...(level.resources ? { resources: level.resources } : {}),
    ...(level.shards === undefined ? {} : { shards: level.shards }),
    windows: leftOf(level, rows, nowSeconds),
  }));
}
