import { asSession, exchange } from "../../../test/kit/wire/forms.ts";
import type { Answer } from "../../../test/kit/wire/http.ts";
import { claimsOf } from "../../../test/kit/wire/key.ts";
import { oneOf } from "../chance.ts";
import { resource, scope } from "../registry.ts";
import type { Operation } from "./arrivals.ts";
import { type Caller, identityEnds, type Wire } from "./caller.ts";

/** A session that was granted over the wire. */
export interface HeldSession {
  readonly sid: string;
  readonly token: string;
  readonly caller: Caller;
  /** Access tokens of it. */
  readonly access: string[];
  /** From when its end was asked for on, either answer about it is right. */
  ending: boolean;
  /** When its end was confirmed, by the clock of the run; from then on only one is. */
  endedMillis?: number;
}

/** Everything the callers hold. */
export interface Holdings {
  readonly callers: readonly Caller[];
  /** Of the resource. */
  readonly server: Caller;
  readonly sessions: HeldSession[];
}

/** What one arrival wants, chosen once: whoever asks again asks for the same. */
export interface Work {
  /** Asks once, with a fresh proof. */
  ask(): Promise<Answer>;
  /**
   * Takes a final answer, granted or refused.
   * @param sentMillis when it was asked for
   * @returns what of it breaks a promise
   */
  take(answer: Answer, sentMillis: number): string | undefined;
}

/** What choosing work stands on. */
interface Ground {
  readonly wire: Wire;
  readonly held: Holdings;
  readonly draw: () => number;
  readonly nowMillis: () => number;
}

/** How often introspection is asked about a session that is over, where there is one. */
const partOfEnded = 0.15;

/** Chooses what an arrival wants; undefined when nobody holds what it is about. */
export function chooseWork(operation: Operation, ground: Ground): Work | undefined {
  return choices[operation](ground);
}

const choices: Readonly<Record<Operation, (ground: Ground) => Work | undefined>> = {
  attest: ({ wire, held }) => {
    // whose token ends first
    const caller = [...held.callers, held.server].sort((a, b) => identityEnds(a) - identityEnds(b))[0];
    if (caller === undefined) return undefined;
    return { ask: () => wire.attest(caller, "attest"), take: (answer) => refusedUnasked("attest", answer) };
  },
  open: ({ wire, held, draw }) => {
    const caller = oneOf(held.callers, draw);
    return caller && openWork(caller, wire, held);
  },
  access: ({ wire, held, draw }) => {
    const session = oneOf(alive(held), draw);
    return session && accessWork(session, wire);
  },
  introspect: ({ wire, held, draw }) => {
    const ended = draw() < partOfEnded ? held.sessions.filter(({ endedMillis }) => endedMillis !== undefined) : [];
    const shown = (ended.length > 0 ? ended : held.sessions).filter(({ access }) => access.length > 0);
    const session = oneOf(shown, draw);
    const token = session && oneOf(session.access, draw);
    return session && token ? introspectWork(session, token, { wire, held }) : undefined;
  },
  revoke: ({ wire, held, draw, nowMillis }) => {
    const session = oneOf(alive(held), draw);
    if (session === undefined) return undefined;
    session.ending = true;
    return {
      ask: () => wire.form("revoke", session.caller, "revoke", [["token", session.token]]),
      take(answer) {
        if (answer.status === 200) session.endedMillis = nowMillis();
        return refusedUnasked("revoke", answer);
      },
    };
  },
};

const alive = ({ sessions }: Holdings): readonly HeldSession[] => sessions.filter(({ ending }) => !ending);

/** Asks for what every caller here has a right to. */
const refusedUnasked = (what: string, { status, text }: Answer): string | undefined =>
  status === 200 ? undefined : `${what} was refused with nothing wrong: ${status} ${text.slice(0, 200)}`;

/** Opens a session for the person, and is given its session token. */
export const openWork = (caller: Caller, wire: Wire, held: Holdings): Work => ({
  ask: () =>
    wire.form("token", caller, "open", [
      ...exchange("id", caller.person),
      ["resource", resource],
      ["scope", scope],
      ...asSession,
    ]),
  take(answer) {
    if (answer.status === 200) {
      const token = String(answer.json.access_token);
      held.sessions.push({ sid: String(claimsOf(token).sid), token, caller, access: [], ending: false });
    }
    return refusedUnasked("open", answer);
  },
});

/** Gets an access token of a session. */
export const accessWork = (session: HeldSession, wire: Wire): Work => ({
  ask: () =>
    wire.form("token", session.caller, "access", [
      ...exchange("session", session.token),
      ["resource", resource],
      ["scope", scope],
    ]),
  take(answer, sentMillis) {
    if (answer.status !== 200) return session.ending ? undefined : refusedUnasked("access", answer);
    session.access.push(String(answer.json.access_token));
    const over = session.endedMillis !== undefined && session.endedMillis < sentMillis;
    return over ? `a token was given of session ${session.sid}, which was over` : undefined;
  },
});

/** Asks, as the resource's server, whether a token is active. */
export const introspectWork = (
  session: HeldSession,
  token: string,
  { wire, held }: { readonly wire: Wire; readonly held: Holdings },
): Work => ({
  ask: () => wire.form("introspect", held.server, "introspect", [["token", token]]),
  take(answer, sentMillis) {
    if (answer.status !== 200) return refusedUnasked("introspect", answer);
    const { active } = answer.json;
    const over = session.endedMillis !== undefined && session.endedMillis < sentMillis;
    if (over && active !== false) return `session ${session.sid} was over and its token introspected active`;
    if (!session.ending && active !== true) return `session ${session.sid} lives and its token introspected inactive`;
    return undefined;
  },
});
