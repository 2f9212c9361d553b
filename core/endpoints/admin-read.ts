import { openApi } from "../admin/openapi/document.ts";
import { agentRoute, agentsRoute } from "../admin/read/agents.ts";
import { budgetsRoute } from "../admin/read/budgets.ts";
import { canaryRoute } from "../admin/read/canary.ts";
import { leafRoute } from "../admin/read/leaf.ts";
import { personKeyRoute } from "../admin/read/person-key.ts";
import { principalsRoute } from "../admin/read/principals.ts";
import { readQuery } from "../admin/read/query.ts";
import { reachRoute } from "../admin/read/reach.ts";
import { registryRoute, versionsRoute } from "../admin/read/registry.ts";
import type { AdminReadDeps, Question, Route } from "../admin/read/route.ts";
import { sessionsRoute } from "../admin/read/sessions.ts";
import { storyRoute } from "../admin/read/story.ts";
import { toolChangesRoute } from "../admin/read/tool-changes.ts";
import { startAudit } from "../audit/context.ts";
import { deny } from "../audit/deny.ts";
import type { Denial } from "../denial/denial.ts";
import type { Operator } from "../model/operator.ts";
import { nowSeconds } from "../model/ports.ts";
import { err, type Result } from "../model/result.ts";
import type { Call, Reply } from "../model/wire.ts";

const openApiRoute: Route = {
  template: "/openapi.json",
  pattern: /^\/openapi\.json$/,
  parameters: [],
  answer: async () => ({ ok: true, value: openApi }),
};

/** Everything an operator can ask. The OpenAPI document describes exactly these routes. */
export const readRoutes: readonly Route[] = [
  openApiRoute,
  registryRoute,
  versionsRoute,
  agentsRoute,
  agentRoute,
  principalsRoute,
  personKeyRoute,
  sessionsRoute,
  storyRoute,
  reachRoute,
  budgetsRoute,
  toolChangesRoute,
  canaryRoute,
  leafRoute,
];

/**
 * What operators read by URL: only GET, and nothing is written except the records of refusals, and of to whom a
 * person's key was given. Any other allowed read has no record in the audit (docs/decisions): it changes nothing, and a
 * role that may write such records could forge the record of a grant. The way of a request:
 *
 * 1. **caller**: the one that IAM authenticated; its URL admits only the stage's roles for this duty (threat 49)
 * 2. **find** what is asked for, by method and path
 * 3. **read** the query, bounded; only the parameters of this question are accepted
 * 4. **answer** from the tables, strongly consistent (`admin/read/`)
 *
 * @returns 200 with JSON; denials `caller_not_authorized` without an IAM identity, `not_found`, `method_not_allowed`,
 * those of reading the query, `version_unknown`, `liveness_unavailable` when a row could not be read, `rate_exceeded`
 * for persons' keys
 */
export function createAdminReadEndpoint(
  deps: AdminReadDeps,
): (call: Call, operator: Operator | undefined) => Promise<Reply> {
  return async (call, operator) => {
    const audit = startAudit(call, "admin.read", deps.clock);
    // 1. caller
    if (!operator) return deny(deps, { code: "caller_not_authorized", why: "no IAM identity" }, audit);
    audit.add({ operator, target: call.path.slice(0, 200) });
    audit.authenticated = true;
    const answer = await carryOut({ call, operator, audit }, deps);
    if (!answer.ok) return deny(deps, answer.error, audit);
    return { status: 200, contentType: "application/json", body: JSON.stringify(answer.value) };
  };
}

/** A call, and who made it. */
interface Asked extends Pick<Question, "operator" | "audit"> {
  readonly call: Call;
}

async function carryOut({ call, ...who }: Asked, deps: AdminReadDeps): Promise<Result<object, Denial>> {
  const { method, path } = call;
  // 2. find
  const found = readRoutes.map((route) => ({ route, match: route.pattern.exec(path) })).find(({ match }) => match);
  if (!found?.match) return err({ code: "not_found", path: path.slice(0, 100) });
  if (method !== "GET") return err({ code: "method_not_allowed", method: method.slice(0, 20), allow: "GET" });
  // 3. read
  const query = readQuery(call.query ?? "", found.route.parameters);
  if (!query.ok) return query;
  // 4. answer
  const named = found.match[1] ?? "";
  return found.route.answer({ named, query: query.value, nowSeconds: nowSeconds(deps.clock), ...who }, deps);
}
