import type { Bound } from "./bind.ts";
import { type Context, take, takesOf } from "./bounds.ts";
import { denied, done, type Observation, type WaitError } from "./observation.ts";
import { noteSignIn, ownerOf } from "./owners.ts";
import { type Elevating, type Planned, planOf, resourceFor } from "./plans.ts";
import { grant } from "./predict-issue.ts";
import { quarantine } from "./predict-orders.ts";
import { authenticates, livesBeyondLogin, skewSeconds } from "./registered.ts";
import { type Approver, chainOf, type ModelApproval, resourceOf, type State } from "./state.ts";
import { verdictOf, type WithApproval } from "./verdict.ts";

const waitSeconds = 900;
const intervalSeconds = 5;
const refusedSeconds = 3_600;
const mostOfAgent = 5;
const mostOfPrincipal = 20;

const refusedAs = (error: WaitError): Observation => ({ kind: "denied", error });
const pending = (approval: number, { endsSeconds }: ModelApproval, state: State): Observation => ({
  ...{ kind: "waits", approval, expiresInSeconds: endsSeconds - state.nowSeconds },
});

/** What a request gets that people may have to approve: it, a place to wait, or nothing. */
export function predictElevating(state: State, request: Elevating, context: Context): Observation {
  const plan = planOf(state, request);
  if (typeof plan === "string") return denied;
  const verdict = verdictOf(state, plan);
  if (verdict === "refused") return denied;
  noteSignIn(state, plan.login === undefined ? undefined : state.logins[plan.login]);
  return verdict === "permitted" ? grant(state, request.step, plan, context) : ask(state, request, plan, verdict);
}

/** Everything that two requests must have alike to be one. */
const whatOf = (state: State, request: Elevating, plan: Planned, verdict: WithApproval): string =>
  JSON.stringify([
    [plan.by, state.identities[plan.by]?.build, plan.action, plan.principal],
    plan.session === undefined ? [] : [plan.session, chainOf(state, plan.session)],
    [[...plan.scopes].sort(), resourceFor(plan.scopes) ?? "session"],
    request.kind === "open" ? [request.lifeSeconds, request.maxUses] : [],
    [...(plan.presented ?? [])].sort(),
    verdict,
    plan.scopes.some((one) => resourceOf(one) === "releases") ? state.published.releaseSeconds : 0,
  ]);

const isOpen = ({ endsSeconds, used, refused }: ModelApproval, state: State): boolean =>
  endsSeconds > state.nowSeconds && !used && !refused;

function ask(state: State, request: Elevating, plan: Planned, verdict: WithApproval): Observation {
  const what = whatOf(state, request, plan, verdict);
  const refused = state.refusedSeconds[what];
  if (refused !== undefined && refused + refusedSeconds > state.nowSeconds) return refusedAs("access_denied");
  const [same, approval] = Object.entries(state.approvals).findLast(([, one]) => one.what === what) ?? [];
  if (same !== undefined && approval && isOpen(approval, state)) return pending(Number(same), approval, state);
  const open = Object.values(state.approvals).filter((one) => isOpen(one, state));
  if (open.filter(({ by }) => by === plan.by).length >= mostOfAgent) return denied;
  if (open.filter(({ principal }) => principal === plan.principal).length >= mostOfPrincipal) return denied;
  const last = lastEndOf(state, plan);
  const asked: ModelApproval<Elevating> = {
    ...{ by: plan.by, what, request, principal: plan.principal, needed: verdict.needed },
    chain: plan.session === undefined ? [plan.by] : [plan.by, ...chainOf(state, plan.session)],
    endsSeconds: Math.min(state.nowSeconds + waitSeconds, last ?? Number.POSITIVE_INFINITY),
    ...(last === undefined ? {} : { lastEndSeconds: last }),
    ...{ votes: {}, refused: false, used: false },
  };
  state.approvals[request.step] = asked;
  return pending(request.step, asked, state);
}

/** It waits no longer, and lives no longer, than what it stands on. */
function lastEndOf(state: State, plan: Planned): number | undefined {
  const login = plan.login === undefined ? undefined : state.logins[plan.login];
  const session = plan.session === undefined ? undefined : state.sessions[plan.session];
  const ends = [
    session?.endsSeconds,
    plan.lastEndSeconds,
    livesBeyondLogin(plan.by) ? undefined : login?.endsSeconds,
  ].filter((one) => one !== undefined);
  return ends.length === 0 ? undefined : Math.min(...ends);
}

