import { readOrder } from "../admin/write/order.ts";
import { type AuditContext, startAudit } from "../audit/context.ts";
import { type DenyDeps, deny } from "../audit/deny.ts";
import type { Denial } from "../denial/denial.ts";
import type { Operator } from "../model/operator.ts";
import { err, type Result } from "../model/result.ts";
import type { Call, Reply } from "../model/wire.ts";
import type { Applied } from "../registry/applied.ts";
import { type ApplyDeps, applyRegistry } from "../registry/apply.ts";

/** What writing the registry needs. */
interface AdminWriteDeps extends DenyDeps, ApplyDeps {}

/**
 * Changes that operators make by URL, each as a new version of the registry, with optimistic concurrency (`base`, the
 * version it was made against) and `dryRun`:
 *
 * - `PUT /registry` `{ registrations, base?, reason?, dryRun? }`: the whole registry
 * - `PATCH /agents/<name>` `{ state, reason, base?, dryRun? }`: one agent's state and nothing else
 * - `POST /rollback` `{ to, reason, base?, dryRun? }`: the registrations of an earlier version that was applied,
 *   checked by today's rules; a suspended agent stays suspended
 *
 * The way of each:
 *
 * 1. **caller**: the one that IAM authenticated; its URL admits only the stage's roles for this duty (threat 49)
 * 2. **read** the order, bounded, strictly parsed (`admin/write/order.ts`)
 * 3. **find** the registrations it wants: those in the request, or those of a stored version
 * 4. **hold the bases against each other**: a change that was made from one version replaces only that version.
 *    Otherwise it would silently undo somebody else's change in between
 * 5. **apply** them (`registry/apply.ts`)
 * 6. **answer**; a refused registry with every problem, since its authors need to see all of them
 *
 * @returns 200 `{ version, base, difference }`; denials `registry_invalid` (422, every problem), `registry_stale`
 * (409), `version_unknown` (404), `target_unknown`, and those of reading the order
 */
export function createAdminWriteEndpoint(
  deps: AdminWriteDeps,
): (call: Call, operator: Operator | undefined) => Promise<Reply> {
  return async (call, operator) => {
    const audit = startAudit(call, "registry.apply", deps.clock);
    // 1. caller
    if (!operator) return deny(deps, { code: "caller_not_authorized", why: "no IAM identity" }, audit);
    audit.add({ operator, target: "registry" });
    audit.authenticated = true;
    const applied = await carryOut(call, { operator, audit }, deps);
    return answer(applied, (denial) => deny(deps, denial, audit));
  };
}

async function carryOut(
  call: Call,
  { operator, audit }: { readonly operator: Operator; readonly audit: AuditContext },
  deps: AdminWriteDeps,
): Promise<Result<Applied, Denial>> {
  // 2. read
  const order = readOrder(call);
  if (!order.ok) return order;
  const { reason, dryRun } = order.value;
  // 3. find
  const wanted = await order.value.wanted(deps.registry);
  if (!wanted.ok) return wanted;
  const { documents, from, restores } = wanted.value;
  // 4. hold the bases against each other
  const base = from ?? order.value.base;
  if (order.value.base !== undefined && order.value.base !== base)
    return err({ code: "registry_stale", base: order.value.base, applied: base ?? 0 });
  const { operation: _, ...facts } = audit.facts;
  // 5. apply
  return applyRegistry(
    {
      documents,
      operator,
      facts: restores === undefined ? facts : { ...facts, registryRestored: restores },
      ...(base === undefined ? {} : { base }),
      ...(reason === undefined ? {} : { reason }),
      ...(dryRun ? { dryRun } : {}),
    },
    deps,
  );
}

async function answer(applied: Result<Applied, Denial>, refuse: (denial: Denial) => Promise<Reply>): Promise<Reply> {
  // 6. answer
  if (applied.ok) return json(200, applied.value);
  const refusal = await refuse(applied.error);
  return applied.error.code === "registry_invalid" ? withProblems(refusal, applied.error) : refusal;
}

const json = (status: number, body: object): Reply => ({
  status,
  contentType: "application/json",
  body: JSON.stringify(body),
});

/** The problems quote only what the operator sent, so they disclose nothing. */
function withProblems(refusal: Reply, { problems }: Denial & { code: "registry_invalid" }): Reply {
  const said = JSON.parse(refusal.body) as object;
  return json(refusal.status, { ...said, problems: problems.slice(0, 100), problemCount: problems.length });
}
