import { err, ok, type Result } from "../model/result.ts";
import { budgetRefusal } from "./budget-refusal.ts";
import type { VerifyRefusal } from "./refusal.ts";

/** Asks the issuer about a token, strongly consistent (RFC 7662); the resource server's own agent client is one. */
export interface Introspector {
  /**
   * The answer's members, or why there is none.
   * @param jkt thumbprint of the key that proved the request, where the token does not say which key it is bound to
   */
  introspect(token: string, jkt?: string): Promise<Result<Readonly<Record<string, unknown>>, string>>;
}

/**
 * Asks once. Refusals: `session_over` when the answer is `active: false`, `budget_spent` or `cost_required` where that
 * answer says that a budget alone stands against the request, `introspection_unavailable` when there is none.
 */
export async function ask(
  introspector: Introspector,
  token: string,
  jkt?: string,
): Promise<Result<Readonly<Record<string, unknown>>, VerifyRefusal>> {
  let answer: Result<Readonly<Record<string, unknown>>, string>;
  try {
    answer = await introspector.introspect(token, jkt);
  } catch (cause) {
    answer = err(cause instanceof Error ? cause.message : "the introspection failed");
  }
  if (!answer.ok) return err({ code: "introspection_unavailable", why: answer.error });
  if (answer.value.active === true) return answer;
  return err(budgetRefusal(answer.value) ?? { code: "session_over", by: "introspection" });
}

/**
 * Asks the issuer about liveness for every request, instead of the status list.
 * @param tokenId the verified token's `jti`: an answer about another token is refused
 * @returns nothing when the session lives, else what {@link ask} refuses
 */
export async function askIssuer(
  introspector: Introspector,
  token: string,
  tokenId: string,
): Promise<Result<void, VerifyRefusal>> {
  const answer = await ask(introspector, token);
  if (!answer.ok) return answer;
  if (answer.value.jti !== tokenId)
    return err({ code: "introspection_unavailable", why: "it answered for another token" });
  return ok(undefined);
}
