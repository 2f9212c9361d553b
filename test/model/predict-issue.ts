import type { Bound } from "./bind.ts";
import { serverOf } from "./bind.ts";
import { denied, type Observation } from "./observation.ts";
import {
  type AgentName,
  chainOf,
  isAlive,
  type ModelSession,
  type Resource,
  resourceOf,
  type Scope,
  type State,
} from "./state.ts";

/** The registry of every program, once more and by hand: what each agent may hold at most. */
const may: Record<AgentName, readonly Scope[]> = {
  planner: ["tickets:read", "tickets:write", "customers:read", "customers:notes"],
  researcher: ["tickets:read", "customers:read", "customers:notes"],
  triage: ["tickets:read", "tickets:write", "customers:read", "customers:notes"],
  "ticket-api": ["customers:read"],
  "customer-api": [],
};
/** What people lend, and what the researcher lends itself. */
const peopleLend: readonly Scope[] = ["tickets:read", "tickets:write", "customers:read"];
const agentsLend: Partial<Record<AgentName, readonly Scope[]>> = { researcher: ["tickets:read"] };
const deepest = (agent: AgentName): number => (agent === "triage" ? 1 : 8);
const longestSeconds = 900;
/** A login after a cut counts when it is younger than the cut by more than the skew granted to foreign clocks. */
const skewSeconds = 60;

const within = (wanted: readonly Scope[], allowed: readonly Scope[]): boolean =>
  wanted.every((scope) => allowed.includes(scope));

const lentBy = (principal: string): readonly Scope[] =>
  principal === "ada" || principal === "bob" ? peopleLend : (agentsLend[principal as AgentName] ?? []);

/** Records a token of `session` and says how it looks. */
function issue(
  state: State,
  step: number,
  session: number,
  resource: Resource | undefined,
  scopes: readonly Scope[],
): Observation {
  const { endsSeconds: last, principal } = state.sessions[session] as ModelSession;
  const endsSeconds = resource ? Math.min(last, state.nowSeconds + 300) : last;
  const rest = resource ? { resource } : {};
  state.tokens[step] = { session, scopes, endsSeconds, ...rest };
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
  return held.length === 0 ? denied : issue(state, step, known.session, resource, held);
}

/** A root: for a person by their login, or on the agent's own. */
export function predictOpen(state: State, request: Bound & { kind: "open" }): Observation {
  const { step, by, login: id, scopes, lifeSeconds } = request;
  const login = id === undefined ? undefined : state.logins[id];
  if (id !== undefined && !(login && loginCounts(state, login, by))) return denied;
  const principal = login?.person ?? by;
  if (state.blocked[`principal:${principal}`]) return denied;
  if (!within(scopes, may[by]) || !within(scopes, lentBy(principal))) return denied;
  if ((lifeSeconds ?? 0) > longestSeconds) return denied;
  const { build } = state.identities[by] ?? {};
  state.sessions[step] = {
    agent: by,
    principal,
    scopes,
    bornSeconds: state.nowSeconds,
    endsSeconds: state.nowSeconds + (lifeSeconds ?? longestSeconds),
    over: false,
    ...(id === undefined ? {} : { login: id }),
    ...(build ? { build } : {}),
  };
  const resources = [...new Set(scopes.map(resourceOf))];
  return issue(state, step, step, resources.length > 1 ? undefined : resources[0], scopes);
}

function loginCounts(state: State, login: State["logins"][number], by: AgentName): boolean {
  if (login.agent !== by || login.burnt) return false;
  if (state.nowSeconds >= login.issuedSeconds + 3600 + skewSeconds) return false;
  const cut = state.cutSeconds[`principal:${login.person}`];
  return cut === undefined || login.issuedSeconds > cut + skewSeconds;
}

/** Part of its session, held out to one agent. */
export function predictOffer(state: State, request: Bound & { kind: "offer" }): Observation {
  const { step, by, token, to, scope } = request;
  const known = state.tokens[token];
  const session = known && state.sessions[known.session];
  if (!known || session?.agent !== by || known.endsSeconds <= state.nowSeconds) return denied;
  if (!isAlive(state, known.session) || state.suspended[to] || !opens(known, session).includes(scope)) return denied;
  if (tooDeep(state, known.session, to)) return denied;
  const expiresInSeconds = Math.min(120, session.endsSeconds - state.nowSeconds);
  const endsSeconds = state.nowSeconds + expiresInSeconds;
  state.offers[step] = { from: known.session, to, scopes: [scope], endsSeconds, withdrawn: false };
  return { kind: "offer", scopes: [scope], expiresInSeconds };
}

const tooDeep = (state: State, parent: number, to: AgentName): boolean => {
  const chain = chainOf(state, parent);
  return chain.length > Math.min(...[to, ...chain].map(deepest));
};

/** What the named agent gets for an offer; asking again gets the same. */
export function predictRedeem(state: State, { step, by, offer: id }: Bound & { kind: "redeem" }): Observation {
  const offer = state.offers[id];
  if (!offer || offer.to !== by || offer.withdrawn || offer.endsSeconds <= state.nowSeconds) return denied;
  if (offer.redeemed === "lost") return denied;
  const [scope] = offer.scopes;
  if (offer.redeemed !== undefined) {
    if (!isAlive(state, offer.redeemed)) return denied;
    return issue(state, step, offer.redeemed, scope && resourceOf(scope), offer.scopes);
  }
  if (!isAlive(state, offer.from) || !within(offer.scopes, may[by]) || tooDeep(state, offer.from, by)) return denied;
  const seen = child(state, step, offer.from, by, offer.scopes);
  offer.redeemed = step;
  return seen;
}

/** What the serving agent gets at the next hop. */
export function predictHop(state: State, { step, by, token, scope }: Bound & { kind: "hop" }): Observation {
  const known = state.tokens[token];
  if (known?.resource === undefined || known.endsSeconds <= state.nowSeconds) return denied;
  const { principal, agent } = state.sessions[known.session] as ModelSession;
  // its own session's token: no hop, but one more token of that session
  if (agent === by) return predictAccess(state, { step, by, token, resource: resourceOf(scope) }, scope);
  // the one entailment there is: whoever reads tickets may read their customers
  const entailed = known.resource === "tickets" && known.scopes.includes("tickets:read") && scope === "customers:read";
  if (serverOf[known.resource] !== by || !entailed || !isAlive(state, known.session)) return denied;
  if (!within([scope], may[by]) || !within([scope], lentBy(principal)) || tooDeep(state, known.session, by))
    return denied;
  return child(state, step, known.session, by, [scope]);
}

function child(state: State, step: number, parent: number, by: AgentName, scopes: readonly Scope[]): Observation {
  const above = state.sessions[parent] as ModelSession;
  const { build } = state.identities[by] ?? {};
  state.sessions[step] = {
    parent,
    agent: by,
    principal: above.principal,
    scopes,
    bornSeconds: state.nowSeconds,
    endsSeconds: Math.min(above.endsSeconds, state.nowSeconds + longestSeconds),
    over: false,
    ...(build ? { build } : {}),
  };
  const [scope] = scopes;
  return issue(state, step, step, scope && resourceOf(scope), scopes);
}
