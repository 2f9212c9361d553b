import type { Denial } from "../../denial/denial.ts";
import { limits } from "../../model/limits.ts";
import { isPerson } from "../../model/person-key.ts";
import { err, ok, type Result } from "../../model/result.ts";
import type { AdminTarget, Call } from "../../model/wire.ts";
import { asObject, invalidMember, readObject } from "../read-body.ts";

type TargetKind = keyof AdminTarget;

/** An operator's order, parsed and bounded. */
export interface AdminOrder {
  readonly verb: (typeof verbs)[number];
  readonly kind: TargetKind;
  readonly id: string;
  readonly reason: string;
  readonly cutOnly: boolean;
  readonly unseen: boolean;
  /** Of an agent: its quarantine is set or lifted, and its block is left as it is. */
  readonly quarantine: boolean;
}

const verbs = ["revoke", "lift", "erase", "confirm"] as const;

const shapes: Record<TargetKind, RegExp> = {
  session: /^[A-Za-z0-9_-]{22}$/,
  agent: /^spiffe:\/\/[a-z0-9._-]+\/agent\/[A-Za-z0-9._/-]+$/,
  principal: /^(p_[a-z2-7]{32}|spiffe:\/\/[a-z0-9._-]+\/agent\/[A-Za-z0-9._/-]+)$/,
  build: /^[A-Za-z0-9+/=_:.-]{1,128}$/,
  deployment: /^[a-z0-9._-]{1,255}$/,
};

/**
 * Reads an order: `POST /` with `{ "revoke", "lift", "erase" or "confirm": { <kind>: <id> }, "reason", "cutOnly"?,
 * "unseen"?, "quarantine"? }`.
 * @returns the order, or `not_found`, `method_not_allowed`, `target_unknown` for another deployment's, those of
 * {@link readObject}
 */
export function readOrder(call: Call, trustDomain: string): Result<AdminOrder, Denial> {
  if (call.path !== "/") return err({ code: "not_found", path: call.path.slice(0, 100) });
  if (call.method !== "POST") return err({ code: "method_not_allowed", method: call.method, allow: "POST" });
  const read = readObject(call, [...verbs, "reason", "cutOnly", "unseen", "quarantine"], limits.requestBodyBytes);
  return read.ok ? orderOf(read.value, trustDomain) : read;
}

/**
 * Reads an order's members, strictly, wherever they came from.
 * @returns the order, or `parameter_invalid`, `target_unknown` for another deployment's
 */
export function orderOf(body: Readonly<Record<string, unknown>>, trustDomain: string): Result<AdminOrder, Denial> {
  const [verb, another] = verbs.filter((one) => body[one] !== undefined);
  if (verb === undefined || another !== undefined)
    return invalidMember("revoke", "send exactly one of revoke, lift, erase, confirm");
  const target = Object.entries(asObject(body[verb]) ?? {});
  const [kind, id] = target[0] ?? [];
  if (target.length !== 1 || kind === undefined || !Object.hasOwn(shapes, kind))
    return invalidMember(verb, "name exactly one of session, agent, principal, build, deployment");
  const known = kind as TargetKind;
  if (typeof id !== "string" || !shapes[known].test(id)) return invalidMember(kind, "not an id of this kind");
  if (known === "deployment" && id !== trustDomain) return err({ code: "target_unknown", target: id, why: "foreign" });
  if (known === "agent" && !id.startsWith(`spiffe://${trustDomain}/agent/`))
    return err({ code: "target_unknown", target: id.slice(0, limits.agentIdCharacters), why: "foreign" });
  if (verb === "erase" && !(known === "principal" && isPerson(id)))
    return invalidMember("erase", "only a person is erased: name a principal, p_…");
  if (verb === "confirm" && !(known === "principal" && isPerson(id)))
    return invalidMember("confirm", "only a person is confirmed: name a principal, p_…");
  const { reason, cutOnly = false, unseen = false, quarantine = false } = body;
  const most = verb === "erase" ? limits.erasureReasonCharacters : limits.purposeCharacters;
  if (typeof reason !== "string" || reason.trim() === "" || reason.length > most)
    return invalidMember("reason", `say why, in 1 to ${most} characters`);
  if (typeof cutOnly !== "boolean" || (cutOnly && verb !== "revoke"))
    return invalidMember("cutOnly", "true or false, with revoke");
  const mayBeUnseen = verb === "revoke" && (known === "principal" || known === "build");
  if (typeof unseen !== "boolean" || (unseen && !mayBeUnseen))
    return invalidMember("unseen", "true or false, with the revocation of a principal or a build");
  const mayQuarantine = known === "agent" && verb !== "erase" && !cutOnly;
  if (typeof quarantine !== "boolean" || (quarantine && !mayQuarantine))
    return invalidMember(
      "quarantine",
      "true or false, with the revocation of an agent or its lifting, not with cutOnly",
    );
  return ok({ verb, kind: known, id, reason, cutOnly, unseen, quarantine });
}
