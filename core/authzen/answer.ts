import type { Denial } from "../denial/denial.ts";
import type { Reply } from "../model/wire.ts";

/** What was asked, as far as an answer needs it. */
export type Form =
  | { readonly kind: "evaluation" }
  | { readonly kind: "evaluations"; readonly questions: number }
  | { readonly kind: "search" };

/**
 * The answer "no" to whatever was asked: of one form each time, the same bytes whatever stands against it, so that
 * nobody learns of sessions that are not theirs (threat 41). AuthZEN 1.0: a refusal is a 200.
 * @param context what is left of a budget, where the answer would have been yes to this very asker but for it
 */
export function no(form: Form, context?: object): Reply {
  if (form.kind === "search") return json({ results: [] });
  if (form.kind === "evaluation") return json({ decision: false, ...(context ? { context } : {}) });
  return json({ evaluations: Array.from({ length: form.questions }, () => ({ decision: false })) });
}

/** The answer to one question. */
export const decided = (decision: boolean, context?: object): Reply =>
  json({ decision, ...(context ? { context } : {}) });

/** The answers to several, in their order. */
export const decidedAll = (decisions: readonly boolean[]): Reply =>
  json({ evaluations: decisions.map((decision) => ({ decision })) });

/** What a search found, and what is told beside it. */
export const found = (results: readonly object[], context?: object): Reply =>
  json({ results, ...(context ? { context } : {}) });

/** A 200 answer of JSON. */
export const json = (body: object): Reply => ({
  status: 200,
  contentType: "application/json",
  body: JSON.stringify(body),
});

/**
 * Refusals that the caller is told as they are: it did not authenticate, or sent no AuthZEN request (1.0, Error
 * Responses), or nothing can be decided now. None of them depends on what a session is or on whose it is.
 */
const told = new Set<Denial["code"]>([
  "not_found",
  "method_not_allowed",
  "malformed_request",
  "parameter_missing",
  "parameter_invalid",
  "client_unauthenticated",
  "assertion_invalid",
  "assertion_expired",
  "dpop_missing",
  "dpop_invalid",
  "dpop_nonce_required",
  "dpop_key_mismatch",
  "dpop_replayed",
  "registry_unavailable",
  "liveness_unavailable",
]);

/** Whether a refusal is told as it is; every other one has the one face of {@link no}. */
export const isTold = ({ code }: Denial): boolean => told.has(code);
