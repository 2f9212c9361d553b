import { stillCounts } from "../../approvals/still-counts.ts";
import type { ApprovalRequests } from "../../approvals/store.ts";
import type { Denial } from "../../denial/denial.ts";
import type { ApprovalStanding, PendingApproval } from "../../model/approval.ts";
import { limits } from "../../model/limits.ts";
import { nowSeconds } from "../../model/ports.ts";
import { err, ok, type Result } from "../../model/result.ts";
import { subjects } from "../../model/subjects.ts";
import type { TokenReply } from "../../model/wire.ts";
import { epochOf, readLiveness } from "../../session/liveness.ts";
import { type Authorized, authorizeBy } from "../authorize.ts";
import type { TokenContext } from "../context.ts";
import { issueToken, operations } from "../issue.ts";
import { approvableOf, factsOf, pendingDenial } from "./ask.ts";
import { resumeOf } from "./resume.ts";

/**
 * Redeems what people approved (CIBA 10.1, poll mode), by the same agent and key, without the subject token:
 *
 * 1. **find** the approval; it must be this agent's and this key's, not have ended, and be asked about no more often
 *    than each few seconds
 * 2. **count** who approved it; as long as they are too few, it is pending
 * 3. **authorize** the stored request from its beginning: liveness, burnt logins, bounds and policy, by the registry of
 *    this moment. It must still be permitted by the same policies, with the same approval, and be the very same request
 *    by its hash; otherwise it is stale (threat 57)
 * 4. **bound** its life: from the approval on, and never beyond the person's token unless the registry says so (threat
 *    35)
 * 5. **issue**: the use is part of the transaction that stores session and record (threat 55)
 *
 * @returns the token, or `approval_unknown`, `approval_expired`, `approval_polled_early`, `approval_used`,
 * `approval_refused`, `approval_pending`, `approval_stale`, or what `authorize` and `issueToken` refuse
 */
export async function redeemApproval(context: TokenContext): Promise<Result<TokenReply, Denial>> {
  const { caller, audit, ports } = context;
  const store = await ports.approvals?.();
  const id = context.request.subject?.token ?? "";
  if (!store) return err({ code: "approval_unknown", id, why: "this deployment asks nobody" });
  // 1. find
  const found = await find(id, store, context);
  if (!found.ok) return found;
  const pending = found.value;
  audit.add({ approval: factsOf(pending, []), operation: operations[pending.action], principal: pending.principal.id });
  const registration = (await ports.registries.current())?.agent(caller.agent);
  const perSecond = registration?.issuancesPerSecond ?? limits.issuancesPerSecond;
  if (!(await ports.limiter.take(caller.agent, perSecond, "issue")))
    return err({ code: "rate_exceeded", agent: caller.agent, perSecond });
  const standing = await standingNow(pending, store, context);
  if (!standing.ok) return standing;
  // 2. count
  const voters = votersOf(pending, standing.value);
  if (voters.length < pending.needed) return err(pendingDenial(pending, nowSeconds(ports.clock)));
  // 3. authorize
  const { request, subject } = resumeOf(pending.resume);
  const asked = pending.purpose === undefined ? request : { ...request, purpose: pending.purpose };
  const resumed = { ...context, request: asked };
  const authorized = await authorizeBy(
    {
      resolve: async () => ok(subject),
      bucket: "issue",
      perSecond: (known) => known?.issuancesPerSecond ?? limits.issuancesPerSecond,
      mayWait: true,
    },
    resumed,
  );
  if (!authorized.ok) return isOfChange(authorized.error) ? stale(pending, authorized.error.code) : authorized;
  const same = isSame(pending, authorized.value, resumed);
  if (!same.ok) return same;
  const { registry } = authorized.value;
  const registered = voters.filter((one) => stillCounts(one, pending.group, registry));
  const unblocked = await withoutBlocked(registered, context);
  if (!unblocked.ok) return unblocked;
  const counted = unblocked.value.slice(0, pending.needed);
  if (counted.length < pending.needed) return err(pendingDenial(pending, nowSeconds(ports.clock)));
  // 4. bound
  const approvedAtSeconds = Math.max(...counted.map(({ atSeconds }) => atSeconds));
  const bounded = boundLife(pending, authorized.value, { approvedAtSeconds, now: nowSeconds(ports.clock) });
  if (!bounded.ok) return bounded;
  // 5. issue
  const approvers = counted.map(({ approver }) => approver);
  audit.add({ approval: { ...factsOf(pending, same.value), approvers } });
  const { waits: _, ...granted } = bounded.value;
  const approval = { id, requestHash: pending.requestHash, expiresAtSeconds: pending.expiresAtSeconds, approvers };
  return issueToken({ ...granted, approval }, resumed);
}

