import type { Bound } from "./bind.ts";
import { serverOf } from "./bind.ts";
import { type Context, growInVain, take, takesOf } from "./bounds.ts";
import { denied, done, type Observation } from "./observation.ts";
import { areOwned } from "./owners.ts";
import { predictClaim, predictElevating, predictVote } from "./predict-approvals.ts";
import { predictOffer, predictRedeem, predictRenewal } from "./predict-issue.ts";
import { confirm, cut, liftSession, liftSubject, quarantine, release, revokeSession } from "./predict-orders.ts";
import { authenticates, hasProfile, serves } from "./registered.ts";
import { reserve, settle, spend } from "./spending.ts";
import { type AgentName, chainOf, isAlive, lineage, type ModelUses, rootOf, type State } from "./state.ts";

/** What the model says of one request, in its turn. It changes `state`, which the caller has cloned. */
export function predict(state: State, request: Bound, context: Context): Observation {
  switch (request.kind) {
    case "attest":
      return predictAttest(state, request.by, context);
    case "revoke-session":
      return revokeSession(state, request.session);
    case "lift-session":
      return liftSession(state, request.session);
    case "revoke":
      return cut(state, request.subject, request.cutOnly);
    case "lift":
      return liftSubject(state, request.subject);
    case "confirm":
      return confirm(state, request.person);
    case "quarantine":
      return quarantine(state, request.agent);
    case "release":
      return release(state, request.agent);
    case "vote":
      return predictVote(state, request);
    case "claim":
      return released(state, request, predictClaim(state, request, context));
  }
  const within = takeFor(state, request, context);
  if (!within || !authenticates(state, request.by)) return denied;
  switch (request.kind) {
    case "introspect":
      return predictIntrospect(state, request);
    case "settle":
      return predictSettle(state, request);
    case "end":
    case "end-below":
    case "withdraw":
      return predictEnding(state, request);
    default:
      // a suspended agent may still end its own work, never start any
      return state.suspended[request.by] ? denied : released(state, request, predictIssuing(state, request, context));
  }
}

/** Whatever was stored stands, with nobody told of it, where liveness could not be read again; an offer asks for it anew. */
function released(state: State, request: Bound, issued: Observation): Observation {
  if (request.unread === undefined || issued.kind !== "token") return issued;
  delete state.tokens[request.step];
  return denied;
}

/**
 * Takes from the bucket that a request takes from: whoever is known by an identity token, even one that counts no more,
 * and from one bucket for what starts work, from another for what ends it.
 * @returns whether the request goes on
 */
function takeFor(state: State, request: Bound & { readonly by: AgentName }, context: Context): boolean {
  const { kind, by } = request;
  const identity = state.identities[by];
  if (kind === "introspect" || kind === "settle" || !identity || identity.endsSeconds <= state.nowSeconds) return true;
  return kind === "end" || kind === "end-below" || kind === "withdraw"
    ? take(state, "end", by, { least: 1, most: 1 }, context)
    : take(state, "issue", by, takesOf(state, context), context);
}

/** Beside another that spends a call may be refused by a budget for what the other holds for a moment, and gives back. */
export const refusedEarly = (before: State, seen: Observation, { contested }: Context): State[] =>
  contested && seen.kind === "active" && seen.told?.error === "budget_spent" ? [structuredClone(before)] : [];

/**
 * Beside another request a redemption may be refused at the last moment, when a revocation overtook it: the offer, or
 * what people approved, is spent all the same, and nothing lives of it.
 */
export function lostRedemption(before: State, request: Bound, context: Context): State[] {
  const lost = structuredClone(before);
  if (request.kind === "claim") {
    if (predictClaim(lost, request, context).kind !== "token") return [];
    delete lost.tokens[request.step];
    const made = lost.sessions[request.step];
    if (made) made.over = true;
    return [lost];
  }
  const offer = request.kind === "redeem" ? lost.offers[request.offer] : undefined;
  if (request.kind !== "redeem" || !offer || offer.redeemed !== undefined) return [];
  offer.redeemed = "lost";
  takeFor(lost, request, context);
  return [lost];
}

