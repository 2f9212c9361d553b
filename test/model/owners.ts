import { type AgentName, chainOf, type Login, type Person, type State } from "./state.ts";

/** What the model knows of owners: two agents are owned by people who must be confirmed once a day. */

const owners: Partial<Record<AgentName, Person>> = { researcher: "ada", triage: "bob" };
export const ownerOf = (agent: AgentName): Person | undefined => owners[agent];
const confirmedForSeconds = 86_400;
/** A login is written down as an owner's word again only when the last one is so old. */
const againSeconds = 21_600;

/** When a person signed in, by a login. */
const signInOf = ({ issuedSeconds, signedInSeconds = issuedSeconds }: Login): number =>
  Math.min(issuedSeconds, signedInSeconds);

/** Whether an agent's owner answers for it now: not blocked, and confirmed of late, by this very login where it is his. */
export function isOwned(state: State, agent: AgentName, login?: Login): boolean {
  const owner = owners[agent];
  if (owner === undefined) return true;
  if (state.blocked[`principal:${owner}`]) return false;
  const now = login?.person === owner ? signInOf(login) : Number.NEGATIVE_INFINITY;
  const last = Math.max(state.confirmedSeconds[owner] ?? Number.NEGATIVE_INFINITY, now);
  return last + confirmedForSeconds > state.nowSeconds;
}

/** Whether the owners of all agents of a session answer for them now. */
export const areOwned = (state: State, session: number): boolean =>
  chainOf(state, session).every((agent) => isOwned(state, agent));

/** An owner who signs in for what is granted is there. */
export function noteSignIn(state: State, login: Login | undefined): void {
  if (!login || !Object.values(owners).includes(login.person)) return;
  const kept = state.confirmedSeconds[login.person];
  const atSeconds = signInOf(login);
  if (kept === undefined || atSeconds >= kept + againSeconds) state.confirmedSeconds[login.person] = atSeconds;
}
