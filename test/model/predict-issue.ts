import type { Bound } from "./bind.ts";
import { type Context, grow } from "./bounds.ts";
import { denied, type Observation } from "./observation.ts";
import { areOwned, isOwned } from "./owners.ts";
import { boundOf, handedOnFreely, opens, type Planned, resourceFor, tooDeep } from "./plans.ts";
import { accessSeconds, longestNow, longestOf, mayNow, served, usualSeconds, within } from "./registered.ts";
import {
  type AgentName,
  chainOf,
  isAlive,
  lineage,
  type ModelSession,
  type ModelUses,
  rootOf,
  type Scope,
  type State,
} from "./state.ts";
import { verdictOf } from "./verdict.ts";

/** What is released of a session. */
interface Issued {
  readonly scopes: readonly Scope[];
  /** Its own bound on uses. */
  readonly own?: ModelUses;
  /** An end of its own, where that is earlier than usual. */
  readonly ends?: number;
  /** A session token, whatever it opens. */
  readonly whole?: true;
}

/** Records a token of `session` and says how it looks. */
function issue(state: State, step: number, session: number, { scopes, own, ends, whole }: Issued): Observation {
  const resource = whole ? undefined : resourceFor(scopes);
  const { endsSeconds: last, principal, uses: above } = state.sessions[session] as ModelSession;
  const usual = resource ? state.nowSeconds + accessSeconds(state, resource) : last;
  const endsSeconds = Math.min(last, usual, ends ?? last);
  const rest = resource ? { resource } : {};
  const uses = own ?? above;
  state.tokens[step] = { session, scopes, endsSeconds, ...rest, ...(uses ? { uses } : {}) };
  const chain = chainOf(state, session);
  return { kind: "token", session, scopes: [...scopes].sort(), principal, chain, endsSeconds, ...rest };
}

/** Whether it is permitted at once, where nobody can be asked. */
const permits = (state: State, asked: Parameters<typeof verdictOf>[1]): boolean =>
  verdictOf(state, asked) === "permitted";

/** Grants what was planned and permitted; a hop's session grows its tree. */
export function grant(state: State, step: number, plan: Planned, context: Context): Observation {
  const { action, by, scopes, session, lifeSeconds, lastEndSeconds, uses } = plan;
  const own = uses ? { own: uses } : {};
  if (action === "access" && session !== undefined)
    return issue(state, step, session, { scopes, ...own, ends: state.nowSeconds + lifeSeconds });
  if (action === "hop" && session !== undefined) {
    if (!grow(state, rootOf(state, session), "child", context)) return denied;
    return child(state, step, session, { by, scopes, uses, lifeSeconds, ...bounded(lastEndSeconds) });
  }
  const { build } = state.identities[by] ?? {};
  state.sessions[step] = {
    agent: by,
    principal: plan.principal,
    scopes,
    bornSeconds: state.nowSeconds,
    endsSeconds: state.nowSeconds + lifeSeconds,
    ...bounded(lastEndSeconds),
    ...(uses ? { uses } : {}),
    over: false,
    ...(plan.budgeted ? { budgeted: step } : {}),
    ...(plan.login === undefined ? {} : { login: plan.login }),
    ...(build ? { build } : {}),
  };
  return issue(state, step, step, { scopes });
}

const bounded = (lastEndSeconds: number | undefined) => (lastEndSeconds === undefined ? {} : { lastEndSeconds });

/** A later end for its session, by a token that opens all of it; never beyond the parent's, nor two agents' longest. */
export function predictRenewal(state: State, request: Bound & { kind: "renew" }): Observation {
  const { step, by, token, lifeSeconds } = request;
  const known = state.tokens[token];
  const session = known && state.sessions[known.session];
  if (!known || session?.agent !== by || known.endsSeconds <= state.nowSeconds) return denied;
  if (!isAlive(state, known.session) || opens(known, session).length < session.scopes.length) return denied;
  if (!served(state, session.scopes)) return denied;
  if (!areOwned(state, known.session)) return denied;
  if (!handedOnFreely(state, known.session) || !within(session.scopes, mayNow(state, by))) return denied;
  const boundedBeyond = (known.uses?.counters.length ?? 0) > (session.uses?.counters.length ?? 0);
  if (boundedBeyond || state.identities[by]?.build !== session.build) return denied;
  const line = lineage(state, known.session);
  const root = line.at(-1) as ModelSession;
  const ends = state.nowSeconds + lifeSeconds;
  const last = Math.min(
    root.bornSeconds + longestOf(root.agent),
    session.bornSeconds + longestNow(state, by),
    line[1]?.endsSeconds ?? Number.POSITIVE_INFINITY,
    session.lastEndSeconds ?? Number.POSITIVE_INFINITY,
  );
  if (ends > last || ends < session.endsSeconds || !permits(state, { by, scopes: session.scopes, action: "renew" }))
    return denied;
  session.endsSeconds = ends;
  return issue(state, step, known.session, { scopes: session.scopes, whole: true });
}

