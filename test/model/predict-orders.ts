import type { Subject } from "./command.ts";
import { denied, done, type Observation } from "./observation.ts";
import { ownerOf } from "./owners.ts";
import type { AgentName, Approver, Login, State } from "./state.ts";

/** What operators order. */

export function revokeSession(state: State, id: number): Observation {
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

/** Lets a subject in again; there is nothing to lift of whom nobody ever cut. */
export function liftSubject(state: State, subject: Subject): Observation {
  const name = nameOf(subject);
  if (!("deployment" in subject) && state.cutSeconds[name] === undefined) return denied;
  delete state.blocked[name];
  state.lifted[name] = true;
  return done;
}

/** Clears the sign-in that was denylisted with a root; the root, and what died with it, stay over. */
export function liftSession(state: State, id: number): Observation {
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
export function cut(state: State, subject: Subject, cutOnly: boolean): Observation {
  const name = nameOf(subject);
  if ("principal" in subject && cutOnly && !denylistForCut(state, subject.principal)) return denied;
  const rests = (agent: AgentName, build: string | undefined, principal?: string): boolean =>
    "deployment" in subject ||
    ("agent" in subject && subject.agent === agent) ||
    ("principal" in subject && principal !== undefined && subject.principal === ownerOf(agent)) ||
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

/** Everything that an agent held is over, and from now on it gets what its profile leaves. */
export function quarantine(state: State, agent: AgentName): Observation {
  cut(state, { agent }, true);
  state.quarantined[agent] = true;
  return done;
}

/** An operator's word that an owner is there; who owns nothing is not known by it. */
export function confirm(state: State, person: Approver): Observation {
  if (person === "carol") return denied;
  state.confirmedSeconds[person] = state.nowSeconds;
  return done;
}

/** An operator lets it out; what it opened meanwhile lives on, and a block of it stays. */
export function release(state: State, agent: AgentName): Observation {
  if (state.cutSeconds[`agent:${agent}`] === undefined) return denied;
  delete state.quarantined[agent];
  return done;
}
