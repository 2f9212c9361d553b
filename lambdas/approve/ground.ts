import type { ApproveDeps } from "../../core/endpoints/approve.ts";
import { createApprovalReads } from "../aws/dynamodb/approvals/approval-reads.ts";
import { createDecisions } from "../aws/dynamodb/approvals/decisions.ts";
import { createShownToolChanges } from "../aws/dynamodb/approvals/tool-changes.ts";
import { createRegistrySource } from "../aws/dynamodb/registry/registry-source.ts";
import { createQuarantineWriter } from "../aws/dynamodb/revocations/quarantine-writer.ts";
import { createSessionStore } from "../aws/dynamodb/sessions/session-store.ts";
import { clock, ground, setting, tables } from "../ground.ts";
import { loggable } from "../http/failure.ts";
import { logLater } from "../log.ts";

/** What both functions that people decide by need. */
export function approveGround() {
  const { dynamo, denying, refuse } = ground();
  const deps: ApproveDeps = {
    ...denying,
    registries: createRegistrySource(dynamo, tables, setting("trustDomain")),
    store: createSessionStore(dynamo, tables, clock),
    approvals: createApprovalReads(dynamo, tables),
    changes: createShownToolChanges(dynamo, tables),
    decisions: createDecisions(dynamo, tables),
    quarantines: createQuarantineWriter(dynamo, tables),
    failed: (failure) => logLater("error", "refusals in a row were not counted", { failure: loggable(failure) }),
  };
  return { deps, refuse };
}
