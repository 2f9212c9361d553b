import type { Denial } from "../../denial/denial.ts";
import { limits } from "../../model/limits.ts";
import type { KeyPurpose } from "../../model/ports.ts";
import { err, ok, type Result } from "../../model/result.ts";
import type { Call } from "../../model/wire.ts";
import type { RotationOrder } from "../../ring/model.ts";
import { asObject, invalidMember, readObject } from "../read-body.ts";

/** Purposes of keys that can be rotated. */
export const purposes = ["identity", "session", "status", "events"] as const satisfies readonly KeyPurpose[];
/** What an operator wants to be done with some keys. */
type Wish = Pick<RotationOrder, "purpose" | "kind" | "reason" | "kid">;

/**
 * Reads a wish: `POST /` with `{ "rotate": { "purpose", "kid"? }, "emergency"?, "reason" }`.
 * @returns the wish, or `not_found`, `method_not_allowed`, those of {@link readObject}
 */
export function readWish(call: Call): Result<Wish, Denial> {
  if (call.path !== "/") return err({ code: "not_found", path: call.path.slice(0, 100) });
  if (call.method !== "POST") return err({ code: "method_not_allowed", method: call.method, allow: "GET, POST" });
  const read = readObject(call, ["rotate", "emergency", "reason"], limits.requestBodyBytes);
  if (!read.ok) return read;
  const body = read.value;
  const rotate = asObject(body.rotate);
  if (!rotate) return err({ code: "malformed_request", what: "send a JSON object with rotate" });
  const strange = Object.keys(rotate).find((name) => !["purpose", "kid"].includes(name));
  if (strange !== undefined) return invalidMember(strange, "unknown member");
  const purpose = purposes.find((known) => known === rotate.purpose);
  if (!purpose) return invalidMember("purpose", `one of ${purposes.join(", ")}`);
  const { kid } = rotate;
  if (kid !== undefined && (typeof kid !== "string" || !/^[A-Za-z0-9_-]{43}$/.test(kid)))
    return invalidMember("kid", "a key's RFC 7638 thumbprint");
  const { reason, emergency = false } = body;
  if (typeof emergency !== "boolean") return invalidMember("emergency", "true or false");
  if (typeof reason !== "string" || reason.trim() === "" || reason.length > limits.purposeCharacters)
    return invalidMember("reason", `say why, in 1 to ${limits.purposeCharacters} characters`);
  const named = kid === undefined ? {} : { kid };
  return ok({ purpose, kind: emergency ? "emergency" : "rotate", reason, ...named });
}
