import type { Denial } from "../../denial/denial.ts";
import type { ApprovalStanding, PendingApproval } from "../../model/approval.ts";
import { err, ok, type Result } from "../../model/result.ts";
import type { RegistrySnapshot } from "../../model/snapshot.ts";
import { ownersOf } from "../../person/owner.ts";
import type { Approver } from "./approver.ts";

/**
 * Whether a person may see what waits: it is for a group of his.
 * @returns nothing, or `approval_foreign`, which says as much of what there is as of what there is not
 */
export function maySee<T extends { readonly group: string }>(
  { groups }: Approver,
  pending: T | undefined,
  id: string,
): Result<T, Denial> {
  if (!pending) return err({ code: "approval_foreign", id, why: "there is none" });
  return groups.includes(pending.group)
    ? ok(pending)
    : err({ code: "approval_foreign", id, why: `it waits for ${pending.group}` });
}

/** What a decision is held against. */
interface Deciding {
  readonly standing: ApprovalStanding;
  readonly registry: Pick<RegistrySnapshot, "agent">;
  readonly nowSeconds: number;
}

/**
 * Whether a person may decide what waits, as far as was read; the transaction holds what may change meanwhile. Who asked,
 * and who owns an agent of the chain, decides neither way: whoever could only refuse could still try it on others.
 * @returns nothing, or `approver_involved`, `approval_over`
 */
export function mayDecide(
  { principal }: Pick<Approver, "principal">,
  pending: PendingApproval,
  { standing, registry, nowSeconds }: Deciding,
): Result<void, Denial> {
  const { id } = pending;
  if (principal === pending.principal.id) return err({ code: "approver_involved", as: "requester" });
  if (ownersOf([...pending.actors, pending.agent], registry).includes(principal))
    return err({ code: "approver_involved", as: "owner" });
  if (pending.expiresAtSeconds <= nowSeconds) return err({ code: "approval_over", id, how: "expired" });
  if (standing.refused) return err({ code: "approval_over", id, how: "refused" });
  return standing.used ? err({ code: "approval_over", id, how: "used" }) : ok(undefined);
}
