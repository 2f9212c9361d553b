import type { Denial } from "../../denial/denial.ts";
import { err, ok, type Result } from "../../model/result.ts";

/** Kinds of faults that a client is told (RFC 7644 3.12). */
type ScimType = "invalidFilter" | "invalidSyntax" | "invalidPath" | "invalidValue" | "mutability";

/** A request that a client must send otherwise. */
export const invalid = (scimType: ScimType, why: string): Result<never, Denial> =>
  err({ code: "scim_request_invalid", scimType, why });

/** A value as a JSON object; undefined for anything else. */
export const asObject = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;

/**
 * Whether a person is active, as clients write it: a Boolean (RFC 7643 4.1.1), or its name as a text, as Entra does. An
 * unreadable value is refused: taken for "nothing was said", it would leave somebody at work who left.
 */
export function readActive(value: unknown): Result<boolean, Denial> {
  if (typeof value === "boolean") return ok(value);
  const text = typeof value === "string" ? value.toLowerCase() : "";
  return text === "true" || text === "false" ? ok(text === "true") : invalid("invalidValue", "active is no Boolean");
}

const patchOp = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
/** More than a client that changes one person sends. */
const operationsMost = 100;
const activePaths = ["active", "urn:ietf:params:scim:schemas:core:2.0:user:active"];

/**
 * What a PATCH (RFC 7644 3.5.2) says of `active`: by a path, as Entra does, or within a value without one, as Okta does,
 * in any spelling of the operation. One operation that deactivates is enough, whatever others say. What it changes else
 * is taken and not kept.
 * @returns undefined where it says nothing of it; or `scim_request_invalid`
 */
export function patchedActive(body: Readonly<Record<string, unknown>>): Result<boolean | undefined, Denial> {
  const { schemas, Operations: operations } = body;
  if (!Array.isArray(schemas) || !schemas.includes(patchOp))
    return invalid("invalidSyntax", `schemas lacks ${patchOp}`);
  if (!Array.isArray(operations) || operations.length === 0 || operations.length > operationsMost)
    return invalid("invalidSyntax", `send 1 to ${operationsMost} Operations`);
  let active: boolean | undefined;
  for (const operation of operations) {
    const said = activeIn(operation);
    if (!said.ok) return said;
    if (said.value !== undefined) active = active !== false && said.value;
  }
  return ok(active);
}

function activeIn(operation: unknown): Result<boolean | undefined, Denial> {
  const { op, path, value } = asObject(operation) ?? {};
  const verb = typeof op === "string" ? op.toLowerCase() : "";
  if (!["add", "replace", "remove"].includes(verb)) return invalid("invalidSyntax", "op is add, replace or remove");
  if (path !== undefined && typeof path !== "string") return invalid("invalidPath", "path is not a text");
  if (path === undefined) {
    const members = Object.entries(asObject(value) ?? {});
    const found = members.filter(([name]) => activePaths.includes(name.toLowerCase()));
    if (found.length > 1) return invalid("invalidValue", "active is named twice");
    return found[0] ? readActive(found[0][1]) : ok(undefined);
  }
  if (!activePaths.includes(path.toLowerCase())) return ok(undefined);
  if (verb === "remove") return invalid("mutability", "active cannot be removed");
  return readActive(value);
}
