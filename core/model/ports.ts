import type { JWK } from "jose";
import type { Result } from "./result.ts";

/** The time. Core never reads a clock of its own. */
export interface Clock {
  /** Milliseconds since the epoch, UTC. */
  nowMillis(): number;
  /**
   * Milliseconds of a clock that nobody can set, from an unspecified start. Where there is one, ages are measured by it
   * too.
   */
  steadyMillis?(): number;
}

/** Whole seconds since the epoch by `clock`. */
export const nowSeconds = (clock: Clock): number => Math.floor(clock.nowMillis() / 1000);

/** The moment when something was received, by both clocks of the machine. */
export interface Moment {
  readonly wallMillis: number;
  readonly steadyMillis: number | undefined;
}

/** The present moment, to measure an age from later. */
export const momentOf = (clock: Clock): Moment => ({
  wallMillis: clock.nowMillis(),
  steadyMillis: clock.steadyMillis?.(),
});

/**
 * The most that may have passed since `moment`, in milliseconds. The age of a cached value is measured by it. A wall
 * clock that is set back would keep a stale key, list or token alive, and prolong a pause, by as much. A steady clock
 * stands still while a sandbox is frozen. So the answer is the longer of both, and infinite where the wall clock now
 * shows a time before that moment.
 */
export function mostMillisSince(moment: Moment, clock: Clock): number {
  const wallMillis = clock.nowMillis() - moment.wallMillis;
  return wallMillis < 0 ? Number.POSITIVE_INFINITY : Math.max(wallMillis, steadyMillisSince(moment, clock) ?? 0);
}

/**
 * The least that may have passed since `moment`, in milliseconds. Something is given up for its age only by this
 * measure, since otherwise a wall clock that jumps ahead would end what is still alive.
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

/** Algorithms our own keys sign with; a key has exactly one. */
export type SigningAlgorithm = "ES256" | "RS256";

/**
 * The algorithm each purpose's keys sign with unless a registration asks for the other: RSA-2048. KMS charges a fifth
 * of the price of P-256 for it, and every verifier of JWT access tokens must support it (RFC 9068 2.1); see
 * docs/decisions/0044. Seals of the log are few, so their price does not matter.
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

/** One key that signs, whose private half is kept in KMS. */
export interface SigningKey {
  /** RFC 7638 thumbprint of its public half. */
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  /**
   * Signs the JWS signing input.
   * @param signingInput `base64url(header).base64url(payload)` as bytes
   * @param joinId the session (or record) this signature belongs to; it is part of the call's user agent so that
   * CloudTrail can be joined with our records
   * @returns the signature as RFC 7518 3 defines it (ES256: 64 bytes r||s; RS256: as long as the modulus) and the
   * request id of the call
   * @throws SigningKeyGone when the key was taken out of use since it was chosen
   */
  sign(signingInput: Uint8Array, joinId: string): Promise<{ signature: Uint8Array; requestId: string | undefined }>;
}

/** The keys of one purpose that may sign now. */
export interface Signer {
  readonly purpose: KeyPurpose;
  /**
   * The key to sign with. Ask again for each signature, since keys rotate and a header must name the key that signs.
   * @param alg the algorithm; {@link usualAlgorithm} of the purpose where it is undefined
   * @param goneKid a key that turned out to be out of use: it is never the answer
   */
  current(alg: SigningAlgorithm | undefined, goneKid?: string): Promise<SigningKey>;
}

/** Public keys of this deployment, by purpose. */
export interface OwnKeys {
  /** Every public key of a purpose that a token may name: next, current and retired. */
  keys(purpose: KeyPurpose): Promise<readonly PublicKey[]>;
}

/** Our keys as they are published. */
export interface PublishedOwnKeys extends OwnKeys {
  /** Version of the published keys of a purpose. It grows with every change and is never used twice. */
  sequence(purpose: KeyPurpose): Promise<number>;
}

/** A keyed hash whose key every instance of a function can derive without storing anything (KMS GenerateMac). */
export interface MacSource {
  /** The 32-byte secret of minute `minute` (epoch minutes). */
  minuteKey(minute: number): Promise<Uint8Array>;
}

/** What is counted apart, each by its caller and second. */
export type RateBucket = "issue" | "revoke" | "vend" | "reveal" | "signal";

/** Takes one token from an agent's bucket before a signature or a call of STS is paid for, or a session is ended. */
export interface RateLimiter {
  /**
   * Takes one token; false when the agent has used `perSecond` in this second.
   * @param what which of its buckets; `issue` when left out
   */
  take(agentId: string, perSecond: number, what?: RateBucket): Promise<boolean>;
}
