import { serverOf } from "./bind.ts";
import { type AgentName, type Resource, resourceOf, type Scope, type State } from "./state.ts";

/** The registry of every program, once more and by hand: what each agent may hold at most. */
export const may: Record<AgentName, readonly Scope[]> = {
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
const longestSeconds: Partial<Record<AgentName, number>> = { planner: 2_400, researcher: 1_800 };
export const longestOf = (agent: AgentName): number => longestSeconds[agent] ?? usualSeconds;
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
    return !state.suspended[server] && !state.blocked[`agent:${server}`] && !state.quarantined[server];
  });

/** An identity token that is neither over nor cut, of nobody that is blocked. */
export const authenticates = (state: State, agent: AgentName): boolean => {
  const identity = state.identities[agent];
  return (
    identity !== undefined && !identity.over && identity.endsSeconds > state.nowSeconds && !state.blocked.deployment
  );
};