/** What two requests that met may have counted though nothing is to be seen of it. */
export function countInVain(state: State, request: Bound): void {
  if (request.kind !== "offer" && request.kind !== "hop") return;
  const parent = state.tokens[request.token]?.session;
  if (parent !== undefined) growInVain(state, rootOf(state, parent), request.kind === "hop" ? "child" : "offer");
}

function predictAttest(state: State, agent: AgentName, context: Context): Observation {
  const build = state.running[agent];
  const names = ["deployment", `agent:${agent}`, ...(build ? [`build:${build}`] : [])];
  const refused =
    state.suspended[agent] ||
    (state.quarantined[agent] && !hasProfile(agent)) ||
    names.some((name) => state.blocked[name]);
  // its signature is taken after all that, unless the block came between
  const count = { least: refused ? 0 : 1, most: refused && context.alone ? 0 : 1 };
  if (!take(state, "issue", agent, count, context) || refused) return denied;
  state.identities[agent] = { endsSeconds: state.nowSeconds + 300, over: false, ...(build ? { build } : {}) };
  return { kind: "identity", ...(build ? { build } : {}) };
}

function predictIssuing(state: State, request: Bound, context: Context): Observation {
  switch (request.kind) {
    case "open":
    case "access":
    case "hop":
      return predictElevating(state, request, context);
    case "renew":
      return predictRenewal(state, request);
    case "offer":
      return predictOffer(state, request, context);
    case "redeem":
      return predictRedeem(state, request);
    default:
      throw new Error(`${request.kind} issues nothing`);
  }
}

function predictIntrospect(state: State, request: Bound & { kind: "introspect" }): Observation {
  const { by, token, cost, step } = request;
  const known = state.tokens[token];
  if (state.suspended[by] || !serves(state, by)) return denied;
  const served = known?.resource !== undefined && serverOf[known.resource] === by;
  const alive = served && known.endsSeconds > state.nowSeconds && isAlive(state, known.session);
  if (!alive || !areOwned(state, known.session)) return { kind: "active", active: false };
  if (known.resource !== "payments") return { kind: "active", active: use(state, known.uses) };
  const before = structuredClone(state.spent);
  const spent = spend(state, known.session, cost);
  if (!spent.ok) return { kind: "active", active: false, told: spent.told };
  if (!use(state, known.uses)) {
    state.spent = before;
    return { kind: "active", active: false };
  }
  if (!cost || spent.reserved.length === 0) return { kind: "active", active: true };
  reserve(state, step, { server: by, cost, rows: spent.reserved });
  return { kind: "active", active: true, reported: true };
}

function predictSettle(state: State, { by, report, cost }: Bound & { kind: "settle" }): Observation {
  if (state.suspended[by] || !serves(state, by)) return denied;
  const exceeds = settle(state, report, { by, cost });
  return exceeds === undefined ? denied : { kind: "settled", exceeds };
}

/** Takes one use from every counter above, or from none. */
function use(state: State, uses: ModelUses | undefined): boolean {
  const counters = uses?.counters ?? [];
  if (counters.some((one) => (state.counters[one] ?? 0) < 1)) return false;
  for (const one of counters) state.counters[one] = (state.counters[one] ?? 0) - 1;
  return true;
}

function predictEnding(state: State, request: Bound & { kind: "end" | "end-below" | "withdraw" }): Observation {
  const { by } = request;
  if (request.kind === "withdraw") {
    const offer = state.offers[request.offer];
    if (!offer || state.sessions[offer.from]?.agent !== by) return denied;
    if (offer.redeemed === undefined) offer.withdrawn = true;
    return done;
  }
  const own = state.tokens[request.token]?.session;
  if (own === undefined) return denied;
  const target = request.kind === "end-below" ? request.session : own;
  const holder = state.sessions[own];
  const allowed =
    target === own
      ? chainOf(state, own).includes(by)
      : holder?.agent === by && lineage(state, target).slice(1).includes(holder);
  const ended = state.sessions[target];
  if (!allowed || !ended) return denied;
  ended.over = true;
  return done;
}
