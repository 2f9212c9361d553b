import type { ApprovalRequests } from "../../approvals/store.ts";
import type { ApprovalFacts } from "../../audit/record.ts";
import type { Denial } from "../../denial/denial.ts";
import type { PendingApproval } from "../../model/approval.ts";
import type { ApprovalRule } from "../../model/decision.ts";
import { limits } from "../../model/limits.ts";
import { nowSeconds } from "../../model/ports.ts";
import { err, type Result } from "../../model/result.ts";
import { commonRule } from "../../policy/approvals.ts";
import type { Authorized } from "../authorize.ts";
import type { TokenContext } from "../context.ts";
import { conflictDenial, operations, recordOf } from "../issue.ts";
import { meaningDigests, policyDigests, requestHash } from "./request-hash.ts";
import { isResumable, toResume } from "./resume.ts";

/** What of a request is approved, and its hash. */
interface Approvable extends Pick<PendingApproval, "requestHash" | "policies" | "meanings"> {
  readonly rule: ApprovalRule;
  /** The resources at which policy asks for it. */
  readonly resources: readonly string[];
}

/**
 * What people would approve of a request that policy permits with approval.
 * @returns it, or `approval_groups_several`
 */
export function approvableOf(
  { plan, registry, policies: names, waits = [] }: Authorized,
  { request, caller }: Pick<TokenContext, "request" | "caller">,
): Result<Approvable, Denial> {
  const needs = waits.flatMap((one) => one.needs);
  const rule = commonRule(needs);
  if (!rule) return err({ code: "approval_groups_several", groups: groupsOf(needs) });
  const policies = policyDigests(names, registry);
  const meanings = meaningDigests(plan.grants, registry);
  const { build } = caller.identity;
  const hash = requestHash({ agent: caller.agent, build, request, plan, rule, policies, meanings, registry });
  return { ok: true, value: { requestHash: hash, policies, meanings, rule, resources: waits.map((w) => w.resource) } };
}

const groupsOf = (needs: readonly (readonly ApprovalRule[])[]): readonly string[] =>
  [...new Set(needs.flat().map(({ group }) => group))].sort();

/**
 * Has people asked. The same request of the same agent and key attaches to what waits already; one that was refused
 * within the hour is refused again, and nobody is asked (threat 56). What begins to wait is stored with the caller's
 * proof and a record, in one transaction.
 * @returns always a denial: `approval_pending`, or why nobody is asked
 */
export async function askPeople(authorized: Authorized, context: TokenContext): Promise<Result<never, Denial>> {
  const { plan, subject } = authorized;
  const { request, caller, audit, ports } = context;
  const store = await ports.approvals?.();
  const [first] = authorized.waits ?? [];
  const able = isResumable(subject) && ["open", "access", "hop"].includes(plan.action) && request.requested !== "offer";
  if (!first || !store || !able || caller.jkt === undefined)
    return err({
      ...{ code: "approval_elsewhere", action: plan.action, resource: first?.resource ?? "?" },
      group: groupsOf(first?.needs ?? []).join(" "),
    });
  const approvable = approvableOf(authorized, context);
  if (!approvable.ok) return approvable;
  const { rule, resources, ...what } = approvable.value;
  const { jkt } = caller;
  for (let attempt = 0; ; attempt++) {
    const now = nowSeconds(ports.clock);
    const asked = await store.asked({ requestHash: what.requestHash, jkt });
    if ((asked.refusedAtSeconds ?? Number.NEGATIVE_INFINITY) + limits.approvalRefusedSeconds > now)
      return err({ code: "approval_refused", unasked: true });
    const waiting = asked.id === undefined ? undefined : await stillWaiting(asked.id, store, now);
    if (waiting) {
      audit.add({ approval: factsOf(waiting, resources) });
      return err(pendingDenial(waiting, now));
    }
    const resume = toResume({ request, subject }, authorized.registry);
    const pending = { ...pendingFrom(authorized, { ...context, jkt, now }), ...rule, ...what, resume };
    audit.add({ operation: "approval.ask", approval: factsOf(pending, resources), grants: plan.grants });
    audit.add({ actors: plan.actors, expiresAtSeconds: pending.expiresAtSeconds, policies: authorized.policies });
    const replaces = asked.id === undefined ? {} : { replaces: asked.id };
    const written = { pending, ...replaces, replayEntries: caller.entries, ...recordOf(authorized, context) };
    const stored = await store.ask(written);
    if (stored.ok) return err(pendingDenial(pending, now));
    audit.add({ operation: operations[plan.action] });
    const { error } = stored;
    if (error.kind === "full") return err({ code: "approvals_full", of: error.of, name: error.name });
    if (error.kind !== "asked_meanwhile") return err(conflictDenial(error));
    if (attempt > 0) throw new Error("the same request is asked again and again at one moment");
  }
}

async function stillWaiting(id: string, store: ApprovalRequests, now: number): Promise<PendingApproval | undefined> {
  const [pending, standing] = await Promise.all([store.pending(id), store.standing({ id })]);
  return pending && pending.expiresAtSeconds > now && !standing.used && !standing.refused ? pending : undefined;
}

/** What the record says of an approval. */
export const factsOf = (
  { id, requestHash: hash, group, needed }: PendingApproval,
  resources: readonly string[],
): ApprovalFacts => ({ id, requestHash: hash, group, needed, resources });

/** It waits: how to ask how it stands. */
export const pendingDenial = ({ id, expiresAtSeconds }: PendingApproval, now: number): Denial => ({
  ...{ code: "approval_pending", id, expiresInSeconds: expiresAtSeconds - now },
});

/**
 * What is stored beside the hash. It waits no longer than what it stands on: the session it is for, or the person's
 * token, where the registry does not let the life count from the approval (threat 35).
 */
function pendingFrom(
  { plan, subject, registry }: Authorized,
  { request, caller, ports, jkt, now }: TokenContext & { readonly jkt: string; readonly now: number },
): Omit<PendingApproval, "requestHash" | "policies" | "meanings" | "group" | "needed" | "resume"> {
  const { build } = caller.identity;
  const session = plan.existing ?? plan.parent;
  const ends = [session?.expiresAtSeconds, plan.lastEndSeconds, personEnd(subject, registry.agent(caller.agent))];
  const known = ends.filter((end) => end !== undefined);
  const lastEndSeconds = known.length === 0 ? undefined : Math.min(...known);
  const { principal, actors, depth, action, grants, lifeSeconds, maxUses, budget } = plan;
  return {
    ...{ id: `ap_${ports.ids.id()}`, agent: caller.agent, jkt, principal, actors, depth, action, grants, lifeSeconds },
    ...(build === undefined ? {} : { build }),
    ...(maxUses === undefined ? {} : { maxUses }),
    ...(budget ? { budget } : {}),
    ...(session ? { session: { root: session.root, sid: session.sid } } : {}),
    ...(request.purpose === undefined ? {} : { purpose: request.purpose }),
    createdAtSeconds: now,
    expiresAtSeconds: Math.min(now + limits.approvalLifeSeconds, lastEndSeconds ?? Number.POSITIVE_INFINITY),
    ...(lastEndSeconds === undefined ? {} : { lastEndSeconds }),
  };
}

const personEnd = (
  subject: Authorized["subject"],
  registration: { readonly lifeFromApproval?: true } | undefined,
): number | undefined =>
  subject.kind === "person" && !registration?.lifeFromApproval
    ? Math.floor(subject.person.expiresAtSeconds)
    : undefined;
