import type { Asker, Request, Subject, Unread, Vote } from "./command.ts";
import type { Cost } from "./spending.ts";
import { type AgentName, type Approver, lineage, type Resource, resourceOf, type Scope, type State } from "./state.ts";

/** A request whose picks have become names: what is sent, and what the model is asked about. */
export type Bound = BoundRequest & {
  /** How the second reading of liveness fails, after everything is stored. */
  readonly unread?: Unread;
};

type BoundRequest =
  | { readonly kind: "attest"; readonly step: number; readonly by: AgentName }
  | {
      readonly kind: "open";
      readonly step: number;
      readonly by: AgentName;
      readonly login?: number;
      readonly scopes: readonly Scope[];
      readonly lifeSeconds?: number;
      readonly maxUses?: number;
      readonly budgeted?: true;
    }
  | {
      readonly kind: "access";
      readonly step: number;
      readonly by: AgentName;
      readonly token: number;
      readonly resource: Resource;
      readonly maxUses?: number;
    }
  | {
      readonly kind: "renew";
      readonly step: number;
      readonly by: AgentName;
      readonly token: number;
      readonly lifeSeconds: number;
    }
  | {
      readonly kind: "offer";
      readonly step: number;
      readonly by: AgentName;
      readonly token: number;
      readonly to: AgentName;
      readonly scope: Scope;
      readonly maxUses?: number;
    }
  | { readonly kind: "redeem"; readonly step: number; readonly by: AgentName; readonly offer: number }
  | {
      readonly kind: "hop";
      readonly step: number;
      readonly by: AgentName;
      readonly token: number;
      readonly scope: Scope;
    }
  | {
      readonly kind: "introspect";
      readonly step: number;
      readonly by: AgentName;
      readonly token: number;
      readonly cost?: Cost;
    }
  | { readonly kind: "end"; readonly step: number; readonly by: AgentName; readonly token: number }
  | {
      readonly kind: "settle";
      readonly step: number;
      readonly by: AgentName;
      readonly report: number;
      readonly cost: Cost;
    }
  | {
      readonly kind: "end-below";
      readonly step: number;
      readonly by: AgentName;
      readonly token: number;
      readonly session: number;
    }
  | { readonly kind: "withdraw"; readonly step: number; readonly by: AgentName; readonly offer: number }
  | {
      readonly kind: "claim";
      readonly step: number;
      readonly by: AgentName;
      readonly approval: number;
      readonly stolen: boolean;
    }
  | (Vote & { readonly step: number })
  | { readonly kind: "revoke-session" | "lift-session"; readonly step: number; readonly session: number }
  | { readonly kind: "revoke"; readonly step: number; readonly subject: Subject; readonly cutOnly: boolean }
  | { readonly kind: "lift"; readonly step: number; readonly subject: Subject }
  | { readonly kind: "quarantine" | "release"; readonly step: number; readonly agent: AgentName }
  | { readonly kind: "confirm"; readonly step: number; readonly person: Approver };

/** Who serves a resource. */
export const serverOf: Record<Resource, AgentName> = {
  tickets: "ticket-api",
  customers: "customer-api",
  payments: "customer-api",
  releases: "customer-api",
};

const ids = (things: object): readonly number[] => Object.keys(things).map(Number);

/** The `pick`th newest; undefined when there is none. */
const newest = (things: readonly number[], pick: number): number | undefined =>
  things.length === 0 ? undefined : things[things.length - 1 - (pick % things.length)];

/**
 * Makes a request concrete by what exists in `state`.
 * @param step the number its artifacts will be known by
 * @returns undefined when it needs something that does not exist yet
 */
export function bind(request: Request, step: number, state: State): Bound | undefined {
  switch (request.kind) {
    case "attest":
      return { kind: "attest", step, by: request.agent };
    case "open":
      return bindOpen(request, step, state);
    case "access":
    case "renew":
    case "offer":
    case "hop":
    case "introspect":
    case "end":
    case "end-below":
      return bindToken(request, step, state);
    case "redeem":
    case "withdraw":
      return bindOffer(request, step, state);
    case "settle": {
      const report = newest(ids(state.reports), request.report);
      const server = report === undefined ? undefined : state.reports[report]?.server;
      if (report === undefined || server === undefined) return undefined;
      return { kind: "settle", step, by: asker(request.by, server), report, cost: request.cost };
    }
    case "claim":
    case "vote":
      return bindApproval(request, step, state);
    case "revoke-session":
    case "lift-session": {
      const session = newest(ids(state.sessions), request.session);
      return session === undefined ? undefined : { kind: request.kind, step, session };
    }
    default:
      return { ...request, step };
  }
}

