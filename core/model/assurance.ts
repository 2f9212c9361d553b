/**
 * How strong an attestation was, weakest first.
 * - `document`: a genuine document for us, but nothing ties it to this moment or this key beyond first use
 * - `audience`: made for us and short-lived, not tied to our challenge
 * - `fresh`: made for us, carries our one-use challenge and the caller's key
 * - `measured`: as `fresh`, and signed by hardware over the code that runs
 */
export const assuranceLevels = ["document", "audience", "fresh", "measured"] as const;

/** One level of {@link assuranceLevels}. */
export type Assurance = (typeof assuranceLevels)[number];

/** True when `actual` is at least as strong as `required`. */
export const assuranceReaches = (actual: Assurance, required: Assurance): boolean =>
  assuranceLevels.indexOf(actual) >= assuranceLevels.indexOf(required);

/**
 * The weaker of two assurances, since a resource that demands a fresh proof must not be reached through a weakly proved
 * agent.
 */
export const weaker = (a: Assurance, b: Assurance): Assurance =>
  assuranceLevels.indexOf(a) <= assuranceLevels.indexOf(b) ? a : b;
