import { limits } from "../core/model/limits.ts";
import { LanyardError, type LanyardFailure } from "./error.ts";
import type { LanyardErrorCode } from "./error-codes.ts";

/** The platform's fetch, or one like it. */
export type Fetch = typeof globalThis.fetch;

/** An answer that was read whole: status, JSON object, and the id that names it. */
export interface Answer {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
  readonly headers: Headers;
  readonly requestId: string | undefined;
}

/** Long enough for KMS, DynamoDB and a cold start. */
const callTimeoutMillis = 15_000;
const answerBytes = 131_072;

/** One call to a Lanyard endpoint. */
interface HttpCall extends Pick<RequestInit, "method" | "headers" | "body"> {
  readonly url: string;
  /** Named in errors. */
  readonly during: string;
}

/**
 * Sends one call to a Lanyard endpoint and reads its JSON answer, bounded in time and bytes, without following
 * redirects: proof and assertion must never be sent to an address that somebody else chose.
 * @throws LanyardError `unreachable`, `timeout`, `answer_malformed`
 */
export async function call(fetch: Fetch, { url, during, ...init }: HttpCall): Promise<Answer> {
  let response: Response;
  let bytes: Uint8Array | undefined;
  try {
    response = await fetch(url, { ...init, redirect: "manual", signal: AbortSignal.timeout(callTimeoutMillis) });
    bytes = await readBounded(response, answerBytes);
  } catch (cause) {
    const timedOut = cause instanceof Error && cause.name === "TimeoutError";
    throw new LanyardError(timedOut ? "timeout" : "unreachable", during);
  }
  const requestId = response.headers.get("x-amzn-requestid") ?? undefined;
  const json = bytes && objectIn(bytes);
  if (json) return { status: response.status, json, headers: response.headers, requestId };
  const known = {
    status: response.status,
    ...(requestId === undefined ? {} : { requestId }),
    ...retryAfter(response.headers),
  };
  // throttling and crashes are answered in the platform's own format
  if (response.status === 429 || response.status >= 500) throw new LanyardError("unavailable", during, known);
  throw new LanyardError("answer_malformed", during, known);
}

/**
 * Reads a body up to its bound.
 * @returns undefined when there is more
 */
export async function readBounded(response: Response, maxBytes: number): Promise<Uint8Array | undefined> {
  if (!response.body) return new Uint8Array();
  const parts: Uint8Array[] = [];
  let size = 0;
  // leaving the loop early cancels the stream
  for await (const part of response.body) {
    size += part.byteLength;
    if (size > maxBytes) return undefined;
    parts.push(part);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}

function objectIn(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

const codes = new Map<string, LanyardErrorCode>([
  ["invalid_client", "identity_refused"],
  ["invalid_dpop_proof", "proof_refused"],
  ["use_dpop_nonce", "proof_refused"],
  ["invalid_request", "request_refused"],
  ["invalid_grant", "request_refused"],
  ["use_attestation_challenge", "request_refused"],
  ["invalid_scope", "scope_refused"],
  ["insufficient_scope", "scope_refused"],
  ["invalid_target", "target_refused"],
  ["invalid_authorization_details", "details_refused"],
  ["access_denied", "access_refused"],
  ["authorization_pending", "approval_pending"],
  ["expired_token", "approval_expired"],
  ["approval_stale", "approval_stale"],
  ["insufficient_user_authentication", "sign_in_insufficient"],
  ["slow_down", "rate_limited"],
  ["temporarily_unavailable", "unavailable"],
]);

/** The typed error of an answer that is not 200 (RFC 6749 5.2). */
export function errorOf(answer: Answer, during: string): LanyardError {
  const { error, error_description: description } = answer.json;
  const fallback: LanyardErrorCode = answer.status === 429 || answer.status >= 500 ? "unavailable" : "refused";
  const code = typeof error === "string" ? (codes.get(error) ?? fallback) : fallback;
  const attesting = during === "attest" && code === "identity_refused";
  return new LanyardError(attesting ? "attestation_refused" : code, during, {
    status: answer.status,
    ...(typeof error === "string" ? { error } : {}),
    ...(typeof description === "string" ? { description } : {}),
    ...(answer.requestId === undefined ? {} : { requestId: answer.requestId }),
    ...approvalIn(answer),
    ...signInFrom(code, answer),
    ...retryAfter(answer.headers),
  });
}

/** What an answer says of a request that waits for people (CIBA 7.3, 11). */
function approvalIn({ json }: Answer): Pick<LanyardFailure, "approval"> {
  const { auth_req_id: id, interval, expires_in: life } = json;
  const isWhole = (value: unknown): value is number => typeof value === "number" && value >= 0 && value <= 86_400;
  if (typeof id !== "string" || id.length > 256 || !isWhole(interval) || !isWhole(life)) return {};
  return { approval: { id, intervalSeconds: Math.max(1, interval), expiresInSeconds: life } };
}

/** How the person has to sign in (RFC 9470 3); what is not of that form is left out. */
function signInFrom(code: LanyardErrorCode, { json }: Answer): Pick<LanyardFailure, "signIn"> {
  if (code !== "sign_in_insufficient") return {};
  const { max_age: age, acr_values: values } = json;
  const isAge = typeof age === "number" && Number.isSafeInteger(age) && age >= 0;
  const isList = typeof values === "string" && /^[\x21-\x7e]+( [\x21-\x7e]+)*$/.test(values) && values.length <= 2_048;
  return {
    signIn: { ...(isAge ? { maxAgeSeconds: age } : {}), ...(isList ? { acrValues: values.split(" ") } : {}) },
  };
}

/**
 * `Retry-After` in seconds; its other form, a date, is ignored, since our service does not use it and it depends on
 * clocks.
 */
function retryAfter(headers: Headers): { readonly retryAfterSeconds?: number } {
  const value = headers.get("retry-after") ?? "";
  return /^\d{1,6}$/.test(value) ? { retryAfterSeconds: Number(value) } : {};
}

/** A required member of a 200 answer. */
export function textIn(answer: Answer, name: string, during: string): string {
  const value = answer.json[name];
  if (typeof value === "string" && value !== "" && value.length <= limits.tokenBytes) return value;
  throw new LanyardError("answer_malformed", during, { status: answer.status, description: `${name} is missing` });
}

/** `expires_in` of a 200 answer, in seconds. */
export function lifeIn(answer: Answer, during: string): number {
  const value = answer.json.expires_in;
  if (typeof value === "number" && Number.isFinite(value) && value >= 0) return value;
  throw new LanyardError("answer_malformed", during, { status: answer.status, description: "expires_in is missing" });
}