/** How something that waits stands, and what was approved, once. Only so far is nothing asked but whose it is. */
export function predictClaim(state: State, request: Bound & { kind: "claim" }, context: Context): Observation {
  const { by, approval: id, step } = request;
  const { nowSeconds } = state;
  const approval = state.approvals[id] as ModelApproval<Elevating> | undefined;
  if (!((state.identities[by]?.endsSeconds ?? 0) > nowSeconds)) return denied;
  if (!approval || approval.by !== by || request.stolen) return denied;
  if (!take(state, "issue", by, { least: 1, most: 1 }, context)) return denied;
  if (approval.endsSeconds <= nowSeconds) return refusedAs("expired_token");
  if (approval.askedSeconds !== undefined && approval.askedSeconds > nowSeconds - intervalSeconds)
    return refusedAs("slow_down");
  approval.askedSeconds = nowSeconds;
  if (approval.used) return denied;
  if (approval.refused) return refusedAs("access_denied");
  const voters = Object.entries(approval.votes).toSorted(([, a], [, b]) => a.atSeconds - b.atSeconds);
  if (voters.length < approval.needed) return pending(id, approval, state);
  const within = take(state, "issue", by, takesOf(state, context), context);
  if (!within || !authenticates(state, by) || state.suspended[by]) return denied;
  const again = { ...approval.request, step };
  const plan = planOf(state, again, "again");
  if (plan === "exceeds") return refusedAs("approval_stale");
  if (plan === "refused") return denied;
  const verdict = verdictOf(state, plan);
  if (typeof verdict === "string" || whatOf(state, again, plan, verdict) !== approval.what)
    return refusedAs("approval_stale");
  const counted = voters.filter(([person, { way }]) => stillCounts(state, person as Approver, way));
  if (counted.length < approval.needed) return pending(id, approval, state);
  const approvedSeconds = Math.max(...counted.slice(0, approval.needed).map(([, { atSeconds }]) => atSeconds));
  const noEnd = Number.POSITIVE_INFINITY;
  const last = Math.min(
    approvedSeconds + plan.lifeSeconds,
    plan.lastEndSeconds ?? noEnd,
    approval.lastEndSeconds ?? noEnd,
  );
  if (last <= nowSeconds) return refusedAs("expired_token");
  const granted = grant(state, step, { ...plan, lastEndSeconds: last, lifeSeconds: last - nowSeconds }, context);
  approval.used = granted.kind === "token";
  return granted;
}

/** Whether the registry still has the person for what was approved, and nobody blocked him. */
const stillCounts = (state: State, person: Approver, way: "iam" | "token"): boolean =>
  !state.blocked[`principal:${person}`] &&
  (way === "token" ? state.published.byToken : state.published.approvers.includes(person));

/** What a person may say of something that waits; three refusals in a row quarantine who asked. */
export function predictVote(state: State, request: Bound & { kind: "vote" }): Observation {
  const { approval: id, person, way, verdict, shown } = request;
  const approval = state.approvals[id];
  if (!approval || !mayDecide(state, person, way) || !shown) return denied;
  if (involved(approval).includes(person)) return denied;
  if (!isOpen(approval, state)) return denied;
  if (verdict === "approve") {
    if (approval.votes[person] || way === "old") return denied;
    approval.votes[person] = { way, atSeconds: state.nowSeconds };
    state.inRow[approval.by] = 0;
    return done;
  }
  approval.refused = true;
  state.refusedSeconds[approval.what] = state.nowSeconds;
  const inRow = (state.inRow[approval.by] ?? 0) + 1;
  state.inRow[approval.by] = inRow;
  if (inRow >= 3 && !state.quarantined[approval.by]) quarantine(state, approval.by);
  return done;
}

/** Whoever asked, and who owns an agent of the chain as it would be. */
const involved = ({ principal, chain }: ModelApproval): readonly string[] => [
  principal,
  ...chain.flatMap((agent) => ownerOf(agent) ?? []),
];

function mayDecide(state: State, person: Approver, way: "iam" | "token" | "old"): boolean {
  const { approvers, byToken } = state.published;
  const principal = `principal:${person}`;
  if (state.blocked.deployment || state.blocked[principal]) return false;
  if (way === "iam") return approvers.includes(person);
  const cut = state.cutSeconds[principal];
  return way === "token" && byToken && !(cut !== undefined && state.nowSeconds <= cut + skewSeconds);
}
