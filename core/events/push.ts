import type { FetchFailure } from "../model/ports.ts";
import type { Result } from "../model/result.ts";
import { parseBoundedJson } from "../text/json.ts";
import { asObject } from "./revoked.ts";

/** What a receiver answered. */
export interface PushAnswer {
  readonly status: number;
  /** The first `limits.eventAnswerBytes` of it. */
  readonly body: string;
}

/**
 * Pushes one security event token (RFC 8935 section 2): `POST`, `application/secevent+jwt`, no redirects, bounded in
 * bytes and time.
 */
export interface Pusher {
  /** @param authorization value of the whole header, where the receiver requires one */
  push(endpoint: string, token: string, authorization: string | undefined): Promise<Result<PushAnswer, FetchFailure>>;
}

/**
 * A receiver's secret, and the only origin it may be sent to. The operator who stores the secret names the origin
 * (threat 46).
 */
export interface EventSecret {
  readonly origin: string;
  /** Value of the `Authorization` header. */
  readonly authorization: string;
}

/** The outcome of a push. */
export interface Outcome {
  readonly kind: "done" | "again" | "refused";
  readonly why: string;
}

/** Error codes of RFC 8935 section 2.4; other texts of a receiver are not written to our logs. */
const errors = [
  "invalid_request",
  "invalid_key",
  "invalid_issuer",
  "invalid_audience",
  "authentication_failed",
  "access_denied",
];

/** Failures of transport that repeating does not repair, since their cause is the registration. */
const forGood: readonly FetchFailure["why"][] = ["forbidden_url", "redirect"];

/**
 * The only refusal that goes away by itself: keys rotate, and a receiver that holds an older set fetches a new one
 * within the hour of repetitions.
 */
const staleKeys = "invalid_key";

/** Answers that mean: try again later. */
const patient = [408, 425, 429];

/**
 * Reads the outcome of a push. Only 202 confirms receipt (RFC 8935 section 2.2): a web page that answers everything
 * with 200 has received nothing. A refused event would be refused again however often it is sent, so it is set aside at
 * once, except where the receiver does not know the key yet.
 */
export function readOutcome(answer: Result<PushAnswer, FetchFailure>): Outcome {
  if (!answer.ok) {
    const { why, detail } = answer.error;
    return { kind: forGood.includes(why) ? "refused" : "again", why: `${why}: ${detail}` };
  }
  const { status, body } = answer.value;
  if (status === 202) return { kind: "done", why: "accepted" };
  if (status >= 500 || patient.includes(status)) return { kind: "again", why: `status ${status}` };
  const said = status === 400 ? errorOf(body) : undefined;
  const kind = said === staleKeys ? "again" : "refused";
  return { kind, why: said === undefined ? `status ${status}` : `status 400, ${said}` };
}

function errorOf(body: string): string | undefined {
  const parsed = parseBoundedJson(body);
  const { err } = asObject(parsed.ok ? parsed.value : undefined);
  return typeof err === "string" ? (errors.find((known) => known === err) ?? "an unknown error") : undefined;
}
