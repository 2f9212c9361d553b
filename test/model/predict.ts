import type { Bound } from "./bind.ts";
import { serverOf } from "./bind.ts";
import { type Context, growInVain, take, takesOf } from "./bounds.ts";
import type { Subject } from "./command.ts";
import { denied, done, type Observation } from "./observation.ts";
import {
  predictAccess,
  predictDownstreamExchange,
  predictOffer,
  predictOpen,
  predictRedeem,
  predictRenewal,
} from "./predict-issue.ts";
import { type AgentName, chainOf, isAlive, type Login, lineage, type ModelUses, rootOf, type State } from "./state.ts";

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
      // there is nothing to lift of whom nobody ever cut
      if (!("deployment" in request.subject) && state.cutSeconds[nameOf(request.subject)] === undefined) return denied;
      delete state.blocked[nameOf(request.subject)];
      state.lifted[nameOf(request.subject)] = true;
      return done;
  }
  const within = takeFor(state, request, context);
  if (!within || !authenticates(state, request.by)) return denied;
  switch (request.kind) {
    case "introspect":
      return predictIntrospect(state, request);
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
  if (kind === "introspect" || !identity || identity.endsSeconds <= state.nowSeconds) return true;
  return kind === "end" || kind === "end-below" || kind === "withdraw"
    ? take(state, "end", by, { least: 1, most: 1 }, context)
    : take(state, "issue", by, takesOf(state, context), context);
}

/**
 * Beside another request a redemption may be refused at the last moment, when a revocation overtook it: the offer is
 * spent all the same, and nothing lives of it.
 */
