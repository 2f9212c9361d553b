import type { Denial } from "../../denial/denial.ts";
import { limits } from "../../model/limits.ts";
import { err, ok, type Result } from "../../model/result.ts";
import type { AdminTarget, Call } from "../../model/wire.ts";
import { asObject, invalidMember, readObject } from "../read-body.ts";

type TargetKind = keyof AdminTarget;

/** An operator's order, parsed and bounded. */
export interface AdminOrder {
  readonly verb: "revoke" | "lift";
  readonly kind: TargetKind;
  readonly id: string;
  readonly reason: string;
  readonly cutOnly: boolean;
  readonly unseen: boolean;
}

const shapes: Record<TargetKind, RegExp> = {
  session: /^[A-Za-z0-9_-]{22}$/,
  agent: /^spiffe:\/\/[a-z0-9._-]+\/agent\/[A-Za-z0-9._/-]+$/,
  principal: /^(p_[a-z2-7]{32}|spiffe:\/\/[a-z0-9._-]+\/agent\/[A-Za-z0-9._/-]+)$/,
  build: /^[A-Za-z0-9+/=_:.-]{1,128}$/,
  deployment: /^[a-z0-9._-]{1,255}$/,
};

/**
 * Reads an order: `POST /` with `{ "revoke" or "lift": { <kind>: <id> }, "reason", "cutOnly"?, "unseen"? }`.
 * @returns the order, or `not_found`, `method_not_allowed`, `target_unknown` for another deployment's, those of
 * {@link readObject}
 */
export function readOrder(call: Call, trustDomain: string): Result<AdminOrder, Denial> {
  if (call.path !== "/") return err({ code: "not_found", path: call.path.slice(0, 100) });
  if (call.method !== "POST") return err({ code: "method_not_allowed", method: call.method, allow: "POST" });
  const read = readObject(call, ["revoke", "lift", "reason", "cutOnly", "unseen"], limits.requestBodyBytes);
  if (!read.ok) return read;
  const body = read.value;
  if ((body.revoke === undefined) === (body.lift === undefined))
    return invalidMember("revoke", "send either revoke or lift");
  const verb = body.revoke === undefined ? "lift" : "revoke";
  const target = Object.entries(asObject(body[verb]) ?? {});
  const [kind, id] = target[0] ?? [];
  if (target.length !== 1 || kind === undefined || !Object.hasOwn(shapes, kind))
    return invalidMember(verb, "name exactly one of session, agent, principal, build, deployment");
  const known = kind as TargetKind;
  if (typeof id !== "string" || !shapes[known].test(id)) return invalidMember(kind, "not an id of this kind");
  if (known === "deployment" && id !== trustDomain) return err({ code: "target_unknown", target: id, why: "foreign" });
  if (known === "agent" && !id.startsWith(`spiffe://${trustDomain}/agent/`))
    return err({ code: "target_unknown", target: id.slice(0, limits.agentIdCharacters), why: "foreign" });
  const { reason, cutOnly = false, unseen = false } = body;
  if (typeof reason !== "string" || reason.trim() === "" || reason.length > limits.purposeCharacters)
    return invalidMember("reason", `say why, in 1 to ${limits.purposeCharacters} characters`);
  if (typeof cutOnly !== "boolean" || (cutOnly && verb === "lift"))
    return invalidMember("cutOnly", "true or false, with revoke");
  const mayBeUnseen = verb === "revoke" && (known === "principal" || known === "build");
  if (typeof unseen !== "boolean" || (unseen && !mayBeUnseen))
    return invalidMember("unseen", "true or false, with the revocation of a principal or a build");
  return ok({ verb, kind: known, id, reason, cutOnly, unseen });
}