function bindOpen(request: Request & { kind: "open" }, step: number, state: State): Bound | undefined {
  const { login: wanted, agent, scopes, lifeSeconds } = request;
  const theirs = ids(state.logins).filter((id) => state.logins[id]?.agent === agent);
  // now and then somebody else's login: a token an agent merely got to see
  const login = wanted === undefined ? undefined : newest(wanted < 7 ? theirs : ids(state.logins), wanted);
  if (wanted !== undefined && login === undefined) return undefined;
  return {
    kind: "open",
    step,
    by: agent,
    scopes,
    ...(login === undefined ? {} : { login }),
    ...(lifeSeconds === undefined ? {} : { lifeSeconds }),
    ...bounded(request.maxUses),
    ...(request.budgeted ? { budgeted: true } : {}),
  };
}

const bounded = (maxUses: number | undefined) => (maxUses === undefined ? {} : { maxUses });

type OfToken = Request & { kind: "access" | "renew" | "offer" | "hop" | "introspect" | "end" | "end-below" };

function bindToken(request: OfToken, step: number, state: State): Bound | undefined {
  const served = request.kind === "hop" || request.kind === "introspect";
  const usable = ids(state.tokens).filter((id) => !served || state.tokens[id]?.resource !== undefined);
  const fitting = request.kind === "hop" && request.token < 7;
  const token = newest(fitting ? usable.filter((id) => leadsOn(state.tokens[id]?.resource)) : usable, request.token);
  const known = token === undefined ? undefined : state.tokens[token];
  const session = known && state.sessions[known.session];
  if (token === undefined || !known || !session) return undefined;
  const rightful = served && known.resource ? serverOf[known.resource] : session.agent;
  const by = asker(request.by, rightful);
  switch (request.kind) {
    case "access": {
      const held = resourceOf(session.scopes[0] ?? "tickets:read");
      const last = resourceOf(session.scopes.at(-1) ?? "tickets:read");
      return { kind: "access", step, by, token, resource: request.other ? last : held, ...bounded(request.maxUses) };
    }
    case "offer":
      return {
        kind: "offer",
        step,
        by,
        token,
        to: request.to,
        scope: request.scope === "held" ? (session.scopes[0] ?? "tickets:read") : request.scope,
        ...bounded(request.maxUses),
      };
    case "renew":
      return { kind: "renew", step, by, token, lifeSeconds: request.lifeSeconds };
    case "hop":
      return {
        kind: "hop",
        step,
        by,
        token,
        scope: request.scope === "fitting" ? nextOf(known.resource) : request.scope,
      };
    case "end-below": {
      const below = ids(state.sessions).filter((id) => id !== known.session && lineage(state, id).includes(session));
      const target = newest(request.session < 6 ? below : ids(state.sessions), request.session);
      return target === undefined ? undefined : { kind: "end-below", step, by, token, session: target };
    }
    case "introspect":
      return { kind: "introspect", step, by, token, ...(request.cost ? { cost: request.cost } : {}) };
    case "end":
      return { kind: "end", step, by, token };
  }
}

function bindOffer(request: Request & { kind: "redeem" | "withdraw" }, step: number, state: State): Bound | undefined {
  const id = newest(ids(state.offers), request.offer);
  const offer = id === undefined ? undefined : state.offers[id];
  if (id === undefined || !offer) return undefined;
  const from = state.sessions[offer.from]?.agent ?? offer.to;
  return { kind: request.kind, step, by: asker(request.by, request.kind === "redeem" ? offer.to : from), offer: id };
}

function bindApproval(request: Request & { kind: "claim" | "vote" }, step: number, state: State): Bound | undefined {
  const approval = newest(ids(state.approvals), request.approval);
  const asked = approval === undefined ? undefined : state.approvals[approval];
  if (approval === undefined || !asked) return undefined;
  if (request.kind === "vote") return { ...request, step, approval };
  return { kind: "claim", step, by: asker(request.by, asked.by), approval, stolen: request.stolen };
}

/** Whether anything is entailed by what is held there. */
const leadsOn = (resource: Resource | undefined): boolean => resource === "tickets" || resource === "customers";

/** What something is entailed for at the next hop. */
const nextOf = (resource: Resource | undefined): Scope =>
  resource === "customers" ? "tickets:read" : "customers:read";

const asker = (by: Asker, rightful: AgentName): AgentName => (by === "rightful" ? rightful : by);