export function lostRedemption(before: State, request: Bound, context: Context): State[] {
  const lost = structuredClone(before);
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

/** An identity token that is neither over nor cut, of nobody that is blocked. */
const authenticates = (state: State, agent: AgentName): boolean => {
  const identity = state.identities[agent];
  return (
    identity !== undefined && !identity.over && identity.endsSeconds > state.nowSeconds && !state.blocked.deployment
  );
};

function predictAttest(state: State, agent: AgentName, context: Context): Observation {
  const build = state.running[agent];
  const names = ["deployment", `agent:${agent}`, ...(build ? [`build:${build}`] : [])];
  const refused = state.suspended[agent] || names.some((name) => state.blocked[name]);
  // its signature is taken after all that, unless the block came between
  const count = { least: refused ? 0 : 1, most: refused && context.alone ? 0 : 1 };
  if (!take(state, "issue", agent, count, context) || refused) return denied;
  state.identities[agent] = { endsSeconds: state.nowSeconds + 300, over: false, ...(build ? { build } : {}) };
  return { kind: "identity", ...(build ? { build } : {}) };
}

function predictIssuing(state: State, request: Bound, context: Context): Observation {
  switch (request.kind) {
    case "open":
      return predictOpen(state, request);
    case "access":
      return predictAccess(state, request);
    case "renew":
      return predictRenewal(state, request);
    case "offer":
      return predictOffer(state, request, context);
    case "redeem":
      return predictRedeem(state, request);
    case "hop":
      return predictDownstreamExchange(state, request, context);
    default:
      throw new Error(`${request.kind} issues nothing`);
  }
}

function predictIntrospect(state: State, { by, token }: Bound & { kind: "introspect" | "end" }): Observation {
  const known = state.tokens[token];
  if (state.suspended[by]) return denied;
  const served = known?.resource !== undefined && serverOf[known.resource] === by;
  const alive = served && known.endsSeconds > state.nowSeconds && isAlive(state, known.session);
  const active = alive && use(state, known.uses);
  return { kind: "active", active };
}

/** Takes one use from every counter above, or from none. */
function use(state: State, uses: ModelUses | undefined): boolean {
  const counters = uses?.counters ?? [];
  if (counters.some((one) => (state.counters[one] ?? 0) < 1)) return false;
  for (const one of counters) state.counters[one] = (state.counters[one] ?? 0) - 1;
  return true;
}

function predictEnding(
  state: State,
  request: Bound & { kind: "end" | "introspect" | "end-below" | "withdraw" },
): Observation {
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

function revokeSession(state: State, id: number): Observation {
  const session = state.sessions[id];
  if (!session) return denied;
  session.over = true;
  if (session.login !== undefined) denylist(state, session.login);
  session.denylisted = session.login !== undefined;
  return done;
}

/** Denylists a sign-in by every name its token has; roots of the same sign-in, or of who knows which, are over with it. */
function denylist(state: State, id: number): void {
  const login = state.logins[id] as Login;
  const there = denylistNames(state, login);
  if (login.signedInSeconds === undefined && login.device === undefined) there.tokens.push(id);
  login.denylisted = true;
}

function denylistNames(
  state: State,
  { person, agent, signedInSeconds, device }: Pick<Login, "person" | "agent" | "signedInSeconds" | "device">,
) {
  const key = `${person} ${agent}`;
  const there = state.denylisted[key] ?? { times: [], devices: {}, tokens: [] };
  state.denylisted[key] = there;
  if (signedInSeconds !== undefined) there.times.push(signedInSeconds);
  if (device !== undefined) there.devices[device] = state.nowSeconds;
  for (const root of Object.values(state.sessions)) {
    const its = root.login === undefined ? undefined : state.logins[root.login];
    if (its?.person !== person || its.agent !== agent) continue;
    const same = (a: number | undefined, b: number | undefined) => a !== undefined && a === b;
    const unknown = its.signedInSeconds === undefined && its.device === undefined;
    if (unknown || same(its.signedInSeconds, signedInSeconds) || same(its.device, device)) root.over = true;
  }
  return there;
}

/** Clears the sign-in that was denylisted with a root; the root, and what died with it, stay over. */
function liftSession(state: State, id: number): Observation {
  const session = state.sessions[id];
  if (!session?.denylisted || session.login === undefined) return denied;
  const login = state.logins[session.login] as Login;
  const there = state.denylisted[`${login.person} ${login.agent}`];
  if (there) {
    there.times.splice(0, there.times.length, ...there.times.filter((time) => time !== login.signedInSeconds));
    if (login.device !== undefined) delete there.devices[login.device];
    there.tokens = there.tokens.filter((token) => token !== session.login);
  }
  login.denylisted = false;
  return done;
}

/** A cut of a person leaves no block only where sign-ins can be told apart; those without a time are denylisted one by one. */
function denylistForCut(state: State, person: string): boolean {
  const named = Object.values(state.sessions).flatMap(({ login, principal }) =>
    login === undefined || principal !== person ? [] : [state.logins[login] as Login],
  );
  if (named.some(({ signedInSeconds, device }) => signedInSeconds === undefined && device === undefined)) return false;
  for (const { person, agent, signedInSeconds, device } of named)
    if (signedInSeconds === undefined && device !== undefined) denylistNames(state, { person, agent, device });
  return true;
}

const nameOf = (subject: Subject): string => {
  const [kind, id] = Object.entries(subject)[0] ?? [];
  return kind === "deployment" ? "deployment" : `${kind}:${id}`;
};

/** Ends everything that rests on the subject, and blocks what is new. */
function cut(state: State, subject: Subject, cutOnly: boolean): Observation {
  const name = nameOf(subject);
  if ("principal" in subject && cutOnly && !denylistForCut(state, subject.principal)) return denied;
  const rests = (agent: AgentName, build: string | undefined, principal?: string): boolean =>
    "deployment" in subject ||
    ("agent" in subject && subject.agent === agent) ||
    ("build" in subject && subject.build === build) ||
    ("principal" in subject && subject.principal === principal);
  for (const session of Object.values(state.sessions))
    if (rests(session.agent, session.build, session.principal)) session.over = true;
  for (const [agent, identity] of Object.entries(state.identities))
    if (rests(agent as AgentName, identity.build)) identity.over = true;
  state.cutSeconds[name] = state.nowSeconds;
  delete state.lifted[name];
  if (!cutOnly) state.blocked[name] = true;
  return done;
}
