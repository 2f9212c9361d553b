import { type Form, single } from "../caller/authenticate.ts";
import type { Denial } from "../denial/denial.ts";
import { limits } from "../model/limits.ts";
import { err, ok, type Result } from "../model/result.ts";
import { type Call, sessionTokenType } from "../model/wire.ts";
import {
  checkOneResource,
  type Read,
  readAsserted,
  readBounds,
  readRole,
  type TokenRequest,
} from "../token/request.ts";

const invalid = (name: string, why: string) => err({ code: "parameter_invalid", name, why } as const);

/**
 * Parses the form of a request for credentials of AWS: `subject_token`, the caller's own session token, and what of the
 * session is wanted by `resource`, `scope`, `authorization_details`, `lifetime_seconds` and `role`. It is decided as a
 * request for an access token of one resource is.
 * @returns the request and its form, or the denial of the first thing that is wrong
 */
export const readCredentialsRequest = (call: Call): Result<Read<TokenRequest>, Denial> =>
  readAsserted(call, ["resource"], parse);

function parse(form: Form): Result<TokenRequest, Denial> {
  const token = readSubject(form);
  if (!token.ok) return token;
  const resources = [...new Set(form.get("resource"))];
  const one = checkOneResource(resources);
  if (!one.ok) return one;
  const bounds = readBounds(form);
  if (!bounds.ok) return bounds;
  const role = readRole(form);
  if (!role.ok) return role;
  return ok({
    subject: { token: token.value, type: "session" },
    requested: "access",
    resources,
    ...bounds.value,
    ...role.value,
  });
}

/** A session token and no other: what another lent, or what was narrowed for a server, is no ground for a role of AWS. */
function readSubject(form: Form): Result<string, Denial> {
  const token = single(form, "subject_token");
  const type = single(form, "subject_token_type");
  if (token === undefined) return err({ code: "parameter_missing", name: "subject_token" });
  if (type === undefined) return err({ code: "parameter_missing", name: "subject_token_type" });
  if (type !== sessionTokenType)
    return invalid("subject_token_type", `send your own session token, ${sessionTokenType}`);
  return token.length > limits.tokenBytes ? invalid("subject_token", "too large") : ok(token);
}
