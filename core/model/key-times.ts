import { limits } from "./limits.ts";
import type { KeyPurpose } from "./ports.ts";

/** Delays between a new row of a key ring and the caches of the verifiers. Each belongs to one part of that way. */
export const keyTimes = {
  /** `Cache-Control: max-age` of every key set: JWKS, SPIFFE bundle, keys of security events. */
  jwksMaxAgeSeconds: 60,
  /** How long a function uses a ring before it reads it again. */
  ringCacheSeconds: 10,
  /**
   * jose 6, `createRemoteJWKSet`: `cacheMaxAge`. Before that age it fetches an unknown `kid`, but only after its
   * cooldown.
   */
  joseCacheSeconds: 600,
  joseCooldownSeconds: 30,
  /** Our own verifier drops a key set after this time, whatever its server asks for. */
  verifierCacheSeconds: 600,
  /**
   * aws-jwt-verify 5 never drops a key set. It fetches an unknown `kid`, and waits this long before it tries one again.
   */
  awsJwtVerifyPenaltySeconds: 10,
  /** `spiffe_refresh_hint` of the bundle. */
  bundleRefreshSeconds: 300,
  /** How wrong any of our clocks may be. */
  clockMarginSeconds: 60,
  /** For a while parts of KMS may not know a new key, so it is published only after this time. */
  settleSeconds: 60,
  /**
   * An intent announces the key that a rotator is about to create. A rotator runs for a minute at most, so after this
   * time nobody will finish what an intent announced.
   */
  intentLifeSeconds: 900,
  /**
   * How much longer a retired key stays published: for signatures that were under way when it retired, and other
   * delays.
   */
  endMarginSeconds: 300,
  /** KMS keeps a key this long after its deletion was ordered, so that the deletion can be cancelled. */
  deletionWindowDays: 30,
  /** Most keys of one algorithm in a ring. More would mean that somebody orders rotations in a loop. */
  keysPerAlgorithm: 12,
} as const;

const { jwksMaxAgeSeconds, ringCacheSeconds, clockMarginSeconds } = keyTimes;

/**
 * Longest time from writing a key into the ring until every verifier we know of has it. No key may sign earlier.
 * Verifiers that fetch an unknown `kid` have it sooner; the bound is for those that wait until their cache expires.
 */
export const longestCacheSeconds: number =
  ringCacheSeconds +
  jwksMaxAgeSeconds +
  Math.max(keyTimes.joseCacheSeconds, keyTimes.verifierCacheSeconds, keyTimes.bundleRefreshSeconds) +
  Math.max(keyTimes.joseCooldownSeconds, keyTimes.awsJwtVerifyPenaltySeconds) +
  clockMarginSeconds;

/** How fast one deployment rotates its keys. */
export interface RotationPace {
  /** How long a key signs. */
  readonly periodSeconds: number;
  /**
   * How long a key is published before a rotation on schedule switches to it. It protects verifiers whose caches we do
   * not know.
   */
  readonly publishWaitSeconds: number;
  /** The longest cache that is reckoned with; never less than {@link longestCacheSeconds} in a deployment. */
  readonly longestCacheSeconds: number;
}

/**
 * Longest life of anything a key of this purpose signs; undefined where the signature must stay verifiable for ever.
 */
export const signedLifeSeconds: Readonly<Record<KeyPurpose, number | undefined>> = {
  identity: limits.identityTokenLifeSeconds,
  session: limits.sessionLifeMaxSeconds,
  status: limits.statusListLifeSeconds,
  events: limits.securityEventLifeSeconds,
  seal: undefined,
};
