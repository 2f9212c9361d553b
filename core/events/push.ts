import type { FetchFailure } from "../model/ports.ts";
import type { Result } from "../model/result.ts";
import { parseBoundedJson } from "../text/json.ts";
import { asObject } from "./revoked.ts";

/** What a receiver answered. */
export interface PushAnswer {
  readonly status: number;
  /** At most `limits.eventAnswerBytes` of it. */
  readonly body: string;
}

/**
 * Pushes one security event token (RFC 8935 section 2): `POST`, `application/secevent+jwt`, no redirects, bounded in
 * bytes and time.
 */
export interface Pusher {
  /** @param authorization the whole header, where the receiver wants one */
  push(endpoint: string, token: string, authorization: string | undefined): Promise<Result<PushAnswer, FetchFailure>>;
}

/** What a receiver is shown, and the one origin that may see it: whoever stores a secret says where it goes. */
export interface EventSecret {
  readonly origin: string;
  /** Value of the `Authorization` header. */
  readonly authorization: string;
}

/** What became of a push. */
export interface Outcome {
  readonly kind: "done" | "again" | "refused";
  readonly why: string;
}

/** Error codes of RFC 8935 section 2.4; a receiver's own are not repeated into our logs. */
const errors = [
  "invalid_request",
  "invalid_key",
  "invalid_issuer",
  "invalid_audience",
  "authentication_failed",
  "access_denied",
];

/** Failures of transport that lie in the registration, not in the moment. */
const forGood: readonly FetchFailure["why"][] = ["forbidden_url", "redirect"];

/**
 * The one refusal that passes by itself: keys rotate, and a receiver that holds an older set fetches it anew in the hour
 * of repetitions.
 */
const staleKeys = "invalid_key";

/** Answers that ask for patience. */
const patient = [408, 425, 429];

/**
 * Reads what a push came to. Only 202 is a receipt (RFC 8935 section 2.2): a page that answers everything by 200 has
 * taken nothing. A refusal repeats itself however often the event is sent, so it is set aside at once, but for that of a
 * key the receiver does not have yet.
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
