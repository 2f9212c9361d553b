import { limits } from "./limits.ts";
import type { KeyPurpose } from "./ports.ts";

/** How long the parts of the way from a ring's row to a verifier's cache may lag, each by its owner. */
export const keyTimes = {
  /** `Cache-Control: max-age` of every key set: JWKS, SPIFFE bundle, that of security events. */
  jwksMaxAgeSeconds: 60,
  /** How long a function works by a ring it has read. */
  ringCacheSeconds: 10,
  /** jose 6, `createRemoteJWKSet`: `cacheMaxAge`; before that an unknown `kid` is fetched once its cooldown is over. */
  joseCacheSeconds: 600,
  joseCooldownSeconds: 30,
  /** Our own verifier holds a key set no longer, whatever the answer says. */
  verifierCacheSeconds: 600,
  /** aws-jwt-verify 5 keeps a set for good; an unknown `kid` is fetched, and waits this long after it was not found. */
  awsJwtVerifyPenaltySeconds: 10,
  /** `spiffe_refresh_hint` of the bundle. */
  bundleRefreshSeconds: 300,
  /** How far any clock of ours may be wrong. */
  clockMarginSeconds: 60,
  /** A new key may be unknown to parts of KMS for a while; it is not published before this. */
  settleSeconds: 60,
  /** A rotator lives a minute: after this nobody will come back for what an intent announced. */
  intentLifeSeconds: 900,
  /** Signatures in flight when a key retires, and what else runs late. */
  endMarginSeconds: 300,
  /** KMS keeps a key this long after its deletion was ordered: time to call it off. */
  deletionWindowDays: 30,
  /** Most keys of one algorithm in a ring; more is somebody turning the handle in a loop. */
  keysPerAlgorithm: 12,
} as const;

const { jwksMaxAgeSeconds, ringCacheSeconds, clockMarginSeconds } = keyTimes;

/**
 * Longest time from writing a key into the ring until every verifier we know of has it: the bound below which no key may
 * sign. Verifiers that fetch an unknown `kid` have it sooner; this holds for those that wait for their cache to end.
 */
export const longestCacheSeconds: number =
  ringCacheSeconds +
  jwksMaxAgeSeconds +
  Math.max(keyTimes.joseCacheSeconds, keyTimes.verifierCacheSeconds, keyTimes.bundleRefreshSeconds) +
  Math.max(keyTimes.joseCooldownSeconds, keyTimes.awsJwtVerifyPenaltySeconds) +
  clockMarginSeconds;

/** A deployment's own pace. */
export interface RotationPace {
  /** How long a key signs. */
  readonly periodSeconds: number;
  /** How long a key is published before a rotation on schedule switches to it; for verifiers we do not know. */
  readonly publishWaitSeconds: number;
  /** Longest cache counted with; never less than {@link longestCacheSeconds} in a deployment. */
  readonly longestCacheSeconds: number;
}

/** Longest life of anything a key of this purpose signs; undefined where it must be verifiable for good. */
export const signedLifeSeconds: Readonly<Record<KeyPurpose, number | undefined>> = {
  identity: limits.identityTokenLifeSeconds,
  session: limits.sessionLifeMaxSeconds,
  status: limits.statusListLifeSeconds,
  events: limits.securityEventLifeSeconds,
  seal: undefined,
};
