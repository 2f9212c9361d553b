import type { Denial } from "../../denial/denial.ts";
import { limits } from "../../model/limits.ts";
import { err, ok, type Result } from "../../model/result.ts";
import type { Call } from "../../model/wire.ts";
import { parseBoundedJson } from "../../text/json.ts";
import { asObject, invalid, patchedActive, readActive } from "./active.ts";
import { readFilter, type UserFilter } from "./filter.ts";
import { subjectOfId } from "./user.ts";

/** Where SCIM begins, below the function's address. */
export const scimPath = "/scim/v2/";

/** Names of a user, as far as a client says them. Nothing else of a person is read, and these are kept nowhere. */
interface SaidUser {
  readonly userName?: string;
  readonly externalId?: string;
}

/** What a client asks. `active` is what it says of the person; undefined where it says nothing. */
export type ScimRequest =
  | { readonly kind: "document"; readonly name: string; readonly id?: string }
  | { readonly kind: "find"; readonly filter?: UserFilter }
  | { readonly kind: "show"; readonly subject: string }
  | { readonly kind: "create"; readonly said: SaidUser; readonly active: boolean | undefined }
  | {
      readonly kind: "replace" | "patch";
      readonly subject: string;
      readonly said: SaidUser;
      readonly active: boolean | undefined;
    }
  | { readonly kind: "delete"; readonly subject: string };

const documents = ["ServiceProviderConfig", "ResourceTypes", "Schemas"];

/**
 * Reads a call of a SCIM client (RFC 7644 3).
 * @returns the request, or `not_found`, `method_not_allowed`, `content_type_unsupported`, `malformed_request`,
 * `scim_request_invalid`
 */
export function readScim(call: Call): Result<ScimRequest, Denial> {
  const [name = "", id, ...more] = call.path.slice(scimPath.length).split("/");
  const unknown = () => err<Denial>({ code: "not_found", path: call.path.slice(0, 100) });
  if (more.length > 0 || id === "") return unknown();
  if (documents.includes(name)) {
    if (call.method !== "GET") return otherMethod(call, "GET");
    return ok({ kind: "document", name, ...(id === undefined ? {} : { id: decoded(id) ?? id }) });
  }
  if (name !== "Users") return unknown();
  if (id === undefined) return ofAll(call);
  const subject = subjectOfId(id);
  return subject === undefined ? unknown() : ofOne(call, subject);
}

const otherMethod = ({ method }: Call, allow: string) =>
  err<Denial>({ code: "method_not_allowed", method: method.slice(0, 20), allow });

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function ofAll(call: Call): Result<ScimRequest, Denial> {
  if (call.method === "GET") {
    const filter = readFilter(new URLSearchParams(call.query ?? "").get("filter"));
    return filter.ok ? ok({ kind: "find", ...(filter.value ? { filter: filter.value } : {}) }) : filter;
  }
  if (call.method !== "POST") return otherMethod(call, "GET, POST");
  const user = readUser(call);
  return user.ok ? ok({ kind: "create", ...user.value }) : user;
}

function ofOne(call: Call, subject: string): Result<ScimRequest, Denial> {
  switch (call.method) {
    case "GET":
      return ok({ kind: "show", subject });
    case "DELETE":
      return ok({ kind: "delete", subject });
    case "PUT": {
      const user = readUser(call);
      return user.ok ? ok({ kind: "replace", subject, ...user.value }) : user;
    }
    case "PATCH": {
      const body = readBody(call);
      const active = body.ok ? patchedActive(body.value) : body;
      return active.ok ? ok({ kind: "patch", subject, said: {}, active: active.value }) : active;
    }
    default:
      return otherMethod(call, "GET, PUT, PATCH, DELETE");
  }
}

/** The body as an object. Entra sends `application/scim+json`, others JSON. */
function readBody(call: Call): Result<Readonly<Record<string, unknown>>, Denial> {
  const type = (call.contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (type !== "application/scim+json" && type !== "application/json")
    return err({ code: "content_type_unsupported", contentType: type.slice(0, 100) });
  const parsed = parseBoundedJson(call.body, limits.jsonDepth);
  const body = parsed.ok ? asObject(parsed.value) : undefined;
  return body ? ok(body) : err({ code: "malformed_request", what: parsed.ok ? "send a JSON object" : parsed.error });
}

function readUser(call: Call): Result<{ said: SaidUser; active: boolean | undefined }, Denial> {
  const body = readBody(call);
  if (!body.ok) return body;
  const active = body.value.active === undefined ? ok(undefined) : readActive(body.value.active);
  if (!active.ok) return active;
  const said: Record<string, string> = {};
  for (const name of ["userName", "externalId"]) {
    const value = body.value[name];
    if (value === undefined || value === null) continue;
    if (typeof value !== "string") return invalid("invalidValue", `${name} is not a text`);
    said[name] = value;
  }
  return ok({ said, active: active.value });
}
