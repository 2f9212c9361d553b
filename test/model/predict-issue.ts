import type { Bound } from "./bind.ts";
import { serverOf } from "./bind.ts";
import { type Context, grow } from "./bounds.ts";
import { denied, type Observation } from "./observation.ts";
import {
  asksAlways,
  deepest,
  lentBy,
  longestOf,
  may,
  served,
  skewSeconds,
  usualSeconds,
  within,
} from "./registered.ts";
import {
  type AgentName,
  chainOf,
  isAlive,
  lineage,
  type ModelSession,
  type ModelUses,
  type Resource,
  resourceOf,
  rootOf,
  type Scope,
  type State,
} from "./state.ts";

/** Records a token of `session` and says how it looks. */
function issue(
  state: State,
  step: number,
  session: number,
  resource: Resource | undefined,
  scopes: readonly Scope[],
  own?: ModelUses,
): Observation {
  const { endsSeconds: last, principal, uses: whole } = state.sessions[session] as ModelSession;
  const endsSeconds = resource ? Math.min(last, state.nowSeconds + 300) : last;
  const rest = resource ? { resource } : {};
  const uses = own ?? whole;
  state.tokens[step] = { session, scopes, endsSeconds, ...rest, ...(uses ? { uses } : {}) };
  const chain = chainOf(state, session);
  return { kind: "token", session, scopes: [...scopes].sort(), principal, chain, endsSeconds, ...rest };
}

/** What a token opens of its session: a session token all of it, an access token what it says itself. */
const opens = (token: State["tokens"][number] & object, session: ModelSession): readonly Scope[] =>
  token.resource === undefined ? session.scopes : session.scopes.filter((one) => token.scopes.includes(one));

/** A token of its own session, for all that the token presented opens at that resource or one scope of it. */
export function predictAccess(
  state: State,
  request: Omit<Bound & { kind: "access" }, "kind">,
  scope?: Scope,
): Observation {
  const { step, by, token, resource } = request;
  const known = state.tokens[token];
  const session = known && state.sessions[known.session];
  if (!known || session?.agent !== by) return denied;
  if (known.endsSeconds <= state.nowSeconds || !isAlive(state, known.session)) return denied;
  const held = opens(known, session).filter((one) => resourceOf(one) === resource && (scope ?? one) === one);
  if (held.length === 0 || !served(state, held)) return denied;
  const uses = boundOf(state, step, known.uses, request.maxUses, held);
  return uses === "refused" ? denied : issue(state, step, known.session, resource, held, uses);
}

/**
 * What bounds something new: what is above it, and a counter of its own where it asks for one, which may not be more
 * than what is above. Only at resources that ask about every request.
 */
function boundOf(
  state: State,
  step: number,
  above: ModelUses | undefined,
  asked: number | undefined,
  scopes: readonly Scope[],
  most = above?.most,
): ModelUses | undefined | "refused" {
  if (asked !== undefined && most !== undefined && asked > most) return "refused";
  if (asked === undefined && !above) return undefined;
  if (!scopes.every((scope) => asksAlways(resourceOf(scope)))) return "refused";
  if (asked === undefined) return above;
  state.counters[step] = asked;
  return { most: asked, counters: [...(above?.counters ?? []), step] };
}

/** A later end for its session, by a token that opens all of it; never beyond the parent's, nor two agents' longest. */
export function predictRenewal(state: State, request: Bound & { kind: "renew" }): Observation {
  const { step, by, token, lifeSeconds } = request;
  const known = state.tokens[token];
  const session = known && state.sessions[known.session];
  if (!known || session?.agent !== by || known.endsSeconds <= state.nowSeconds) return denied;
  if (!isAlive(state, known.session) || opens(known, session).length < session.scopes.length) return denied;
  if (!served(state, session.scopes)) return denied;
  const boundedBeyond = (known.uses?.counters.length ?? 0) > (session.uses?.counters.length ?? 0);
  if (boundedBeyond || state.identities[by]?.build !== session.build) return denied;
  const line = lineage(state, known.session);
  const root = line.at(-1) as ModelSession;
  const ends = state.nowSeconds + lifeSeconds;
  const last = Math.min(
    root.bornSeconds + longestOf(root.agent),
    session.bornSeconds + longestOf(by),
    line[1]?.endsSeconds ?? Number.POSITIVE_INFINITY,
    session.lastEndSeconds ?? Number.POSITIVE_INFINITY,
  );
  if (ends > last || ends < session.endsSeconds) return denied;
  session.endsSeconds = ends;
  return issue(state, step, known.session, undefined, session.scopes);
}

