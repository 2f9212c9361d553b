import { authenticate, type Caller, type Form, single } from "../caller/authenticate.ts";
import type { Denial } from "../denial/denial.ts";
import { decodeUnverified } from "../jose/jwt.ts";
import { err, ok, type Result } from "../model/result.ts";
import { type Call, idJagTyp, jwtBearerAssertionType, jwtBearerGrant } from "../model/wire.ts";
import type { AuthenticateClientDeps } from "./client-deps.ts";

/** How a request authenticates its client. */
type ClientMethod = "identity-token" | "private-key-jwt" | "document";

/** A token that is shown as what an assertion grant asks for: whose authority it is tells its `typ` alone. */
export const assertionKind = (assertion: string): "id-jag" | "workload" => {
  const typ = decodeUnverified(assertion)?.header.typ;
  return typeof typ === "string" && typ.toLowerCase().replace(/^application\//, "") === idJagTyp
    ? "id-jag"
    : "workload";
};

/**
 * How a request to `token` authenticates. A platform's token authenticates by itself; beside it no client assertion is
 * taken, since a request uses one method (RFC 6749 2.3).
 */
function methodOf(form: Form): ClientMethod {
  const assertion = single(form, "grant_type") === jwtBearerGrant ? single(form, "assertion") : undefined;
  // first, so that no other authentication can carry a document past its verification
  if (assertion !== undefined && assertionKind(assertion) === "workload") return "document";
  return single(form, "client_assertion_type") === jwtBearerAssertionType ? "private-key-jwt" : "identity-token";
}

/**
 * The form's client authentication, not verified yet: whether there is one, and only one.
 * @returns nothing, or `client_unauthenticated`, `client_methods_several`
 */
export function checkClientMethod(
  call: Call,
  form: Form,
  byToken: () => Result<unknown, Denial>,
): Result<void, Denial> {
  const method = methodOf(form);
  if (method === "identity-token") {
    const claimed = byToken();
    return claimed.ok ? ok(undefined) : claimed;
  }
  const scheme = call.authorizationScheme;
  if (scheme !== undefined) return err({ code: "client_methods_several", other: "an Authorization header" });
  if (form.has("client_secret")) return err({ code: "client_methods_several", other: "a client_secret" });
  if (method === "document")
    return form.has("client_assertion")
      ? err({ code: "client_methods_several", other: "a client_assertion" })
      : ok(undefined);
  return form.has("client_assertion")
    ? ok(undefined)
    : err({ code: "client_unauthenticated", why: "client_assertion instead of nothing" });
}

/**
 * Authenticates the client of a token request: by our own identity token and its key (`caller/authenticate.ts`), by a
 * registered key (`caller/private-key-jwt.ts`), or, for the `jwt-bearer` grant, by its platform's token
 * (`jwt-bearer/workload.ts`). The last two are loaded with the first request by them: a cold start has enough to read.
 * @returns the caller, or the first refusal of its method; `dpop_missing` for a call without a proof where stage or
 * registration do not allow one
 */
export async function authenticateClient(
  call: Call,
  form: Form,
  deps: AuthenticateClientDeps,
): Promise<Result<Caller, Denial>> {
  const method = methodOf(form);
  if (method === "identity-token") return authenticate(call, form, deps);
  const { authenticateByRegistry } = await import("./authenticate-by-registry.ts");
  return authenticateByRegistry({ call, form, method }, deps);
}
