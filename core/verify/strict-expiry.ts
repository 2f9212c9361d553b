import type { JwtRules } from "../jose/jwt.ts";

/** How far a resource server's clock may lag behind the issuer's, halved. */
const lagSeconds = 5;

/**
 * Times by which our own tokens are evaluated: `exp` gets no grace at all, while an `iat` of the next ten seconds is
 * believed, or a server whose clock lags a little would refuse every token that was just made. Shifting the clock and
 * the skew alike does exactly that.
 */
export const strictExpiry = (nowSeconds: number): Pick<JwtRules, "nowSeconds" | "skewSeconds"> => ({
  nowSeconds: nowSeconds + lagSeconds,
  skewSeconds: lagSeconds,
});
