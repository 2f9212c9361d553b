import { limits } from "../../../../core/model/limits.ts";
import type { ApprovalUse, CommitConflict } from "../../../../core/session/store.ts";
import { type Action, type Tables, words } from "../dynamo.ts";
import { refusedKey, requestPartition } from "./decision-rows.ts";
import { approvalKeys, namingItem } from "./pending-rows.ts";

/**
 * Uses an approval in the transaction of what it was for. Of any number at one moment one succeeds (threat 55), and
 * none at all where it was refused since the rows were read, by this approval or by another of the same request.
 */
export const approvalUse = (use: ApprovalUse, tables: Tables, now: number): readonly Action<CommitConflict>[] => [
  {
    conflict: { kind: "approval_used" as const, id: use.id },
    item: {
      Put: {
        TableName: tables.approvals,
        Item: { ...namingItem(approvalKeys.used(use.id), use) },
        ConditionExpression: "attribute_not_exists(#key)",
        ...words(["key"]),
      },
    },
  },
  ...use.approvers.map((approver) => ({
    conflict: { kind: "approval_withdrawn" as const, id: use.id },
    item: {
      ConditionCheck: {
        TableName: tables.decisions,
        Key: { approval: use.id, approver },
        ConditionExpression: "#verdict = :approved AND #requestHash = :hash",
        ...words(["verdict", "requestHash"], { approved: "approved", hash: use.requestHash }),
      },
    },
  })),
  {
    conflict: { kind: "approval_withdrawn" as const, id: use.id },
    item: {
      ConditionCheck: {
        TableName: tables.decisions,
        Key: { approval: use.id, approver: refusedKey },
        ConditionExpression: "attribute_not_exists(#approval)",
        ...words(["approval"]),
      },
    },
  },
  {
    conflict: { kind: "approval_withdrawn" as const, id: use.id },
    item: {
      ConditionCheck: {
        TableName: tables.decisions,
        Key: { approval: requestPartition(use.requestHash), approver: refusedKey },
        ConditionExpression: "attribute_not_exists(#atSeconds) OR #atSeconds <= :past",
        ...words(["atSeconds"], { past: now - limits.approvalRefusedSeconds }),
      },
    },
  },
];
