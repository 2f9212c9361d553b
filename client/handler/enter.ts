import type { AgentSession } from "../agent/session.ts";
import { LanyardError } from "../error.ts";
import type { LanyardErrorCode } from "../error-codes.ts";
import { AccessError } from "../resource/access-error.ts";
import type { Authenticated } from "../resource/authenticated.ts";
import type { PlainRequest } from "../resource/request.ts";
import type { ResourceServer } from "../resource/resource-server.ts";
import { createHopSessions, type HopInput } from "./hop-sessions.ts";

/** What a handler is wrapped with. */
export interface HandlerInput extends HopInput {
  /** The guard of the resource that the handler serves: a token's audience must be that resource. */
  readonly server: Pick<ResourceServer, "authenticate">;
  /** Scopes without which no request is let in. Others are for the handler to ask for, by `caller.requires`. */
  readonly requires?: readonly string[];
  /** Told of every request that was not let in, for the log; `code` says why. It must not throw. */
  readonly refused?: (error: LanyardError) => void;
}

/** What a handler gets beside the request. */
export interface Hop {
  /** This agent's own session below the caller's: it ends with the caller's, and names the caller in every record. */
  readonly session: AgentSession;
  /** Who calls, and what they may do here. */
  readonly caller: Authenticated;
}

/** What is answered instead of the handler. */
interface HopRefusal {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Lets a request in, or says what to answer. */
type Entrance = (request: PlainRequest, work: (hop: Hop) => Promise<void>) => Promise<HopRefusal | undefined>;

/**
 * What stands before every handler: the caller's token and proof are verified, and exchanged for a session of this agent.
 * Only then does the handler run. Nothing is ended here but by the handler itself: the caller's session is the caller's,
 * and the child may serve the next request of the same token.
 */
export function createEntrance(input: HandlerInput): Entrance {
  const { server, requires, refused } = input;
  const sessionOf = createHopSessions(input);
  return async (request, work) => {
    let hop: Hop;
    let forget: () => void;
    try {
      const caller = await server.authenticate(request);
      if (requires) caller.requires(...requires);
      const opened = await sessionOf(caller);
      forget = opened.forget;
      hop = { caller, session: opened.session };
    } catch (error) {
      if (!(error instanceof LanyardError)) throw error;
      refused?.(error);
      return refusalOf(error);
    }
    try {
      await work(hop);
      return undefined;
    } catch (error) {
      // a session that cannot do its work may be over: the next request shall not meet it again
      if (error instanceof LanyardError && !(error instanceof AccessError)) forget();
      if (!(error instanceof AccessError)) throw error;
      // the handler's own `requires` and `permits`
      refused?.(error);
      return refusalOf(error);
    }
  };
}

/** The caller's authority ends where the handler's work would begin. */
const beyondCaller: ReadonlySet<LanyardErrorCode> = new Set<LanyardErrorCode>([
  ...(["scope_refused", "target_refused", "details_refused", "access_refused"] as const),
]);

/** What the caller is told; why the exchange was refused is for this server's log alone. */
function refusalOf(error: LanyardError): HopRefusal {
  if (error instanceof AccessError) return error.reply;
  if (error.retryable)
    return answer(503, "temporarily_unavailable", { "Retry-After": String(error.retryAfterSeconds ?? 1) });
  if (beyondCaller.has(error.code)) return challenge(403, "insufficient_scope");
  // the token was good a moment ago: its session was revoked since, or has ended
  if (error.code === "request_refused") return challenge(401, "invalid_token");
  return answer(500, "server_error", {});
}

const challenge = (status: number, error: string): HopRefusal =>
  answer(status, error, { "WWW-Authenticate": `DPoP error="${error}"` });

const answer = (status: number, error: string, headers: Readonly<Record<string, string>>): HopRefusal => ({
  status,
  headers: { "Content-Type": "application/json", "Cache-Control": "no-store", ...headers },
  body: JSON.stringify({ error }),
});
