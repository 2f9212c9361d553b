/**
 * What the reference model believes. Nothing here knows of epochs, tombstones, tables or tokens' bytes: a session
 * is over because something ended it, and whatever hangs below it is over with it. Artifacts are named by the step of
 * the program that made them.
 */

/** The agents of every program, by name. */
export const agentNames = ["planner", "researcher", "triage", "ticket-api", "customer-api"] as const;
export type AgentName = (typeof agentNames)[number];
export const persons = ["ada", "bob"] as const;
export type Person = (typeof persons)[number];
export const builds = ["A", "B"] as const;
export type Build = (typeof builds)[number];
/** Who decides what waits: both people and one more. */
export const approvers = [...persons, "carol"] as const;
export type Approver = (typeof approvers)[number];
export const scopes = [
  ...(["tickets:read", "tickets:write", "customers:read", "customers:notes", "payments:send"] as const),
  ...(["releases:push", "releases:stage"] as const),
] as const;
export type Scope = (typeof scopes)[number];
/** A resource by the word before the colon of its scopes. */
export type Resource = "tickets" | "customers" | "payments" | "releases";
export const resourceOf = (scope: Scope): Resource => scope.split(":")[0] as Resource;

/** What of the registry changes while a program runs, beside the states of agents. */
export interface Published {
  /** What people must approve to push: usual or in other words by two, by one, nobody, or not at all. */
  readonly policy: "two" | "reworded" | "one" | "none" | "everything";
  /** Life of the tokens of releases, which is part of what that resource means. */
  readonly releaseSeconds: number;
  /** Whom the registry knows as approvers when IAM proves them, and whether tokens prove any. */
  readonly approvers: readonly Approver[];
  readonly byToken: boolean;
  /** How often an hour the planner, with all below it, may send payments. */
  readonly sends: number;
  /** Policy lets no owner answer for what is done at tickets. */
  readonly disowned: boolean;
}

/** What an agent holds to authenticate with. */
interface Identity {
  readonly build?: Build;
  readonly endsSeconds: number;
  over: boolean;
}

/** A person's token, for one agent's client; several may come of one sign-in. */
export interface Login {
  readonly person: Person;
  readonly agent: AgentName;
  readonly issuedSeconds: number;
  readonly endsSeconds: number;
  /** When the person signed in, and which session of the provider it is, where the token says so. */
  readonly signedInSeconds?: number;
  readonly device?: number;
  denylisted: boolean;
}

/** How often something may be used: from which counters a use takes, and how many it was given. */
export interface ModelUses {
  readonly most: number;
  /** Counters, by the steps that made them. */
  readonly counters: readonly number[];
}

/** A session of the model. */
export interface ModelSession {
  readonly parent?: number;
  readonly agent: AgentName;
  readonly build?: Build;
  readonly principal: Person | AgentName;
  readonly scopes: readonly Scope[];
  readonly bornSeconds: number;
  endsSeconds: number;
  /** Of what was made of another's token, and of all below it: never later, however often it is renewed. */
  readonly lastEndSeconds?: number;
  readonly login?: number;
  /** Whether its sign-in was denylisted with it. */
  denylisted?: boolean;
  readonly uses?: ModelUses;
  /** Its own step, where it was opened with a budget. */
  readonly budgeted?: number;
  over: boolean;
}

/** A token of a session: `resource` says which, none for a session token. */
interface ModelToken {
  readonly session: number;
  readonly resource?: Resource;
  readonly scopes: readonly Scope[];
  readonly endsSeconds: number;
  readonly uses?: ModelUses;
}

/** An offer of the model. */
interface ModelOffer {
  readonly from: number;
  readonly to: AgentName;
  readonly scopes: readonly Scope[];
  readonly endsSeconds: number;
  /** The bound of what it came from, and its own. */
  readonly usesAbove?: ModelUses;
  readonly maxUses?: number;
  withdrawn: boolean;
  /** The session it became; `"lost"` when its redemption was refused at the last moment. */
  redeemed?: number | "lost";
}

/** How one person approved, and when. */
interface Vote {
  readonly way: "iam" | "token";
  readonly atSeconds: number;
}

/** A request that waits for people. */
export interface ModelApproval<Request = unknown> {
  readonly by: AgentName;
  /** Its chain as it would be. */
  readonly chain: readonly AgentName[];
  /** Everything that is approved: two requests are the same where this is. */
  readonly what: string;
  readonly request: Request;
  readonly principal: Person | AgentName;
  readonly needed: number;
  readonly endsSeconds: number;
  /** The latest end of what is released. */
  readonly lastEndSeconds?: number;
  readonly votes: Partial<Record<Approver, Vote>>;
  askedSeconds?: number;
  refused: boolean;
  used: boolean;
}