/** Whose it is, before anything is said of it: an id that others saw tells them nothing. */
async function find(
  id: string,
  store: ApprovalRequests,
  { caller }: TokenContext,
): Promise<Result<PendingApproval, Denial>> {
  const unknown = (why: string) => err({ code: "approval_unknown", id: id.slice(0, 64), why } as const);
  if (!/^ap_[A-Za-z0-9_-]{22}$/.test(id)) return unknown("not of the form of one");
  const pending = await store.pending(id);
  if (!pending) return unknown("there is none");
  if (pending.agent !== caller.agent) return unknown("another agent asked");
  return caller.jkt === pending.jkt ? ok(pending) : unknown("another key asked");
}

async function standingNow(
  pending: PendingApproval,
  store: ApprovalRequests,
  { ports }: TokenContext,
): Promise<Result<ApprovalStanding, Denial>> {
  const { id } = pending;
  const now = nowSeconds(ports.clock);
  if (pending.expiresAtSeconds <= now) return err({ code: "approval_expired", id });
  if (!(await store.poll(id, now)))
    return err({ code: "approval_polled_early", id, expiresInSeconds: pending.expiresAtSeconds - now });
  const standing = await store.standing(pending);
  if (standing.used) return err({ code: "approval_used", id });
  return standing.refused ? err({ code: "approval_refused", id }) : ok(standing);
}

/** Who approved this very request, each person once, and never the one it is for. */
function votersOf(pending: PendingApproval, { decisions }: ApprovalStanding): ApprovalStanding["decisions"] {
  const fits = decisions.filter(
    ({ verdict, requestHash, approver }) =>
      verdict === "approved" && requestHash === pending.requestHash && approver !== pending.principal.id,
  );
  return [...new Map(fits.map((one) => [one.approver, one])).values()].sort((a, b) => a.atSeconds - b.atSeconds);
}

/** Without those whom an operator blocked since: what they approved counts no more. */
async function withoutBlocked(
  voters: ApprovalStanding["decisions"],
  { ports }: TokenContext,
): Promise<Result<ApprovalStanding["decisions"], Denial>> {
  const names = voters.map(({ approver }) => subjects.principal(approver));
  const rows = await readLiveness(ports.store, { tombstones: [], subjects: names });
  if (!rows.complete) return err({ code: "liveness_unavailable", why: "an approver's row stayed unread" });
  return ok(voters.filter(({ approver }) => !epochOf(rows, subjects.principal(approver)).blocked));
}

const stale = ({ id }: PendingApproval, why: string) => err({ code: "approval_stale", id, why } as const);

/** Refusals that say that policy or registry are not what they were when the request began to wait. */
const changes: ReadonlySet<Denial["code"]> = new Set([
  ...(["policy_denied", "approval_elsewhere", "approval_groups_several", "groups_redefined"] as const),
  ...(["resource_unknown", "scope_unknown", "scope_exceeds", "depth_exceeded"] as const),
  ...(["details_invalid", "details_exceed", "details_unmapped", "details_required"] as const),
]);
const isOfChange = ({ code }: Denial): boolean => changes.has(code);

/** @returns the resources at which policy asks for approval, or `approval_stale` */
function isSame(
  pending: PendingApproval,
  authorized: Authorized,
  context: TokenContext,
): Result<readonly string[], Denial> {
  if (!authorized.waits) return stale(pending, "policy permits it without approval now: ask anew");
  const approvable = approvableOf(authorized, context);
  if (!approvable.ok) return stale(pending, approvable.error.code);
  const { requestHash, resources, policies, meanings } = approvable.value;
  if (requestHash === pending.requestHash) return ok(resources);
  const changed = [...changedNames(pending.policies, policies), ...changedNames(pending.meanings, meanings)];
  return stale(pending, changed.length > 0 ? `changed: ${changed.join(" ")}` : "it is not the same request");
}

const changedNames = (was: Readonly<Record<string, string>>, is: Readonly<Record<string, string>>): readonly string[] =>
  [...new Set([...Object.keys(was), ...Object.keys(is)])].filter((name) => was[name] !== is[name]).sort();

function boundLife(
  pending: PendingApproval,
  authorized: Authorized,
  { approvedAtSeconds, now }: { readonly approvedAtSeconds: number; readonly now: number },
): Result<Authorized, Denial> {
  const { plan } = authorized;
  const noEnd = Number.POSITIVE_INFINITY;
  const approvedEnd = approvedAtSeconds + plan.lifeSeconds;
  const lastEndSeconds = Math.min(approvedEnd, plan.lastEndSeconds ?? noEnd, pending.lastEndSeconds ?? noEnd);
  if (lastEndSeconds <= now) return err({ code: "approval_expired", id: pending.id });
  return ok({ ...authorized, plan: { ...plan, lastEndSeconds, lifeSeconds: lastEndSeconds - now } });
}
