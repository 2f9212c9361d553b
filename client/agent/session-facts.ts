import { decodeJwt } from "jose";
import { LanyardError } from "../error.ts";

/** What a session is, read from a token the issuer just sent over its own connection. */
export interface SessionFacts {
  readonly sid: string;
  readonly root: string;
  /** Whoever started the work. */
  readonly principal: string;
  readonly agent: string;
  /** The agent whose offer or call this session hangs below; none for one that was opened. */
  readonly offeredBy?: string;
  readonly depth: number;
}

/**
 * Reads a session's facts from its own token. The signature is not checked: the token came from the issuer by TLS and
 * is for the issuer; what is checked is that it is ours at all.
 * @param jkt undefined for what the answer calls a bearer token, which must name no key then
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

/** The same from members named as the claims are: what an answer says beside a token that says nothing itself. */
export function sessionFactsOf(members: unknown, agent: string, jkt: string | undefined): SessionFacts {
  const claims = (typeof members === "object" && members !== null ? members : {}) as Readonly<Record<string, unknown>>;
  const { sub, client_id: client, sid, root, depth, act, cnf } = claims;
  if (client !== agent || (cnf as { jkt?: unknown } | undefined)?.jkt !== jkt)
    throw malformed("the token is not bound to this agent and key");
  if (typeof sub !== "string" || typeof sid !== "string" || typeof root !== "string" || typeof depth !== "number")
    throw malformed("the token names no session");
  const actor = act as { act?: { sub?: unknown } } | undefined;
  const before = actor?.act?.sub;
  // below an agent on its own the first hop's giver is the principal itself
  const giver = typeof before === "string" ? before : actor && sub.startsWith("spiffe://") ? sub : undefined;
  return { sid, root, principal: sub, agent, depth, ...(giver === undefined ? {} : { offeredBy: giver }) };
}
