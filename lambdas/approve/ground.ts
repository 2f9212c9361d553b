import type { ApproveDeps } from "../../core/endpoints/approve.ts";
import { createApprovalReads } from "../aws/dynamodb/approvals/approval-reads.ts";
import { createDecisions } from "../aws/dynamodb/approvals/decisions.ts";
import { createRegistrySource } from "../aws/dynamodb/registry/registry-source.ts";
import { createSessionStore } from "../aws/dynamodb/sessions/session-store.ts";
import { clock, ground, setting, tables } from "../ground.ts";

/** What both functions that people decide by need. */
export function approveGround() {
  const { dynamo, denying, refuse } = ground();
  const deps: ApproveDeps = {
    ...denying,
    registries: createRegistrySource(dynamo, tables, setting("trustDomain")),
    store: createSessionStore(dynamo, tables, clock),
    approvals: createApprovalReads(dynamo, tables),
    decisions: createDecisions(dynamo, tables),
  };
  return { deps, refuse };
}
