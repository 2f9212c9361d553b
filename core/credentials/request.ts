import { type Form, single } from "../caller/authenticate.ts";
import type { Denial } from "../denial/denial.ts";
import { limits } from "../model/limits.ts";
import { err, ok, type Result } from "../model/result.ts";
import { type Call, sessionTokenType } from "../model/wire.ts";
import { type Read, readAsserted, readBounds, type TokenRequest } from "../token/request.ts";

/** A request for credentials of AWS as parsed, nothing in it believed yet. */
export interface CredentialsRequest {
  /** What is asked of the session: it is decided as an access token of one resource is. */
  readonly asked: TokenRequest;
  /** Name of the registered role, where several stand for the resource. */
  readonly role?: string;
}

const invalid = (name: string, why: string) => err({ code: "parameter_invalid", name, why } as const);

/**
 * Parses the form of a request for credentials of AWS: `subject_token`, the caller's own session token, and what of the
 * session is wanted by `resource`, `scope`, `authorization_details`, `lifetime_seconds` and `role`.
 * @returns the request and its form, or the denial of the first thing that is wrong
 */
export const readCredentialsRequest = (call: Call): Result<Read<CredentialsRequest>, Denial> =>
  readAsserted(call, ["resource"], parse);

function parse(form: Form): Result<CredentialsRequest, Denial> {
  const token = readSubject(form);
  if (!token.ok) return token;
  const resources = [...new Set(form.get("resource"))];
  if (resources.length === 0) return err({ code: "resource_missing" });
  if (resources.length > 1) return err({ code: "resource_several", count: resources.length, limit: 1 });
  const bounds = readBounds(form);
  if (!bounds.ok) return bounds;
  const role = single(form, "role");
  if (role !== undefined && !/^[a-z0-9][a-z0-9._-]{0,63}$/.test(role)) return invalid("role", "send a registered name");
  return ok({
    asked: {
      subject: { token: token.value, type: "session" },
      requested: "access",
      resources,
      ...bounds.value,
    },
    ...(role === undefined ? {} : { role }),
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
