import type { ApprovalDecision } from "../../../../core/model/approval.ts";
import { limits } from "../../../../core/model/limits.ts";
import { type Item, members, oneOf, optional, row, text, whole } from "../codec.ts";
import { type Kept, keptSeconds } from "../sessions/session-rows.ts";

/** Sort key of the one refusal of an approval, or of a request; a person's id begins with `p_`. */
export const refusedKey = "refused";

/** Partition of what was said of a request, whichever approval it waited by. */
export const requestPartition = (requestHash: string): string => `request#${requestHash}`;

/** The row of one person's approval, or of the refusal of an approval. It is put where there is none. */
export const decisionItem = (decision: ApprovalDecision): Item => {
  const { approver, ...rest } = decision;
  const sort = decision.verdict === "refused" ? refusedKey : approver;
  return { ...rest, person: approver, approver: sort, expiresAt: keptUntil(decision) };
};

/**
 * The row by which a refused request is refused again without asking anybody, and no other key's approval of it is
 * used. It is put in the refusal's transaction, over an older one.
 */
export const refusedRequestItem = (decision: ApprovalDecision): Item => ({
  approval: requestPartition(decision.requestHash),
  approver: refusedKey,
  id: decision.approval,
  atSeconds: decision.atSeconds,
  expiresAt: keptUntil(decision),
});

const keptUntil = ({ expiresAtSeconds }: ApprovalDecision): number =>
  expiresAtSeconds + limits.approvalRefusedSeconds + keptSeconds;

const decisionRow = row(
  { table: "decisions", key: ["approval", "approver"] },
  members<ApprovalDecision & Kept & { readonly person: string }>({
    approval: text,
    approver: text,
    person: text,
    verdict: oneOf("approved", "refused"),
    requestHash: text,
    proof: oneOf("iam", "token"),
    uniqueId: optional(text),
    sourceIdentity: optional(text),
    issuer: optional(text),
    clientId: optional(text),
    atSeconds: whole,
    expiresAtSeconds: whole,
    expiresAt: whole,
  }),
);

/**
 * What a person said.
 * @throws {@link BrokenRow}
 */
export function decisionOf(item: Item): ApprovalDecision {
  const { person, approver: _, expiresAt: __, ...rest } = decisionRow(item);
  return { ...rest, approver: person };
}

const refusedRequestRow = row(
  { table: "decisions", key: ["approval", "approver"] },
  members<Kept & Readonly<Record<"approval" | "approver" | "id", string>> & { readonly atSeconds: number }>({
    approval: text,
    approver: oneOf(refusedKey),
    id: text,
    atSeconds: whole,
    expiresAt: whole,
  }),
);

/**
 * When a request was refused last.
 * @throws {@link BrokenRow}
 */
export const refusedAtOf = (item: Item): number => refusedRequestRow(item).atSeconds;
