import type { Denial } from "../denial/denial.ts";
import { limits } from "../model/limits.ts";
import { err, ok, type Result } from "../model/result.ts";
import type { AttestRequest, Call } from "../model/wire.ts";
import { parseBoundedJson } from "../text/json.ts";

const members = ["agent", "evidence", "challenge", "audience"];

const invalid = (name: string, why: string) => err<Denial>({ code: "parameter_invalid", name, why });

/**
 * Reads the body of `POST /`: bounded before it is parsed, only the documented members are accepted.
 * @returns the request, or `content_type_unsupported`, `body_too_large`, `malformed_request`, `parameter_missing`,
 * `parameter_invalid`
 */
export function readAttestRequest(call: Call): Result<AttestRequest, Denial> {
  const contentType = (call.contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (contentType !== "application/json")
    return err({ code: "content_type_unsupported", contentType: contentType.slice(0, 100) });
  const bytes = Buffer.byteLength(call.body, "utf8");
  if (bytes > limits.requestBodyBytes)
    return err({ code: "body_too_large", bytes, limitBytes: limits.requestBodyBytes });
  const parsed = parseBoundedJson(call.body);
  if (!parsed.ok) return err({ code: "malformed_request", what: parsed.error });
  if (!isObject(parsed.value)) return err({ code: "malformed_request", what: "send a JSON object" });
  return readMembers(parsed.value);
}

function readMembers(body: Readonly<Record<string, unknown>>): Result<AttestRequest, Denial> {
  const odd = Object.keys(body).find((name) => !members.includes(name));
  if (odd !== undefined) return invalid(odd.slice(0, 64), "not a parameter of this endpoint");
  const { agent, evidence, challenge, audience } = body;
  for (const name of ["agent", "evidence", "challenge"])
    if (body[name] === undefined) return err({ code: "parameter_missing", name });
  if (typeof agent !== "string" || agent.length > limits.agentIdCharacters)
    return invalid("agent", `a SPIFFE ID of at most ${limits.agentIdCharacters} characters`);
  if (!isObject(evidence) || typeof evidence.type !== "string" || evidence.type.length > 64)
    return invalid("evidence", "an object with a type");
  if (typeof challenge !== "string" || challenge.length > 256) return invalid("challenge", "a short string");
  if (audience !== undefined && (typeof audience !== "string" || audience.length > limits.agentIdCharacters))
    return invalid("audience", "exactly one short string");
  return ok({
    agent,
    evidence: { ...evidence, type: evidence.type },
    challenge,
    ...(audience === undefined ? {} : { audience }),
  });
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
