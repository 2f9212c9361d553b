import type { ApprovalReads } from "../../approvals/store.ts";
import type { Denial } from "../../denial/denial.ts";
import { ok, type Result } from "../../model/result.ts";
import { mayDecide, maySee } from "./rules.ts";
import { listed, shown } from "./shown.ts";
import type { Looking, Waiting } from "./waiting.ts";

/**
 * Finds an agent's request that waits for a group of the person's.
 * @returns it, or `approval_foreign`
 */
export async function findRequest(
  id: string,
  { approver, registry, nowSeconds }: Looking,
  approvals: ApprovalReads,
): Promise<Result<Waiting, Denial>> {
  const found = maySee(approver, await approvals.pending(id), id);
  if (!found.ok) return found;
  const pending = found.value;
  const { agent, actors, grants, requestHash, principal, group, needed } = pending;
  const approval = { id, requestHash, group, needed, resources: grants.map(({ resource }) => resource) };
  const standing = await approvals.standing(pending);
  return ok({
    pending,
    facts: { agent, actors, grants, principal: principal.id, approval },
    approvals: standing.decisions.length,
    may: mayDecide(approver, pending, { standing, registry, nowSeconds }),
    shown: shown(pending, standing, registry),
    isAgents: true,
  });
}

/** Lines of the requests that wait for a group, without those that are over. */
export async function listRequests(
  group: string,
  { nowSeconds, most }: { readonly nowSeconds: number; readonly most: number },
  approvals: ApprovalReads,
) {
  const items = await approvals.waiting(group, nowSeconds, most);
  const standings = await Promise.all(items.map((pending) => approvals.standing(pending)));
  return items.flatMap((pending, n) => {
    const standing = standings[n];
    if (!standing || standing.refused || standing.used) return [];
    return [{ ...listed(pending), approvals: standing.decisions.length }];
  });
}