/** Part of its session, held out to one agent. */
export function predictOffer(state: State, request: Bound & { kind: "offer" }, context: Context): Observation {
  const { step, by, token, to, scope } = request;
  const known = state.tokens[token];
  const session = known && state.sessions[known.session];
  if (!known || session?.agent !== by || known.endsSeconds <= state.nowSeconds) return denied;
  if (!isAlive(state, known.session) || state.suspended[to] || !opens(known, session).includes(scope)) return denied;
  if (!handedOnFreely(state, known.session, "next") || !areOwned(state, known.session)) return denied;
  if (
    tooDeep(state, known.session, to) ||
    !served(state, [scope]) ||
    !permits(state, { by, scopes: [scope], action: "offer" })
  )
    return denied;
  const expiresInSeconds = Math.min(120, session.endsSeconds - state.nowSeconds);
  const endsSeconds = state.nowSeconds + expiresInSeconds;
  const { maxUses } = request;
  const above = known.uses;
  const bound = boundOf(state, step, { above, asked: maxUses, scopes: [scope] });
  delete state.counters[step];
  if (bound === "refused" || !grow(state, rootOf(state, known.session), "offer", context)) return denied;
  state.offers[step] = {
    from: known.session,
    to,
    scopes: [scope],
    endsSeconds,
    withdrawn: false,
    ...(above ? { usesAbove: above } : {}),
    ...(maxUses === undefined ? {} : { maxUses }),
  };
  return { kind: "offer", scopes: [scope], expiresInSeconds };
}

/** What the named agent gets for an offer, whose child was counted with it; asking again gets the same. */
export function predictRedeem(state: State, request: Bound & { kind: "redeem" }): Observation {
  const { step, by, offer: id } = request;
  const offer = state.offers[id];
  if (!offer || offer.to !== by || offer.withdrawn || offer.endsSeconds <= state.nowSeconds) return denied;
  const { scopes } = offer;
  if (!isOwned(state, by) || !areOwned(state, offer.from)) return denied;
  if (offer.redeemed === "lost" || !served(state, scopes) || !permits(state, { by, scopes, action: "redeem" }))
    return denied;
  if (offer.redeemed !== undefined) {
    if (!isAlive(state, offer.redeemed) || !handedOnFreely(state, offer.redeemed)) return denied;
    if (!within(scopes, mayNow(state, by))) return denied;
    return issue(state, step, offer.redeemed, { scopes });
  }
  if (!isAlive(state, offer.from) || !within(scopes, mayNow(state, by)) || tooDeep(state, offer.from, by))
    return denied;
  if (!handedOnFreely(state, offer.from, "next")) return denied;
  const above = offer.usesAbove ?? state.sessions[offer.from]?.uses;
  const most = offer.maxUses ?? above?.most;
  const uses = boundOf(state, step, { above, asked: offer.maxUses, scopes, most });
  if (uses === "refused") return denied;
  const seen = child(state, step, offer.from, {
    by,
    scopes,
    uses,
    lifeSeconds: Math.min(usualSeconds, longestNow(state, by)),
  });
  offer.redeemed = step;
  return seen;
}

function child(
  state: State,
  step: number,
  parent: number,
  made: {
    readonly by: AgentName;
    readonly scopes: readonly Scope[];
    readonly uses: ModelUses | undefined;
    readonly lifeSeconds: number;
    readonly lastEndSeconds?: number;
  },
): Observation {
  const { by, scopes, uses, lifeSeconds } = made;
  const above = state.sessions[parent] as ModelSession;
  const noEnd = Number.POSITIVE_INFINITY;
  const last = Math.min(above.lastEndSeconds ?? noEnd, made.lastEndSeconds ?? noEnd);
  const { build } = state.identities[by] ?? {};
  state.sessions[step] = {
    parent,
    agent: by,
    principal: above.principal,
    scopes,
    bornSeconds: state.nowSeconds,
    endsSeconds: Math.min(above.endsSeconds, last, state.nowSeconds + lifeSeconds),
    ...(last === noEnd ? {} : { lastEndSeconds: last }),
    ...(uses ? { uses } : {}),
    over: false,
    ...(build ? { build } : {}),
  };
  return issue(state, step, step, { scopes });
}
