import type { JWTPayload } from "jose";
import { soleAudience } from "../jose/jwt-claims.ts";
import { err, ok, type Result } from "../model/result.ts";

/**
 * The client a person's token was issued to, by claims whose signature is good.
 * @param type `id`: the one audience (OpenID Connect Core 2). `access`: `client_id` or `azp` (RFC 9068 2.2)
 * @returns the client, or why the token names none that could be trusted
 */
export const clientOf = (payload: JWTPayload, type: "id" | "access"): Result<string, string> =>
  type === "id" ? idTokenClient(payload) : accessTokenClient(payload);

/** `azp`, where present, must say the same as `aud`. */
function idTokenClient(payload: JWTPayload): Result<string, string> {
  const client = soleAudience(payload);
  if (client === undefined) return err("audience: aud must name exactly one client");
  return (payload.azp ?? client) === client ? ok(client) : err("azp is not the client in aud");
}

function accessTokenClient(payload: JWTPayload): Result<string, string> {
  const { client_id: clientId, azp, sub } = payload;
  const client = clientId ?? azp;
  if (typeof client !== "string" || client === "") return err("names no client");
  if ((azp ?? client) !== client) return err("azp and client_id disagree");
  // RFC 9068 2.2: where no person is involved the subject is the client itself
  if (sub === client) return err("is a client's own token, not a person's");
  // taking a sender-constrained token without its proof would make it a bearer token (RFC 9449 7.2)
  if (payload.cnf !== undefined) return err("is bound to a key that was not proved");
  return ok(client);
}
