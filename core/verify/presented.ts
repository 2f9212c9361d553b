import { limits } from "../model/limits.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { VerifyRefusal } from "./refusal.ts";

/**
 * A request as the resource server saw it. Headers hold every value that came, so that a second one cannot be hidden.
 */
export interface PresentedRequest {
  readonly method: string;
  /**
   * The request's URL built from what the server knows itself, never from `Host` or `X-Forwarded-*`. A caller who could
   * choose the URL could choose what its proof is for (threat 9).
   */
  readonly url: string;
  /** Every `Authorization` value. */
  readonly authorization: readonly string[];
  /** Every `DPoP` value. */
  readonly dpop: readonly string[];
}

/** The token a request carries, and by which scheme. */
export interface PresentedToken {
  readonly scheme: "DPoP" | "Bearer";
  readonly token: string;
}

/**
 * One scheme, one blank and one token68 (RFC 9110 11.2). Any such text is treated as a token: it may be invalid here
 * while nothing is wrong with the header (RFC 6750 3.1).
 */
const credentials = /^([A-Za-z]+) ([A-Za-z0-9._~+/-]+=*)$/;

/**
 * Reads the access token from the request (RFC 9449 7.1): one `Authorization: DPoP` header, or where the resource takes
 * bearer tokens too, one `Authorization: Bearer` (RFC 6750 2.1). Tokens in the query or the body are never read.
 * @param acceptBearer whether this resource takes bearer tokens
 * @returns the token and its scheme, or `credentials_missing`, `credentials_malformed`, `bearer_not_accepted`,
 * `token_invalid`
 */
export function presentedToken(
  request: PresentedRequest,
  acceptBearer: boolean,
): Result<PresentedToken, VerifyRefusal> {
  const [header, ...others] = request.authorization;
  if (header === undefined) return err({ code: "credentials_missing" });
  if (others.length > 0) return err({ code: "credentials_malformed", why: "there are several Authorization headers" });
  if (header.length > limits.tokenBytes + 16)
    return err({ code: "token_invalid", why: "larger than any token of ours" });
  const [, scheme, token] = credentials.exec(header) ?? [];
  // a bound token sent as Bearer is a downgrade: a copy of it could be used without the key (RFC 9449 7.2)
  const bearer = /^bearer(?: |$)/i.test(header);
  if (bearer && !acceptBearer) return err({ code: "bearer_not_accepted" });
  if ((!bearer && scheme?.toLowerCase() !== "dpop") || token === undefined)
    return err({ code: "credentials_malformed", why: "the Authorization header is not one scheme and one token" });
  // with a proof beside a bearer token, it is unclear which of the two the caller relies on
  if (bearer && request.dpop.length > 0)
    return err({ code: "credentials_malformed", why: "a proof goes with the DPoP scheme" });
  return ok({ scheme: bearer ? "Bearer" : "DPoP", token });
}
