import type { PendingApproval } from "../../../../core/model/approval.ts";
import { budgetBounds } from "../budgets/declared.ts";
import { anyText, type Item, list, mapOf, members, oneOf, optional, row, text, whole } from "../codec.ts";
import { grant, grantItem, type Kept, keptSeconds, principal } from "../sessions/session-rows.ts";

/** Keys of table Approvals. Both parts of each are values that we made ourselves, or names that are registered. */
export const approvalKeys = {
  /** The approval itself. */
  pending: (id: string) => ({ key: `approval#${id}`, item: "pending" }),
  /** That it was redeemed. */
  used: (id: string) => ({ key: `approval#${id}`, item: "used" }),
  /** Where the approvers of a group find it. */
  waiting: (group: string, id: string) => ({ key: `group#${group}`, item: id }),
  /** One of the few approvals that an agent, or a principal, may have pending. */
  slot: (of: "agent" | "principal", name: string, n: number) => ({ key: `${of}#${name}`, item: `slot#${n}` }),
  /** The newest approval of a request by one key. */
  newest: (requestHash: string, jkt: string) => ({ key: `request#${requestHash}#${jkt}`, item: "newest" }),
} as const;

/** The row of a pending approval. */
export const pendingItem = ({ grants, ...pending }: PendingApproval): Item => ({
  ...pending,
  ...approvalKeys.pending(pending.id),
  grants: grants.map(grantItem),
  expiresAt: pending.expiresAtSeconds + keptSeconds,
});

const pendingRow = row(
  { table: "approvals", key: ["key", "item"] },
  members<PendingApproval & Kept & { readonly key: string; readonly item: string }>({
    ...{ key: text, item: oneOf("pending"), id: text, requestHash: text, group: text, needed: whole },
    ...{ agent: text, jkt: text, build: optional(text), principal, actors: list(text), depth: whole },
    action: oneOf("open", "renew", "access", "offer", "redeem", "hop"),
    grants: list(grant),
    lifeSeconds: whole,
    maxUses: optional(whole),
    budget: optional(budgetBounds),
    session: optional(members<NonNullable<PendingApproval["session"]>>({ root: text, sid: text })),
    policies: mapOf(text),
    meanings: mapOf(text),
    purpose: optional(anyText),
    ...{ createdAtSeconds: whole, expiresAtSeconds: whole, lastEndSeconds: optional(whole) },
    resume: text,
    expiresAt: whole,
  }),
);

/**
 * The approval in a row.
 * @throws {@link BrokenRow}
 */
export function pendingOf(item: Item): PendingApproval {
  const { key: _, item: __, expiresAt: ___, ...pending } = pendingRow(item);
  return pending;
}

/** A row that names an approval and its end: its place in a list, one of the few, the newest of its request. */
export const namingItem = (
  at: { readonly key: string; readonly item: string },
  { id, expiresAtSeconds }: Pick<PendingApproval, "id" | "expiresAtSeconds">,
): Item => ({ ...at, id, expiresAtSeconds, expiresAt: expiresAtSeconds + keptSeconds });

interface Naming extends Kept, Pick<PendingApproval, "id" | "expiresAtSeconds"> {
  readonly key: string;
  readonly item: string;
}

/**
 * What such a row names.
 * @throws {@link BrokenRow}
 */
export const namingOf = row(
  { table: "approvals", key: ["key", "item"] },
  members<Naming>({ key: text, item: text, id: text, expiresAtSeconds: whole, expiresAt: whole }),
);
