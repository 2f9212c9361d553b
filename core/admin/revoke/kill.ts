import { startAudit } from "../../audit/context.ts";
import type { AuditRecord, Recorder } from "../../audit/record.ts";
import type { Denial } from "../../denial/denial.ts";
import type { Operator } from "../../model/operator.ts";
import type { Clock, Ids } from "../../model/ports.ts";
import { ok, type Result } from "../../model/result.ts";
import type { AdminTarget } from "../../model/wire.ts";
import type { RevocationStore } from "../../session/store.ts";
import { invalidMember } from "../read-body.ts";
import { type AdminOrder, orderOf } from "./order.ts";
import { planRevocation } from "./plan.ts";
import { type RevocationTargets, targetKnown } from "./target.ts";

/** What may be revoked past the functions: what one raised counter ends. A session's own end needs rows of others. */
export type KillTarget = Omit<AdminTarget, "session">;

/** An order that was read, and what it names is there. */
export type KillOrder = AdminOrder & { readonly verb: "revoke"; readonly kind: keyof KillTarget };

/** What an operator says. */
interface Said {
  readonly target: KillTarget;
  readonly reason: string;
}

/**
 * Reads an order to revoke past the functions, and looks whether what it names exists. Where that cannot be read the
 * order is not carried out, unlike admin-revoke's: a misspelt name that reads as done would stop nobody, and whoever
 * stands in an incident would not look again (threat 63).
 * @returns the order; `parameter_invalid`, `target_unknown`
 * @throws where it cannot be read
 */
export async function readKill(
  { target, reason }: Said,
  trustDomain: string,
  targets: RevocationTargets,
): Promise<Result<KillOrder, Denial>> {
  const order = orderOf({ revoke: target, reason }, trustDomain);
  if (!order.ok) return order;
  const { verb, kind } = order.value;
  if (verb !== "revoke" || kind === "session")
    return invalidMember("revoke", "a session is revoked by admin-revoke alone");
  const there = await targetKnown({ ...order.value, kind }, targets);
  return there.ok ? ok({ ...order.value, verb, kind }) : there;
}

/** Who kills, as STS told it, and the request by which CloudTrail has it. */
interface KilledBy {
  readonly operator: Operator;
  readonly requestId: string;
  readonly userAgent: string;
}

/** What carries it out. */
interface KillDeps {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly toRecord: Recorder;
  readonly revocations: RevocationStore;
  readonly targets: RevocationTargets;
}

/**
 * Revokes past the functions: the same plan, the same transaction and the same record as admin-revoke's, so that every
 * reader of them sees no difference when it is there again. It always blocks, since nobody could see what comes after
 * a cut. A reason about a person is withheld from the record: only functions reach persons' keys.
 * @returns the record, which stands in the outbox; denials of the plan
 */
export async function kill(order: KillOrder, by: KilledBy, deps: KillDeps): Promise<Result<AuditRecord, Denial>> {
  const { kind, id, reason } = order;
  const audit = startAudit(by, "revoke", deps.clock);
  audit.add({ operator: by.operator, target: `${kind}:${id}`, reason });
  const planned = await planRevocation(order, deps, audit);
  if (!planned.ok) return planned;
  const record = deps.toRecord({ ...audit.facts, outcome: "allowed" }, deps.ids.id());
  const written = await deps.revocations.revoke({ ...planned.value.change, replayEntries: [], record });
  if (!written.ok) throw new Error(`a revocation without conditions met a conflict: ${written.error.kind}`);
  return ok(record);
}
