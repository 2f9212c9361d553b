import type { Clock } from "../../core/model/ports.ts";
import { nowSeconds } from "../../core/model/ports.ts";
import { type Answer, call, type Fetch } from "../http.ts";
import type { AgentKey } from "./agent-key.ts";
import type { NonceMemory } from "./nonce-memory.ts";

/** What a call with a proof needs. */
export interface ProvedCallDeps {
  readonly key: AgentKey;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly nonces: NonceMemory;
}

/** A POST to one of the issuer's endpoints. */
export interface ProvedCall {
  readonly url: string;
  readonly contentType: string;
  readonly body: string;
  /** Named in errors. */
  readonly during: string;
  /** A token bound to the key, sent as such (RFC 9449 7.1), where it is not in the body. */
  readonly token?: string;
}

/**
 * Posts with a DPoP proof that contains the server's newest nonce. When the answer demands a nonce, it sends the
 * request once more.
 * @throws LanyardError `unreachable`, `timeout`, `answer_malformed`
 */
export async function provedCall(
  { url, contentType, body, during, token }: ProvedCall,
  deps: ProvedCallDeps,
): Promise<Answer> {
  const attempt = async (nonce: string | undefined): Promise<Answer> => {
    const more = { ...(nonce === undefined ? {} : { nonce }), ...(token === undefined ? {} : { accessToken: token }) };
    const proof = await deps.key.prove({ method: "POST", url, nowSeconds: nowSeconds(deps.clock), ...more });
    const shown = token === undefined ? {} : { authorization: `DPoP ${token}` };
    const headers = { "content-type": contentType, accept: "application/json", dpop: proof, ...shown };
    return call(deps.fetch, { url, method: "POST", headers, body, during });
  };
  const answer = await attempt(deps.nonces.of(url));
  const nonce = deps.nonces.note(url, answer.headers);
  if (answer.json.error !== "use_dpop_nonce" || nonce === undefined) return answer;
  const second = await attempt(nonce);
  deps.nonces.note(url, second.headers);
  return second;
}
