import type { Denial } from "../denial/denial.ts";
import { limits } from "../model/limits.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { Call } from "../model/wire.ts";

/** Parameters of a form, each value non-empty (RFC 6749 3.2: a parameter without a value is as if omitted). */
export type Form = ReadonlyMap<string, readonly string[]>;

/**
 * Reads an `application/x-www-form-urlencoded` POST. Query strings never count: parameters in a URL are logged.
 * @param repeatable names that may occur more than once; any other repetition is refused, since two readers of one
 * request could otherwise see two requests
 * @returns the form, or `method_not_allowed`, `not_found`, `content_type_unsupported`, `body_too_large`, `parameter_repeated`
 */
export function readForm(call: Call, repeatable: readonly string[]): Result<Form, Denial> {
  if (call.path !== "/") return err({ code: "not_found", path: call.path.slice(0, 100) });
  if (call.method !== "POST") return err({ code: "method_not_allowed", method: call.method, allow: "POST" });
  const type = (call.contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (type !== "application/x-www-form-urlencoded")
    return err({ code: "content_type_unsupported", contentType: type.slice(0, 100), wanted: "form" });
  const bytes = Buffer.byteLength(call.body, "utf8");
  if (bytes > limits.requestBodyBytes)
    return err({ code: "body_too_large", bytes, limitBytes: limits.requestBodyBytes });
  const form = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(call.body)) {
    if (value === "") continue;
    const values = form.get(name) ?? [];
    if (values.length > 0 && !repeatable.includes(name))
      return err({ code: "parameter_repeated", name: name.slice(0, 64) });
    form.set(name, [...values, value]);
  }
  return ok(form);
}

/** The one value of a parameter. */
export const single = (form: Form, name: string): string | undefined => form.get(name)?.[0];
