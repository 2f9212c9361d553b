import type { JwtRules } from "../jose/jwt.ts";

/** Half of what a resource server's clock may lag behind the issuer's. */
const lagSeconds = 5;

/**
 * Rules for the times of our own tokens: `exp` gets no skew, but an `iat` up to ten seconds in the future is accepted,
 * since a server whose clock lags a little would otherwise refuse every new token. Moving clock and skew by the same
 * amount has exactly this effect.
 */
export const strictExpiry = (nowSeconds: number): Pick<JwtRules, "nowSeconds" | "skewSeconds"> => ({
  nowSeconds: nowSeconds + lagSeconds,
  skewSeconds: lagSeconds,
});
