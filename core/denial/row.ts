import { limits } from "../model/limits.ts";

/** A text, or how the facts of a denial make it. */
type Text<D> = string | ((denial: D) => string);

/** All that is said of a refusal: to an auditor, and to its caller. */
export interface Row<D> {
  /** The rule that refused, with its standard and section where it is one's. */
  readonly rule: string;
  /** For the audit: what was missing, or stood in the way, of this very request. */
  readonly missing: Text<D>;
  /** For the caller. Several rows share one answer where the difference would help an attacker. */
  readonly answer: Answer<D>;
  /** The answer that some facts get instead. */
  readonly variant?: (denial: D) => Answer<D> | undefined;
}

/** What a caller gets to see. */
interface Answer<D> extends Extras<D> {
  readonly status: number;
  /** RFC 6749 5.2, RFC 8693 2.2.2, RFC 8707 2, RFC 9396 5, RFC 9449 5. */
  readonly error: string;
  /** Says what to do. */
  readonly description: Text<D>;
}

interface Extras<D> {
  /** A header whose value comes to undefined is not sent. */
  readonly headers?: Readonly<Record<string, string | ((denial: D) => string | undefined)>>;
  /** What the answer says beside error and description, for programs. */
  readonly members?: Readonly<Record<string, number>>;
}

/** One row a code of a union of denials: a code without one does not compile. */
export type Rows<D extends { readonly code: string }> = {
  readonly [C in D["code"]]: Row<Extract<D, { readonly code: C }>>;
};

/** Makes the answers of one status and error. */
type Answering = <D>(description: Text<D>, extras?: Extras<D>) => Answer<D>;

const answers =
  (status: number, error: string): Answering =>
  (description, extras = {}) => ({ status, error, description, ...extras });

export const badClient: Answering = answers(401, "invalid_client");
export const badRequest: Answering = answers(400, "invalid_request");
export const badScope: Answering = answers(400, "invalid_scope");
export const badTarget: Answering = answers(400, "invalid_target");
export const badDetails: Answering = answers(400, "invalid_authorization_details");
export const badProof: Answering = answers(400, "invalid_dpop_proof");
export const forbidden: Answering = answers(403, "access_denied");

/** Fail closed: nothing is wrong with the request, and it may be sent again. */
export const later = (description: string): Answer<unknown> => ({
  status: 503,
  error: "temporarily_unavailable",
  description,
  headers: { "Retry-After": String(limits.retryAfterSeconds) },
});
