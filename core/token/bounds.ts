import type { OwnToken } from "../caller/own-token.ts";
import type { Denial } from "../denial/denial.ts";
import type { BudgetBounds } from "../model/budget.ts";
import { limits } from "../model/limits.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { Grant, Offer, Session, Uses } from "../model/session.ts";
import type { RegistrySnapshot } from "../model/snapshot.ts";
import type { SessionStore, TreeGrowth, UseCounter } from "../session/store.ts";
import type { Plan, PlanInput } from "./plan.ts";
import type { ResolvedSubject } from "./resolve-subject-token.ts";

/**
 * How long a counter is kept: beyond the longest life of a session. So a renewal need not write it, and no renewal can
 * refill one.
 */
const counterSeconds = limits.sessionLifeMaxSeconds + 86_400;

/**
 * Bounds a plan's uses: never more than the token, offer or parent it comes from has, and, where any bound applies,
 * only at resources that are registered as introspecting now. At a resource that verifies offline, a token could be
 * used without any counter (threat 24).
 * @returns the plan with the bounds above it and its own; or `uses_exceed`, `uses_not_counted`, `parameter_invalid`
 * when a chain was bounded more often than one transaction can count
 */
export function boundUses(
  plan: Plan,
  subject: ResolvedSubject,
  { request, registry }: Pick<PlanInput, "request" | "registry">,
): Result<Plan, Denial> {
  const above = usesAbove(subject, plan.existing ?? plan.parent);
  const offered = subject.kind === "offer" ? subject.offer.maxUses : undefined;
  const most = offered ?? above?.max;
  const asked = request.maxUses ?? offered;
  if (asked !== undefined && most !== undefined && asked > most)
    return err({ code: "uses_exceed", requested: asked, allowed: most });
  if (asked === undefined && above === undefined) return ok(plan);
  const uncounted = plan.grants.find((grant) => !isIntrospecting(grant, registry));
  if (uncounted) return err({ code: "uses_not_counted", resource: uncounted.resource });
  if (asked !== undefined && (above?.countedAt.length ?? 0) >= limits.useCounters)
    return err({ code: "parameter_invalid", name: "max_uses", why: "bounded too often along this chain" });
  return ok({
    ...plan,
    ...(above ? { usesAbove: above } : {}),
    ...(asked === undefined ? {} : { maxUses: asked }),
  });
}

/**
 * The bounds that the exchanged token or session passes on: a token of one use must not open something that can be used
 * twice.
 */
function usesAbove(subject: ResolvedSubject, session: Session | undefined): Uses | undefined {
  if (subject.kind === "offer") return subject.offer.usesAbove ?? session?.uses;
  const token = subject.kind === "hop" || subject.kind === "session" ? subject.token : undefined;
  return token?.uses ?? session?.uses;
}

/** The budgets of a new session: those above it, and its own. */
export function budgetsBelow(
  parent: Pick<Session, "budgets"> | undefined,
  own: BudgetBounds | undefined,
  sid: string,
): Pick<Session, "budgets"> {
  const budgets = [...(parent?.budgets ?? []), ...(own ? [{ sid, ...own }] : [])];
  return budgets.length > 0 ? { budgets } : {};
}

/** Whether a token is bounded more narrowly than its session; then it must not be exchanged for the whole session. */
export const isBoundedBeyond = (token: Pick<OwnToken, "uses">, session: Session): boolean =>
  (token.uses?.countedAt.length ?? 0) > (session.uses?.countedAt.length ?? 0);

/** Whether access tokens for this grant are handles. */
export const isIntrospecting = (grant: Pick<Grant, "resource">, registry: RegistrySnapshot): boolean =>
  registry.resource(grant.resource)?.introspecting === true;

/**
 * The uses of something below `above`. One use takes from its own counter, where it has one, and from all counters
 * above. So a whole tree has together what its root was given, however often it is delegated.
 * @param name the counter's name: a session's id, or a handle's hash
 */
export const usesBelow = (above: Uses | undefined, own: number | undefined, name: string): Uses | undefined =>
  own === undefined ? above : { max: own, countedAt: [...(above?.countedAt ?? []), name] };

/** A new counter. */
export const newCounter = (name: string, left: number, nowSeconds: number): UseCounter => ({
  name,
  left,
  expiresAtSeconds: nowSeconds + counterSeconds,
});

/**
 * What is about to be stored in a tree: an offer, a child made from an offer, or a child by a downstream exchange, for
 * which nothing was counted before.
 */
type Growth =
  | { readonly offer: Offer }
  | { readonly child: Session; readonly offered: Offer }
  | { readonly child: Session; readonly offered?: undefined };

/**
 * Bytes by which a child is larger than its offer (a purpose, a build, a place in a list), unless its agent adds
 * details.
 */
const childBeyondOfferBytes = 1_024;
/** Bytes that a redemption adds to the offer's own row. */
const redeemedBytes = 128;

/**
 * Bounds how much one tree may grow in a quarter of an hour (threat 34). Ending a tree, or telling what an end would
 * reach, means reading the tree, and the tree's agents must not decide how long that takes. The registration of the
 * agent that opened the tree bounds its children; bytes have a bound of their own.
 *
 * An offer is counted together with the child it may become, since at its redemption nothing can be counted before the
 * offer was read. So a redemption waits for no count, failed or concurrent redemptions cost the tree nothing, and the
 * agent that makes a tree grow is the one that is refused. When the child is made, only what it has beyond its offer is
 * counted.
 * @returns `tree_full`
 */
export async function growTree(
  growth: Growth,
  registry: RegistrySnapshot,
  store: Pick<SessionStore, "growTree">,
): Promise<Result<void, Denial>> {
  const by = growthOf(growth);
  if (by.children === 0 && by.bytes === 0) return ok(undefined);
  const { root, actors } = "child" in growth ? growth.child : growth.offer.from;
  const children = registry.agent(actors[0] ?? "")?.maxChildren ?? limits.treeChildren;
  const within = await store.growTree(root, by, { children, bytes: limits.treeBytes });
  return within ? ok(undefined) : err({ code: "tree_full", root, children });
}

function growthOf(growth: Growth): TreeGrowth {
  if (!("child" in growth))
    return { children: 1, bytes: bytesOf(growth.offer) + redeemedBytes + childBytesOf(growth.offer) };
  const bytes = bytesOf(growth.child);
  if (!growth.offered) return { children: 1, bytes };
  return { children: 0, bytes: Math.max(0, bytes - childBytesOf(growth.offered)) };
}

/**
 * The bytes that were counted for an offer's child when the offer was made. They are computed from the offer and not
 * stored.
 */
const childBytesOf = ({ withdrawn: _w, redeemed: _r, ...made }: Offer): number => bytesOf(made) + childBeyondOfferBytes;

const bytesOf = (row: object): number => Buffer.byteLength(JSON.stringify(row));
