import type { Denial } from "../../denial/denial.ts";
import { ok, type Result } from "../../model/result.ts";
import { invalid } from "./active.ts";

/** The one kind of filter that there is: a user by a name. */
export interface UserFilter {
  readonly attribute: "id" | "userName" | "externalId";
  readonly value: string;
}

const form = /^\s*(id|userName|externalId)\s+eq\s+("(?:[^"\\]|\\.)*")\s*$/i;
const attributes = ["id", "userName", "externalId"] as const;

/**
 * Reads a filter (RFC 7644 3.4.2.2): `<attribute> eq "<value>"`, which is what clients ask before they create a user.
 * @returns undefined where there is none, or `scim_request_invalid`
 */
export function readFilter(text: string | null): Result<UserFilter | undefined, Denial> {
  if (text === null) return ok(undefined);
  const [, name = "", quoted = ""] = text.length <= 1_024 ? (form.exec(text) ?? []) : [];
  const attribute = attributes.find((one) => one.toLowerCase() === name.toLowerCase());
  if (attribute === undefined) return invalid("invalidFilter", `use ${attributes.join(", ")} eq "…"`);
  try {
    return ok({ attribute, value: JSON.parse(quoted) as string });
  } catch {
    return invalid("invalidFilter", "the value is no JSON text");
  }
}
