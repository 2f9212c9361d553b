import { serverOf } from "./bind.ts";
import { type AgentName, type Resource, resourceOf, type Scope, type State } from "./state.ts";

/** The registry of every program, once more and by hand: what each agent may hold at most. */
const may: Record<AgentName, readonly Scope[]> = {
  planner: [
    ...(["tickets:read", "tickets:write", "customers:read", "customers:notes"] as const),
    ...(["payments:send", "releases:push", "releases:stage"] as const),
  ],
  researcher: ["tickets:read", "customers:read", "customers:notes", "payments:send", "releases:stage"],
  triage: [
    ...(["tickets:read", "tickets:write", "customers:read", "customers:notes"] as const),
    ...(["releases:push", "releases:stage"] as const),
  ],
  "ticket-api": ["customers:read", "releases:stage"],
  "customer-api": ["tickets:read"],
};
/** What people lend, and what the researcher lends itself. */
const peopleLend: readonly Scope[] = [
  ...(["tickets:read", "tickets:write", "customers:read", "payments:send"] as const),
  ...(["releases:push", "releases:stage"] as const),
];
const agentsLend: Partial<Record<AgentName, readonly Scope[]>> = { researcher: ["tickets:read", "releases:stage"] };
export const deepest = (agent: AgentName): number => (agent === "triage" ? 1 : 8);
export const usualSeconds = 900;
/** What quarantine leaves of it; nothing at all where an agent is not here. */
const profiles: Partial<
  Record<
    AgentName,
    { readonly may: readonly Scope[]; readonly seconds?: number; readonly asks?: true; readonly serves?: true }
  >
> = {
  planner: { may: ["tickets:read", "releases:stage"], seconds: 600 },
  researcher: { may: ["tickets:read", "releases:stage"], asks: true },
  "ticket-api": { may: ["customers:read"] },
  "customer-api": { may: ["tickets:read"], serves: true },
};
export const hasProfile = (agent: AgentName): boolean => profiles[agent] !== undefined;
/** What an agent may hold now. */
export const mayNow = (state: State, agent: AgentName): readonly Scope[] =>
  state.quarantined[agent] ? (profiles[agent]?.may ?? []) : may[agent];
/** Whether people must approve what an agent opens now, whatever policy says. */
export const asksInQuarantine = (state: State, agent: AgentName): boolean =>
  state.quarantined[agent] === true && profiles[agent]?.asks === true;
/** Whether an agent may serve now. */
export const serves = (state: State, agent: AgentName): boolean =>
  !state.quarantined[agent] || profiles[agent]?.serves === true;
const longestSeconds: Partial<Record<AgentName, number>> = { planner: 2_400, researcher: 1_800 };
export const longestOf = (agent: AgentName): number => longestSeconds[agent] ?? usualSeconds;
/** The longest session an agent may hold now. */
export const longestNow = (state: State, agent: AgentName): number =>
  Math.min(longestOf(agent), (state.quarantined[agent] && profiles[agent]?.seconds) || Number.POSITIVE_INFINITY);
/** Life of an access token of a resource. */
export const accessSeconds = (state: State, resource: Resource): number =>
  resource === "releases" ? state.published.releaseSeconds : 300;
/** What people approve for it may live longer than the token of the person it is for. */
export const livesBeyondLogin = (agent: AgentName): boolean => agent === "triage";
/** Only there can uses be counted. */
export const asksAlways = (resource: Resource): boolean => resource === "payments";
/** A login after a cut counts when it is younger than the cut by more than the skew granted to foreign clocks. */
export const skewSeconds = 60;

export const within = (wanted: readonly Scope[], allowed: readonly Scope[]): boolean =>
  wanted.every((scope) => allowed.includes(scope));

export const lentBy = (principal: string): readonly Scope[] =>
  principal === "ada" || principal === "bob" ? peopleLend : (agentsLend[principal as AgentName] ?? []);

/** A resource is dead with its server: nothing is issued for one that is suspended or blocked. */
export const served = (state: State, scopes: readonly Scope[]): boolean =>
  scopes.every((scope) => {
    const server = serverOf[resourceOf(scope)];
    return !state.suspended[server] && !state.blocked[`agent:${server}`] && serves(state, server);
  });

/** An identity token that is neither over nor cut, of nobody that is blocked. */
export const authenticates = (state: State, agent: AgentName): boolean => {
  const identity = state.identities[agent];
  return (
    identity !== undefined && !identity.over && identity.endsSeconds > state.nowSeconds && !state.blocked.deployment
  );
};
