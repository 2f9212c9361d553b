import { decodeJwt } from "jose";
import { LanyardError } from "../error.ts";

/** What a session is, read from a token that the issuer has just sent over TLS. */
export interface SessionFacts {
  readonly sid: string;
  readonly root: string;
  /** Id of the principal the work is done for. */
  readonly principal: string;
  readonly agent: string;
  /** The agent whose offer or call this session was made from; absent for a session that was opened. */
  readonly offeredBy?: string;
  readonly depth: number;
}

/**
 * Reads a session's facts from its own token. The signature is not checked: the token came from the issuer by TLS and
 * is meant for the issuer. It is only checked that the token belongs to this agent and key.
 * @param jkt undefined for a bearer token, which must name no key
 * @param agent and `jkt` this process's own: a token for another agent or key is not a session of ours
 * @throws LanyardError `answer_malformed`
 */
export function readSessionFacts(token: string, agent: string, jkt: string | undefined): SessionFacts {
  try {
    return sessionFactsOf(decodeJwt(token), agent, jkt);
  } catch (cause) {
    if (cause instanceof LanyardError) throw cause;
    throw malformed("the token is not a JWT");
  }
}

const malformed = (description: string) => new LanyardError("answer_malformed", "token", { description });

/** The same from members with the names of the claims, which an answer contains beside a handle. */
export function sessionFactsOf(members: unknown, agent: string, jkt: string | undefined): SessionFacts {
  const claims = (typeof members === "object" && members !== null ? members : {}) as Readonly<Record<string, unknown>>;
  const { sub, client_id: client, sid, root, depth, act, cnf } = claims;
  if (client !== agent || (cnf as { jkt?: unknown } | undefined)?.jkt !== jkt)
    throw malformed("the token is not bound to this agent and key");
  if (typeof sub !== "string" || typeof sid !== "string" || typeof root !== "string" || typeof depth !== "number")
    throw malformed("the token names no session");
  const actor = act as { act?: { sub?: unknown } } | undefined;
  const before = actor?.act?.sub;
  // where an agent works on its own account, the giver of the first child is the principal itself
  const giver = typeof before === "string" ? before : actor && sub.startsWith("spiffe://") ? sub : undefined;
  return { sid, root, principal: sub, agent, depth, ...(giver === undefined ? {} : { offeredBy: giver }) };
}
