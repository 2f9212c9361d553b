import { decodeJwt } from "jose";
import { limits } from "../../../core/model/limits.ts";
import { EvidenceError } from "../../error.ts";

const compact = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/**
 * Checks a token from a platform before it is sent to anybody. A token for the cluster's API server or for AWS, found
 * in the wrong place, would otherwise be given away, and its receiver could use it there (threat 4).
 * @param text as found; surrounding blanks are removed
 * @param audience the only audience it may have
 * @returns the token, a compact JWS (RFC 7515 7.1), nothing in it verified
 * @throws EvidenceError
 */
export function workloadToken(text: string, audience: string): string {
  const token = text.trim();
  if (token.length > limits.tokenBytes || !compact.test(token))
    throw new EvidenceError(`what was handed out is no JWT of at most ${limits.tokenBytes} bytes`);
  const { aud } = claimsOf(token);
  const [sole, ...more] = Array.isArray(aud) ? aud : [aud];
  if (sole !== audience || more.length > 0)
    throw new EvidenceError("the token is not for this audience alone, so it is not shown");
  return token;
}

function claimsOf(token: string) {
  try {
    return decodeJwt(token);
  } catch {
    throw new EvidenceError("what was handed out is no JWT");
  }
}
