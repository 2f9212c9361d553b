import { advices, type LanyardErrorCode, retryableCodes } from "./error-codes.ts";

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
  /** Of a request that waits for people. */
  readonly approval?: FailedForApproval;
  /** Of a request for which the person has to sign in again. */
  readonly signIn?: FailedForSignIn;
}

/** How the person has to sign in for what was refused (RFC 9470 3): what to send the provider. */
export interface FailedForSignIn {
  /** `max_age`: how long ago the sign-in may be. */
  readonly maxAgeSeconds?: number;
  /** `acr_values`: one of these, in order of preference. */
  readonly acrValues?: readonly string[];
}

/** What an answer says of a request that waits for people. */
export interface FailedForApproval {
  /** Its id (`auth_req_id`). */
  readonly id: string;
  /** How often may be asked how it stands. */
  readonly intervalSeconds: number;
  /** How long is left for people to decide. */
  readonly expiresInSeconds: number;
}

/**
 * What this package throws when something fails or is refused: this class, or one of {@link EvidenceError},
 * `KeptKeyError` and `AccessError`. A wrong argument is a `TypeError` or a `RangeError`, thrown at once.
 */
export class LanyardError extends Error {
  override readonly name: string = "LanyardError";
  /** What happened; stable across versions. */
  readonly code: LanyardErrorCode;
  readonly status: number | undefined;
  readonly error: string | undefined;
  readonly description: string | undefined;
  readonly requestId: string | undefined;
  /** When the same call may be made again, in seconds, where the answer said so. */
  readonly retryAfterSeconds: number | undefined;
  /** Of a request that waits for people: by which id, and for how long. */
  readonly approval: FailedForApproval | undefined;
  /** Of a request for which the person has to sign in again: how. */
  readonly signIn: FailedForSignIn | undefined;
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
    this.approval = failure.approval;
    this.signIn = failure.signIn;
    this.advice = advices[code];
    this.retryable = retryableCodes.has(code);
  }
}

/**
 * The workload's own document could not be fetched, or must not be shown. The message goes to logs, so it never quotes
 * a document, a secret or an answer. Your own sources of evidence should throw it too.
 */
export class EvidenceError extends LanyardError {
  override readonly name: string = "EvidenceError";

  constructor(description: string) {
    super("evidence_failed", "evidence", { description });
  }
}

/** A server's text for logs: bounded, and without line breaks, which could forge a log line. */
const printable = (text: string): string => text.slice(0, 300).replace(/[^\x20-\x7e]/g, "?");
