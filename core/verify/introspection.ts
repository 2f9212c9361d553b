import { err, ok, type Result } from "../result.ts";
import type { VerifyRefusal } from "./refusal.ts";

/** Asks the issuer about a token, strongly consistent (RFC 7662); the resource server's own agent client is one. */
export interface Introspector {
  /** The answer's members, or why there is none. */
  introspect(token: string): Promise<Result<Readonly<Record<string, unknown>>, string>>;
}

/**
 * Liveness asked at the issuer for every request, instead of the status list.
 * @param tokenId the verified token's `jti`: an answer about another token is no answer
 * @returns nothing when the session lives, else `session_over` or `introspection_unavailable`
 */
export async function askIssuer(
  introspector: Introspector,
  token: string,
  tokenId: string,
): Promise<Result<void, VerifyRefusal>> {
  let answer: Result<Readonly<Record<string, unknown>>, string>;
  try {
    answer = await introspector.introspect(token);
  } catch (cause) {
    answer = err(cause instanceof Error ? cause.message : "the introspection failed");
  }
  if (!answer.ok) return err({ code: "introspection_unavailable", why: answer.error });
  if (answer.value.active !== true) return err({ code: "session_over", by: "introspection" });
  if (answer.value.jti !== tokenId)
    return err({ code: "introspection_unavailable", why: "it answered for another token" });
  return ok(undefined);
}
