import type { Call, Reply } from "../model/wire.ts";

/**
 * Response types that are named as supported. RFC 8414 2 requires the member, 3.2 forbids an empty list, and `none`
 * (OAuth 2.0 Multiple Response Type Encoding Practices, 4) is the only type by which nobody is given anything.
 */
export const responseTypes = ["none"] as const;

/** IAM reads the OpenID document and requires this value; it never uses it. */
export const openidResponseTypes = ["id_token"] as const;

/**
 * The authorization endpoint, which refuses every request: nobody signs in here, since agents attest. RFC 8414 2 does
 * not require one, but the MCP SDK's client (2.4.0) does, and finds no token endpoint without it. It answers with its
 * own codes (RFC 6749 4.1.2.1) and never redirects, since no client has a redirection address that could be trusted. It
 * sends no CORS header (RFC 9700 2.6).
 * @param call a GET or HEAD
 */
export function refuseAuthorization({ query = "" }: Call): Reply {
  const sent = new URLSearchParams(query);
  const names = [...sent.keys()];
  if (new Set(names).size < names.length) return refusal(400, "invalid_request", "a parameter was sent more than once");
  const type = sent.get("response_type");
  if (!type) return refusal(400, "invalid_request", "parameter response_type is missing");
  const known: readonly string[] = [...responseTypes, ...openidResponseTypes];
  if (!known.includes(type))
    return refusal(400, "unsupported_response_type", "nobody signs in here: agents attest and use the token endpoint");
  return refusal(403, "access_denied", "nobody signs in here: agents attest and use the token endpoint");
}

const refusal = (status: number, error: string, description: string): Reply => ({
  status,
  contentType: "application/json",
  body: JSON.stringify({ error, error_description: description }),
});
