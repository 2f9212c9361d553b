import { limits } from "../model/limits.ts";

/** A text, or a function that makes it from the facts of a denial. */
type Text<D> = string | ((denial: D) => string);

/** Everything that an auditor and the caller are told of a refusal. */
export interface Row<D> {
  /** The rule that refused, with its standard and section where it comes from one. */
  readonly rule: string;
  /** For the audit: what this request lacked, or what stood against it. */
  readonly missing: Text<D>;
  /** For the caller. Several rows share one answer where the difference would help an attacker. */
  readonly answer: Answer<D>;
  /** The answer given instead for some facts. */
  readonly variant?: (denial: D) => Answer<D> | undefined;
}

/** What a caller is told. */
interface Answer<D> extends Extras<D> {
  readonly status: number;
  /** RFC 6749 5.2, RFC 8693 2.2.2, RFC 8707 2, RFC 9396 5, RFC 9449 5. */
  readonly error: string;
  /** Tells the caller what to do. */
  readonly description: Text<D>;
}

type Members = Readonly<Record<string, number | string>>;

interface Extras<D> {
  /** A header whose value is undefined is not sent. */
  readonly headers?: Readonly<Record<string, string | ((denial: D) => string | undefined)>>;
  /** Further members of the answer, for programs. */
  readonly members?: Members | ((denial: D) => Members);
}

/** One row for each code of a union of denials. A code without a row does not compile. */
export type Rows<D extends { readonly code: string }> = {
  readonly [C in D["code"]]: Row<Extract<D, { readonly code: C }>>;
};

/** Makes answers that have the same status and error. */
type Answering = <D>(description: Text<D>, extras?: Extras<D>) => Answer<D>;

const answers =
  (status: number, error: string): Answering =>
  (description, extras = {}) => ({ status, error, description, ...extras });

/** RFC 6749 5.2: the caller is not authenticated. */
export const badClient: Answering = answers(401, "invalid_client");
/** RFC 6749 5.2: the request is malformed, or it asks for something that no other error describes. */
export const badRequest: Answering = answers(400, "invalid_request");
/** RFC 6749 5.2: a scope is unknown or exceeds a bound. */
export const badScope: Answering = answers(400, "invalid_scope");
/** RFC 8707 2: the resource or audience is not acceptable. */
export const badTarget: Answering = answers(400, "invalid_target");
/** RFC 9396 5: an authorization detail is not acceptable. */
export const badDetails: Answering = answers(400, "invalid_authorization_details");
/** RFC 9449 5: the DPoP proof is not acceptable. */
export const badProof: Answering = answers(400, "invalid_dpop_proof");
/** RFC 6749 4.1.2.1, used here with 403: the caller is known and may not do this. */
export const forbidden: Answering = answers(403, "access_denied");

/** A 503: nothing is wrong with the request, but it cannot be decided now, so it is refused and may be sent again. */
export const later = (description: string): Answer<unknown> => ({
  status: 503,
  error: "temporarily_unavailable",
  description,
  headers: { "Retry-After": String(limits.retryAfterSeconds) },
});