/** A root: for a person by their login, or on the agent's own. */
export function predictOpen(state: State, request: Bound & { kind: "open" }): Observation {
  const { step, by, login: id, scopes, lifeSeconds } = request;
  const login = id === undefined ? undefined : state.logins[id];
  if (id !== undefined && !(login && loginCounts(state, login, by))) return denied;
  const principal = login?.person ?? by;
  if (state.blocked[`principal:${principal}`]) return denied;
  if (!within(scopes, may[by]) || !within(scopes, lentBy(principal)) || !served(state, scopes)) return denied;
  if ((lifeSeconds ?? 0) > longestOf(by)) return denied;
  const uses = boundOf(state, step, undefined, request.maxUses, scopes);
  if (uses === "refused") return denied;
  const { build } = state.identities[by] ?? {};
  state.sessions[step] = {
    agent: by,
    principal,
    scopes,
    bornSeconds: state.nowSeconds,
    endsSeconds: state.nowSeconds + (lifeSeconds ?? usualSeconds),
    ...(uses ? { uses } : {}),
    over: false,
    ...(id === undefined ? {} : { login: id }),
    ...(build ? { build } : {}),
  };
  const resources = [...new Set(scopes.map(resourceOf))];
  return issue(state, step, step, resources.length > 1 ? undefined : resources[0], scopes);
}

function loginCounts(state: State, login: State["logins"][number], by: AgentName): boolean {
  if (login.agent !== by || login.denylisted || isDenylisted(state, login)) return false;
  if (state.nowSeconds >= login.issuedSeconds + 3600 + skewSeconds) return false;
  const name = `principal:${login.person}`;
  const cut = state.cutSeconds[name];
  if (cut === undefined) return true;
  const ageless = login.signedInSeconds === undefined && login.device === undefined && !state.lifted[name];
  return !ageless && Math.min(login.issuedSeconds, login.signedInSeconds ?? login.issuedSeconds) > cut + skewSeconds;
}

/** By its time; by its device, unless the person signed in again after that; or, where it names neither, by any. */
function isDenylisted(state: State, { person, agent, signedInSeconds, device }: State["logins"][number]): boolean {
  const there = state.denylisted[`${person} ${agent}`];
  if (!there) return false;
  const { times, devices, tokens } = there;
  if (signedInSeconds === undefined && device === undefined)
    return times.length + Object.keys(devices).length + tokens.length > 0;
  const denylistedAt = device === undefined ? undefined : devices[device];
  const byDevice = denylistedAt !== undefined && !(signedInSeconds !== undefined && signedInSeconds > denylistedAt);
  return byDevice || (signedInSeconds !== undefined && times.includes(signedInSeconds));
}

