import { sha256 } from "../../core/text/digest.ts";
import type { VerifiedAccess } from "../../core/verify/verified-access.ts";
import type { LanyardAgent, OpenInput } from "../agent/agent.ts";
import type { WantedGrant } from "../agent/grant.ts";
import type { AgentSession } from "../agent/session.ts";
import type { Authenticated } from "../resource/authenticated.ts";

/** What the sessions of a handler are made of. */
export interface HopInput extends Pick<OpenInput, "purpose" | "maxUses" | "budget"> {
  /** The agent that the handler runs as: the one registered as serving the resource. */
  readonly agent: Pick<LanyardAgent, "hop">;
  /** What the handler needs to do its work, or how that follows from the caller's access. */
  readonly grants: readonly WantedGrant[] | ((access: VerifiedAccess) => readonly WantedGrant[]);
}

/** A child session, and how to get another for the next request by the same token. */
interface HopSession {
  readonly session: AgentSession;
  forget(): void;
}

/** Most tokens whose sessions are remembered; the one that came longest ago goes first. */
const sessionsHeld = 1_000;

/**
 * Opens one child session for each token that is presented, since a token is presented many times in its minutes, and a
 * tree bears a bounded number of children. Who presents it was verified before, each time, and proved the token's key:
 * nobody is given the session of another's token.
 * @returns the session for the work that this caller asks for; what the exchange refuses is thrown and not remembered
 */
export function createHopSessions(input: HopInput): (caller: Authenticated) => Promise<HopSession> {
  const held = new Map<string, Promise<AgentSession>>();
  return async (caller) => {
    const { access, presentedAccessToken } = caller;
    const grants = typeof input.grants === "function" ? input.grants(access) : input.grants;
    // the token itself is not kept; what is asked for may differ by the request, and then so does the session
    const key = await sha256(`${JSON.stringify(grants)}\n${presentedAccessToken}`);
    const forget = () => void held.delete(key);
    let opened = held.get(key);
    if (!opened) {
      opened = open(input, grants, presentedAccessToken).then((session) => ({
        ...session,
        async end() {
          forget();
          await session.end();
        },
      }));
      opened.catch(forget);
      held.set(key, opened);
      const [eldest] = held.keys();
      if (held.size > sessionsHeld && eldest !== undefined) held.delete(eldest);
    }
    return { session: await opened, forget };
  };
}

const open = (
  { agent, purpose, maxUses, budget }: HopInput,
  grants: readonly WantedGrant[],
  presentedAccessToken: string,
): Promise<AgentSession> =>
  agent.hop(presentedAccessToken, {
    grants,
    // a session of one grant would lapse while the handler is busy elsewhere, and gets no AWS credentials
    renewable: true,
    ...(purpose === undefined ? {} : { purpose }),
    ...(maxUses === undefined ? {} : { maxUses }),
    ...(budget ? { budget } : {}),
  });
