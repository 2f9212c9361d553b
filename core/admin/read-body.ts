import type { Denial } from "../denial/denial.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { Call } from "../model/wire.ts";
import { parseBoundedJson } from "../text/json.ts";

/** A JSON object of a request. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The denial for a member with a wrong value. */
export const invalidMember = (name: string, why: string): Result<never, Denial> =>
  err({ code: "parameter_invalid", name: name.slice(0, 64), why });

/**
 * Reads the JSON object an operator sent, in which every member must be known.
 * @param limitBytes largest body that is parsed
 * @returns the object, or `content_type_unsupported`, `body_too_large`, `malformed_request`, `parameter_invalid`
 */
export function readObject(call: Call, known: readonly string[], limitBytes: number): Result<JsonObject, Denial> {
  const type = (call.contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (type !== "application/json") return err({ code: "content_type_unsupported", contentType: type.slice(0, 100) });
  const bytes = Buffer.byteLength(call.body);
  if (bytes > limitBytes) return err({ code: "body_too_large", bytes, limitBytes });
  const parsed = parseBoundedJson(call.body);
  if (!parsed.ok) return err({ code: "malformed_request", what: parsed.error });
  const body = asObject(parsed.value);
  if (!body) return err({ code: "malformed_request", what: "send a JSON object" });
  const unknown = Object.keys(body).find((key) => !known.includes(key));
  return unknown === undefined ? ok(body) : invalidMember(unknown, "unknown member");
}

/** A value as a JSON object; undefined for anything else. */
export const asObject = (value: unknown): JsonObject | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