/** Part of its session, held out to one agent. */
export function predictOffer(state: State, request: Bound & { kind: "offer" }, context: Context): Observation {
  const { step, by, token, to, scope } = request;
  const known = state.tokens[token];
  const session = known && state.sessions[known.session];
  if (!known || session?.agent !== by || known.endsSeconds <= state.nowSeconds) return denied;
  if (!isAlive(state, known.session) || state.suspended[to] || !opens(known, session).includes(scope)) return denied;
  if (tooDeep(state, known.session, to) || !served(state, [scope])) return denied;
  const expiresInSeconds = Math.min(120, session.endsSeconds - state.nowSeconds);
  const endsSeconds = state.nowSeconds + expiresInSeconds;
  const { maxUses } = request;
  const above = known.uses;
  const bound = boundOf(state, step, above, maxUses, [scope]);
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

const tooDeep = (state: State, parent: number, to: AgentName): boolean => {
  const chain = chainOf(state, parent);
  return chain.length > Math.min(...[to, ...chain].map(deepest));
};

/** What the named agent gets for an offer, whose child was counted with it; asking again gets the same. */
export function predictRedeem(state: State, request: Bound & { kind: "redeem" }): Observation {
  const { step, by, offer: id } = request;
  const offer = state.offers[id];
  if (!offer || offer.to !== by || offer.withdrawn || offer.endsSeconds <= state.nowSeconds) return denied;
  if (offer.redeemed === "lost" || !served(state, offer.scopes)) return denied;
  const [scope] = offer.scopes;
  if (offer.redeemed !== undefined) {
    if (!isAlive(state, offer.redeemed)) return denied;
    return issue(state, step, offer.redeemed, scope && resourceOf(scope), offer.scopes);
  }
  if (!isAlive(state, offer.from) || !within(offer.scopes, may[by]) || tooDeep(state, offer.from, by)) return denied;
  const above = offer.usesAbove ?? state.sessions[offer.from]?.uses;
  const uses = boundOf(state, step, above, offer.maxUses, offer.scopes, offer.maxUses ?? above?.most);
  if (uses === "refused") return denied;
  const seen = child(state, step, offer.from, { by, scopes: offer.scopes, uses });
  offer.redeemed = step;
  return seen;
}

/** How one scope may follow from another at the next hop, and for how long, where that is granted. */
const entailments: readonly {
  readonly by: AgentName;
  readonly from: Scope;
  readonly to: Scope;
  readonly seconds?: number;
}[] = [
  // whoever reads tickets may read their customers
  { by: "ticket-api", from: "tickets:read", to: "customers:read" },
  { by: "ticket-api", from: "tickets:write", to: "customers:read", seconds: 600 },
  { by: "customer-api", from: "customers:read", to: "tickets:read", seconds: 400 },
];

/** What the serving agent gets at the next hop. */
export function predictDownstreamExchange(
  state: State,
  request: Bound & { kind: "hop" },
  context: Context,
): Observation {
  const { step, by, token, scope } = request;
  const known = state.tokens[token];
  if (known?.resource === undefined || known.endsSeconds <= state.nowSeconds) return denied;
  const { principal, agent } = state.sessions[known.session] as ModelSession;
  // its own session's token: no hop, but one more token of that session
  if (agent === by) return predictAccess(state, { step, by, token, resource: resourceOf(scope) }, scope);
  const taken = entailments.filter((e) => e.by === by && known.scopes.includes(e.from) && e.to === scope);
  if (serverOf[known.resource] !== by || taken.length === 0 || !isAlive(state, known.session)) return denied;
  if (!within([scope], may[by]) || !within([scope], lentBy(principal)) || tooDeep(state, known.session, by))
    return denied;
  if (!served(state, [scope])) return denied;
  const uses = boundOf(state, step, known.uses, undefined, [scope]);
  if (uses === "refused" || !grow(state, rootOf(state, known.session), "child", context)) return denied;
  // made of a token, it ends with it, unless everything it takes grants a life of its own
  const granted = Math.min(...taken.map(({ seconds }) => seconds ?? 0));
  const lastEndSeconds = Math.max(known.endsSeconds, state.nowSeconds + granted);
  return child(state, step, known.session, { by, scopes: [scope], uses, lastEndSeconds });
}

function child(
  state: State,
  step: number,
  parent: number,
  made: {
    readonly by: AgentName;
    readonly scopes: readonly Scope[];
    readonly uses: ModelUses | undefined;
    readonly lastEndSeconds?: number;
  },
): Observation {
  const { by, scopes, uses } = made;
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
    endsSeconds: Math.min(above.endsSeconds, last, state.nowSeconds + usualSeconds),
    ...(last === noEnd ? {} : { lastEndSeconds: last }),
    ...(uses ? { uses } : {}),
    over: false,
    ...(build ? { build } : {}),
  };
  const [scope] = scopes;
  return issue(state, step, step, scope && resourceOf(scope), scopes);
}
