import { ok } from "../../model/result.ts";
import { currentAgent } from "../../model/session.ts";
import type { Evaluated } from "./evaluated.ts";
import { pageLimit } from "./query.ts";
import type { Route } from "./route.ts";
import { namesWithSessions, walkAgents } from "./walk-agents.ts";

/**
 * `GET /principals`: people, and agents on their own account, who delegate authority now, each with the agents that act
 * on it. Made from living sessions, page by page: a principal may appear on several pages, whose counts are to be
 * added.
 */
export const principalsRoute: Route = {
  template: "/principals",
  pattern: /^\/principals$/,
  parameters: ["limit", "cursor"],
  async answer(question, deps) {
    const limit = pageLimit(question.query);
    if (!limit.ok) return limit;
    const found = await walkAgents(await namesWithSessions(deps), { ...question, limit: limit.value }, deps);
    if (!found.ok) return found;
    const { live, next } = found.value;
    return ok({ items: byPrincipal(live), ...(next === undefined ? {} : { next }) });
  },
};

interface Delegating {
  readonly id: string;
  readonly kind: "person" | "agent";
  readonly agents: readonly {
    readonly agent: string;
    readonly sessions: number;
    /** How deep the agent's deepest session is; 0 when it works for the principal directly. */
    readonly deepest: number;
    readonly scopes: readonly string[];
    readonly lastEndsAtSeconds: number;
  }[];
}

function byPrincipal(live: readonly Evaluated[]): readonly Delegating[] {
  const principals = Map.groupBy(live, ({ session }) => session.principal.id);
  return [...principals].map(([id, of]) => ({
    id,
    kind: of[0]?.session.principal.kind ?? "person",
    agents: [...Map.groupBy(of, ({ session }) => currentAgent(session))].map(([agent, held]) => ({
      agent,
      sessions: held.length,
      deepest: Math.max(...held.map(({ session }) => session.depth)),
      scopes: [...new Set(held.flatMap(({ session }) => session.grants.flatMap(({ scopes }) => scopes)))].sort(),
      lastEndsAtSeconds: Math.max(...held.map(({ session }) => session.expiresAtSeconds)),
    })),
  }));
}
