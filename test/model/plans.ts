import type { Bound } from "./bind.ts";
import { serverOf } from "./bind.ts";
import { areOwned, isOwned } from "./owners.ts";
import {
  accessSeconds,
  asksAlways,
  deepest,
  lentBy,
  longestNow,
  mayNow,
  served,
  serves,
  skewSeconds,
  usualSeconds,
  within,
} from "./registered.ts";
import {
  type AgentName,
  chainOf,
  isAlive,
  type ModelSession,
  type ModelUses,
  type Person,
  type Resource,
  resourceOf,
  type Scope,
  type State,
} from "./state.ts";

/** What a request may get before policy is asked. */
export interface Planned {
  readonly action: "open" | "access" | "hop";
  readonly by: AgentName;
  readonly principal: Person | AgentName;
  readonly scopes: readonly Scope[];
  /** The session it is a token of, or that it would stand below. */
  readonly session?: number;
  readonly lifeSeconds: number;
  readonly lastEndSeconds?: number;
  readonly uses?: ModelUses;
  readonly login?: number;
  /** It is opened with a budget. */
  readonly budgeted?: true;
  /** Of a hop: what the presented token opens. */
  readonly presented?: readonly Scope[];
}

/** A request that people may have to approve. */
export type Elevating = Bound & { readonly kind: "open" | "access" | "hop" };

/** Whether a request is decided once more, when nobody shows its token again. */
type Again = "again" | undefined;

/** Why a request gets nothing; `exceeds` where its agent may not hold it now. */
type Refused = "refused" | "exceeds";

/** What a request would get. */
export function planOf(state: State, request: Elevating, again?: Again): Planned | Refused {
  switch (request.kind) {
    case "open":
      return planOpen(state, request, again);
    case "access":
      return planAccess(state, request, { again });
    case "hop":
      return planHop(state, request, again);
  }
}

/** What a token opens of its session: a session token all of it, an access token what it says itself. */
export const opens = (token: State["tokens"][number] & object, session: ModelSession): readonly Scope[] =>
  token.resource === undefined ? session.scopes : session.scopes.filter((one) => token.scopes.includes(one));

/** A token of its own session, for all that the token presented opens at that resource or one scope of it. */
function planAccess(
  state: State,
  request: Omit<Bound & { kind: "access" }, "kind">,
  { again, scope }: { readonly again?: Again; readonly scope?: Scope },
): Planned | Refused {
  const { step, by, token, resource } = request;
  const known = state.tokens[token];
  const session = known && state.sessions[known.session];
  if (!known || session?.agent !== by || !isAlive(state, known.session)) return "refused";
  if (!areOwned(state, known.session)) return "refused";
  if (!again && known.endsSeconds <= state.nowSeconds) return "refused";
  const scopes = opens(known, session).filter((one) => resourceOf(one) === resource && (scope ?? one) === one);
  if (scopes.length === 0 || !handedOnFreely(state, known.session)) return "refused";
  if (!within(scopes, mayNow(state, by))) return "exceeds";
  if (!served(state, scopes)) return "refused";
  const uses = boundOf(state, step, { above: known.uses, asked: request.maxUses, scopes });
  if (uses === "refused") return "refused";
  const lifeSeconds = Math.min(accessSeconds(state, resource), session.endsSeconds - state.nowSeconds);
  const { principal } = session;
  return { action: "access", by, principal, scopes, session: known.session, lifeSeconds, ...(uses ? { uses } : {}) };
}

/**
 * What bounds something new: what is above it, and a counter of its own where it asks for one, which may not be more
 * than what is above. Only at resources that ask about every request.
 */
export function boundOf(
  state: State,
  step: number,
  {
    above,
    asked,
    scopes,
    most = above?.most,
  }: {
    readonly above: ModelUses | undefined;
    readonly asked?: number | undefined;
    readonly scopes: readonly Scope[];
    readonly most?: number | undefined;
  },
): ModelUses | undefined | "refused" {
  if (asked !== undefined && most !== undefined && asked > most) return "refused";
  if (asked === undefined && !above) return undefined;
  if (!scopes.every((scope) => asksAlways(resourceOf(scope)))) return "refused";
  if (asked === undefined) return above;
  state.counters[step] = asked;
  return { most: asked, counters: [...(above?.counters ?? []), step] };
}