/** What was reserved for a call, until its server says what it did cost. */
interface ModelReport {
  readonly server: AgentName;
  /** Cents. */
  readonly reserved: number;
  readonly keptSeconds: number;
  readonly rows: readonly { readonly row: string; readonly endsSeconds: number }[];
  settled?: number;
}

/** How much was counted: exactly, or between two bounds where two requests met. */
export interface Span {
  readonly least: number;
  readonly most: number;
}

/** What one tree grew by since a quarter of an hour began. */
export interface Growth {
  readonly quarter: number;
  readonly children: Span;
  readonly bytes: Span;
}

/** What one agent took from one of its buckets in a second. */
interface Taken extends Span {
  readonly atSeconds: number;
}

/** Everything the model knows. Cloned before each step, so that two orders can be tried. */
export interface State {
  nowSeconds: number;
  readonly running: Partial<Record<AgentName, Build>>;
  readonly identities: Partial<Record<AgentName, Identity>>;
  readonly suspended: Partial<Record<AgentName, true>>;
  /** Denylisted sign-ins of a person at an agent: by time, and by device with the time of the denylisting. */
  readonly denylisted: Record<
    string,
    { readonly times: number[]; readonly devices: Record<number, number>; tokens: number[] }
  >;
  /** Blocked subjects, such as `agent:planner`, and when a principal was last cut. */
  readonly blocked: Record<string, true>;
  readonly cutSeconds: Record<string, number>;
  /** Principals that were let in again by an operator after their last cut. */
  readonly lifted: Record<string, true>;
  readonly logins: Record<number, Login>;
  readonly sessions: Record<number, ModelSession>;
  readonly tokens: Record<number, ModelToken>;
  readonly offers: Record<number, ModelOffer>;
  readonly approvals: Record<number, ModelApproval>;
  /** When requests were refused last, by what was asked for. */
  readonly refusedSeconds: Record<string, number>;
  /** Refusals in a row of what an agent asked for. */
  readonly inRow: Partial<Record<AgentName, number>>;
  readonly quarantined: Partial<Record<AgentName, true>>;
  published: Published;
  /** When owners were confirmed last. */
  readonly confirmedSeconds: Partial<Record<Person, number>>;
  /** What was spent of budgets, by row; an emptied one has nothing left. */
  spent: Record<string, { readonly calls: number; readonly cents: number; emptied: boolean }>;
  readonly reports: Record<number, ModelReport>;
  /** Uses left, by the step that was bounded. */
  readonly counters: Record<number, number>;
  /** What trees grew by of late, by their root. */
  readonly trees: Record<number, Growth>;
  /** What agents took of late, by bucket and agent. */
  readonly taken: Record<string, Taken>;
  /** Whether a registry was published that no token request has met yet. */
  newRegistry: boolean;
}

/** What the registry of every program starts with. */
export const firstPublished: Published = {
  policy: "two",
  releaseSeconds: 300,
  approvers: [...approvers],
  byToken: true,
  sends: 5,
  disowned: false,
};

/** The state every program starts in. */
export const emptyState = (nowSeconds: number): State => ({
  nowSeconds,
  running: { planner: "A", researcher: "A" },
  identities: {},
  suspended: {},
  blocked: {},
  denylisted: {},
  cutSeconds: {},
  lifted: {},
  logins: {},
  sessions: {},
  tokens: {},
  offers: {},
  approvals: {},
  refusedSeconds: {},
  inRow: {},
  quarantined: {},
  published: firstPublished,
  confirmedSeconds: {},
  spent: {},
  reports: {},
  counters: {},
  trees: {},
  taken: {},
  newRegistry: false,
});

/** A session and every session above it, root last. */
export function lineage(state: State, id: number): readonly ModelSession[] {
  const session = state.sessions[id];
  if (!session) return [];
  return [session, ...(session.parent === undefined ? [] : lineage(state, session.parent))];
}

/** The root that a session hangs on. */
export function rootOf(state: State, id: number): number {
  const above = state.sessions[id]?.parent;
  return above === undefined ? id : rootOf(state, above);
}

/** Agents of a session's chain, current first. */
export const chainOf = (state: State, id: number): readonly AgentName[] =>
  lineage(state, id).map((session) => session.agent);

/** Whether a session may be used now. */
export const isAlive = (state: State, id: number): boolean => {
  const line = lineage(state, id);
  const own = line[0];
  return (
    own !== undefined &&
    own.endsSeconds > state.nowSeconds &&
    line.every((session) => !session.over && !state.suspended[session.agent])
  );
};
