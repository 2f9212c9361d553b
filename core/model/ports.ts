import type { JWK } from "jose";
import type { Result } from "./result.ts";

/** The time. Core never reads a clock of its own. */
export interface Clock {
  /** Milliseconds since the epoch, UTC. */
  nowMillis(): number;
  /** Milliseconds of a clock that nobody sets, from wherever it began; ages are measured by it too, where there is one. */
  steadyMillis?(): number;
}

/** Whole seconds since the epoch by `clock`. */
export const nowSeconds = (clock: Clock): number => Math.floor(clock.nowMillis() / 1000);

/** When something was taken in, by both of a machine's clocks. */
export interface Moment {
  readonly wallMillis: number;
  readonly steadyMillis: number | undefined;
}

/** Now, to be asked about later. */
export const momentOf = (clock: Clock): Moment => ({
  wallMillis: clock.nowMillis(),
  steadyMillis: clock.steadyMillis?.(),
});

/**
 * The most that may have passed since, in milliseconds: what is cached counts as so old. A wall clock that is set back
 * would keep a stale key, list or token alive for as long as it went back, and a pause going; a steady clock stands still
 * while a sandbox is frozen. So it is the longer of both, and without end where the wall clock is now before that moment.
 */
export function mostMillisSince(moment: Moment, clock: Clock): number {
  const wallMillis = clock.nowMillis() - moment.wallMillis;
  return wallMillis < 0 ? Number.POSITIVE_INFINITY : Math.max(wallMillis, steadyMillisSince(moment, clock) ?? 0);
}

/**
 * The least that may have passed since, in milliseconds: what is given up for its age is given up only then, or a wall
 * clock that jumps ahead would end what still lives.
 */
export function leastMillisSince(moment: Moment, clock: Clock): number {
  const wallMillis = Math.max(0, clock.nowMillis() - moment.wallMillis);
  return Math.min(wallMillis, steadyMillisSince(moment, clock) ?? wallMillis);
}

function steadyMillisSince({ steadyMillis }: Moment, clock: Clock): number | undefined {
  const now = clock.steadyMillis?.();
  return now === undefined || steadyMillis === undefined ? undefined : now - steadyMillis;
}

/** Fresh identifiers and secrets from a cryptographic source. */
export interface Ids {
  /** 128 bits as 22 base64url characters: sessions, audit records, `jti`s. */
  id(): string;
  /** 256 bits as 43 base64url characters: offer handles. */
  secret(): string;
}

/** Why a document could not be fetched. */
export interface FetchFailure {
  readonly why: "unreachable" | "timeout" | "status" | "too_large" | "redirect" | "forbidden_url";
  readonly detail: string;
}

/** The only way core reaches the network: GET, no redirects, bounded in bytes and time. */
export interface Fetcher {
  /**
   * Fetches one document.
   * @param url absolute URL, already checked against the allow-list of its caller
   * @returns the body of a 200 answer, and the `Cache-Control` max-age in seconds where one was sent
   */
  get(
    url: string,
    bounds: { readonly maxBytes: number; readonly timeoutMillis: number },
  ): Promise<Result<{ readonly body: Uint8Array; readonly maxAgeSeconds?: number }, FetchFailure>>;
}

/** What a key may sign; a key has one purpose and a `kid` belongs to one purpose only. */
export type KeyPurpose = "identity" | "session" | "status" | "events" | "seal";

/** Algorithms our own keys sign by; a key has exactly one. */
export type SigningAlgorithm = "ES256" | "RS256";

/**
 * What each purpose's keys sign by unless somebody asks for another: RSA-2048, which KMS signs with for a fifth of what
 * P-256 costs, and which every verifier of JWT access tokens must take (RFC 9068 2.1); docs/decisions/0044. The log's seals
 * are few.
 */
export const usualAlgorithm: Readonly<Record<KeyPurpose, SigningAlgorithm>> = {
  identity: "RS256",
  session: "RS256",
  status: "RS256",
  events: "RS256",
  seal: "ES256",
};

/** A public signing key as published. */
export interface PublicKey {
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  /** Public JWK with `kid`, `alg` and `use`. */
  readonly jwk: JWK;
}

/** One key that signs, held elsewhere (KMS). */
export interface SigningKey {
  /** RFC 7638 thumbprint of its public half. */
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  /**
   * Signs the JWS signing input.
   * @param signingInput `base64url(header).base64url(payload)` as bytes
   * @param joinId the session (or record) this signature belongs to; it stands in the call's user agent so that CloudTrail joins
   * @returns the signature as RFC 7518 3 wants it (ES256: 64 bytes r||s; RS256: as long as the modulus) and the request id of the call
   * @throws SigningKeyGone when the key was taken out of use since it was chosen
   */
  sign(signingInput: Uint8Array, joinId: string): Promise<{ signature: Uint8Array; requestId: string | undefined }>;
}

/** The keys of one purpose that sign now. */
export interface Signer {
  readonly purpose: KeyPurpose;
  /**
   * The key to sign with. Ask for each signature anew: keys rotate, and header and signature must be of one key.
   * @param alg by which, {@link usualAlgorithm} of the purpose where it is undefined
   * @param goneKid a key that turned out to be out of use: it is not answered again
   */
  current(alg: SigningAlgorithm | undefined, goneKid?: string): Promise<SigningKey>;
}

/** Public keys of this deployment, by purpose. */
export interface OwnKeys {
  /** Every public key of a purpose that may be met: next, current and retired. */
  keys(purpose: KeyPurpose): Promise<readonly PublicKey[]>;
}

/** Our keys as they are published. */
export interface PublishedOwnKeys extends OwnKeys {
  /** Version of what is published of a purpose: it grows with every change, and is never given twice. */
  sequence(purpose: KeyPurpose): Promise<number>;
}

/** A keyed hash that every instance of a function agrees on without storing anything (KMS GenerateMac). */
export interface MacSource {
  /** The 32-byte secret of minute `minute` (epoch minutes). */
  minuteKey(minute: number): Promise<Uint8Array>;
}

/** Takes one token from an agent's bucket before a signature is paid for, or a session is ended. */
export interface RateLimiter {
  /**
   * False when the agent is over `perSecond`.
   * @param what which of its buckets; `issue` when left out
   */
  take(agentId: string, perSecond: number, what?: "issue" | "revoke"): Promise<boolean>;
}