/** A root: for a person by their login, or on the agent's own. */
function planOpen(state: State, request: Bound & { kind: "open" }, again: Again): Planned | Refused {
  const { step, by, login: id, scopes, lifeSeconds } = request;
  const login = id === undefined ? undefined : state.logins[id];
  if (id !== undefined && !(login && loginCounts(state, login, { by, again }))) return "refused";
  const principal = login?.person ?? by;
  if (!isOwned(state, by, login)) return "refused";
  if (state.blocked[`principal:${principal}`]) return "refused";
  if (!within(scopes, mayNow(state, by))) return "exceeds";
  if (!within(scopes, lentBy(principal)) || !served(state, scopes)) return "refused";
  const longest = longestNow(state, by);
  if ((lifeSeconds ?? 0) > longest) return "refused";
  // who may pay has a budget, and elsewhere nobody would count
  const isCounted = scopes.every((scope) => resourceOf(scope) === "payments");
  if (!isCounted && (request.budgeted || scopes.includes("payments:send"))) return "refused";
  const uses = boundOf(state, step, { above: undefined, asked: request.maxUses, scopes });
  if (uses === "refused") return "refused";
  return {
    ...{ action: "open", by, principal, scopes, lifeSeconds: lifeSeconds ?? Math.min(usualSeconds, longest) },
    ...(uses ? { uses } : {}),
    ...(id === undefined ? {} : { login: id }),
    ...(request.budgeted ? { budgeted: true } : {}),
  };
}

function loginCounts(
  state: State,
  login: State["logins"][number],
  { by, again }: { readonly by: AgentName; readonly again: Again },
): boolean {
  if (login.agent !== by || login.denylisted || isDenylisted(state, login)) return false;
  if (!again && state.nowSeconds >= login.endsSeconds + skewSeconds) return false;
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
  { by: "ticket-api", from: "tickets:write", to: "releases:stage" },
];

/** What the serving agent gets at the next hop. */
function planHop(state: State, request: Bound & { kind: "hop" }, again: Again): Planned | Refused {
  const { step, by, token, scope } = request;
  const known = state.tokens[token];
  const above = known && state.sessions[known.session];
  if (!above || known.resource === undefined || (!again && known.endsSeconds <= state.nowSeconds)) return "refused";
  const { principal, agent } = above;
  // its own session's token: no hop, but one more token of that session
  if (agent === by) return planAccess(state, { step, by, token, resource: resourceOf(scope) }, { again, scope });
  const taken = entailments.filter((e) => e.by === by && known.scopes.includes(e.from) && e.to === scope);
  if (serverOf[known.resource] !== by || taken.length === 0 || !isAlive(state, known.session)) return "refused";
  if (!isOwned(state, by) || !areOwned(state, known.session)) return "refused";
  if (!serves(state, by) || !handedOnFreely(state, known.session, "next")) return "refused";
  if (!within([scope], mayNow(state, by))) return "exceeds";
  if (!within([scope], lentBy(principal)) || tooDeep(state, known.session, by)) return "refused";
  if (!served(state, [scope])) return "refused";
  const uses = boundOf(state, step, { above: known.uses, scopes: [scope] });
  if (uses === "refused") return "refused";
  // made of a token, it ends with it, unless everything it takes grants a life of its own
  const granted = Math.min(...taken.map(({ seconds }) => seconds ?? 0));
  const own = Math.max(known.endsSeconds, state.nowSeconds + granted);
  const lastEndSeconds = Math.min(own, above.lastEndSeconds ?? own);
  const left = Math.min(above.endsSeconds, lastEndSeconds) - state.nowSeconds;
  return {
    ...{ action: "hop", by, principal, scopes: [scope], session: known.session, lastEndSeconds },
    lifeSeconds: Math.max(0, Math.min(usualSeconds, longestNow(state, by), left)),
    presented: known.scopes,
    ...(uses ? { uses } : {}),
  };
}

/** Whether no quarantined agent handed on what the session's agent holds; with `next`, nor would now. */
export const handedOnFreely = (state: State, session: number, next?: "next"): boolean =>
  !chainOf(state, session).some((agent, at) => (at > 0 || next) && state.quarantined[agent]);

/** Whether one more agent is deeper than the strictest of the chain allows. */
export const tooDeep = (state: State, parent: number, to: AgentName): boolean => {
  const chain = chainOf(state, parent);
  return chain.length > Math.min(...[to, ...chain].map(deepest));
};

/** The resource of what is released; none for a session token. */
export const resourceFor = (scopes: readonly Scope[]): Resource | undefined => {
  const resources = [...new Set(scopes.map(resourceOf))];
  return resources.length > 1 ? undefined : resources[0];
};
