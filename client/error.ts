/**
 * What happened, stable across versions; {@link LanyardError.advice} says what to do about it.
 * - before or below the wire: `unreachable`, `timeout`, `answer_malformed`, `metadata_invalid`, `evidence_failed`
 * - refused by Lanyard: `attestation_refused`, `identity_refused`, `proof_refused`, `request_refused`,
 *   `scope_refused`, `target_refused`, `details_refused`, `access_refused`, `rate_limited`, `unavailable`, `refused`
 * - refused here: `insecure_url`, `outside_resource`, `offer_unexpected`, `session_over`, `session_lapsed`
 */
export type LanyardErrorCode = keyof typeof advices;

const advices = {
  unreachable: "the endpoint did not answer; try again, then check its address",
  timeout: "the endpoint took too long; try again",
  answer_malformed: "the answer is not Lanyard's; check the issuer's address",
  metadata_invalid: "the issuer's metadata is not usable; check the issuer, or pin the endpoints",
  evidence_failed: "the workload's own identity could not be fetched; check its credentials and permissions",
  attestation_refused: "the evidence does not prove this agent; compare its registration's selectors",
  identity_refused: "the agent is no longer accepted; ask the operator whether it was revoked",
  proof_refused: "the key proof was refused; check this machine's clock",
  request_refused: "the request or the token it rests on is not valid; get a fresh token and ask again",
  scope_refused: "ask for fewer scopes, or have them registered",
  target_refused: "name one registered resource, or a registered agent",
  details_refused: "send registered details that are no wider than what you hold",
  access_refused: "policy or an operator forbids this; do not ask again",
  rate_limited: "too many tokens; ask again after a second",
  unavailable: "Lanyard cannot answer now; ask again after a second",
  refused: "read the description",
  insecure_url: "use https, or http on this machine",
  outside_resource: "call the resource the token is for, or say where it is served when the agent is made",
  offer_unexpected: "the work is not from whom you expect it; do not do it",
  session_over: "open a new session",
  session_lapsed: "open a new session, with `renewable` to survive long pauses",
} as const;

const retryable: ReadonlySet<LanyardErrorCode> = new Set(["unreachable", "timeout", "rate_limited", "unavailable"]);

/** What is known of a failure; never a token, a proof or evidence. */
export interface LanyardFailure {
  /** HTTP status, when there was an answer. */
  readonly status?: number;
  /** OAuth error code on the wire. */
  readonly error?: string;
  readonly description?: string;
  /** Names the call in the operator's logs. */
  readonly requestId?: string;
  /** When the same call may be made again, in seconds (`Retry-After`). */
  readonly retryAfterSeconds?: number;
}

/** The one error this client throws. */
export class LanyardError extends Error {
  override readonly name = "LanyardError";
  readonly code: LanyardErrorCode;
  readonly status: number | undefined;
  readonly error: string | undefined;
  readonly description: string | undefined;
  readonly requestId: string | undefined;
  /** When the same call may be made again, in seconds, where the answer said so. */
  readonly retryAfterSeconds: number | undefined;
  /** What to do about it. */
  readonly advice: string;
  /** True when the same call may succeed later. */
  readonly retryable: boolean;

  /**
   * @param code what happened
   * @param during what was being done, such as `token`
   */
  constructor(code: LanyardErrorCode, during: string, failure: LanyardFailure = {}) {
    const description = failure.description === undefined ? undefined : printable(failure.description);
    super(`${during}: ${description ?? code}; ${advices[code]}`);
    this.code = code;
    this.status = failure.status;
    this.error = failure.error === undefined ? undefined : printable(failure.error);
    this.description = description;
    this.requestId = failure.requestId === undefined ? undefined : printable(failure.requestId);
    this.retryAfterSeconds = failure.retryAfterSeconds;
    this.advice = advices[code];
    this.retryable = retryable.has(code);
  }
}

/** A server's text ends up in logs: bounded, and without line breaks that could forge one. */
const printable = (text: string): string => text.slice(0, 300).replace(/[^\x20-\x7e]/g, "?");
