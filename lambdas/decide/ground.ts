import { no } from "../../core/authzen/answer.ts";
import { formOf } from "../../core/authzen/request.ts";
import type { DecideDeps } from "../../core/endpoints/decide.ts";
import { createCedarEngine } from "../../core/policy/cedar.ts";
import { createToolChanges } from "../aws/dynamodb/approvals/tool-changes.ts";
import { createBudgetStore } from "../aws/dynamodb/budgets/budget-store.ts";
import { createRegistrySource } from "../aws/dynamodb/registry/registry-source.ts";
import { createSessionStore } from "../aws/dynamodb/sessions/session-store.ts";
import { cedar } from "../cedar-module.ts";
import { env } from "../env.ts";
import { clock, ground, setting, tables } from "../ground.ts";
import type { Refuse } from "../http/edge.ts";

/** What both functions that decide need. */
export function decideGround() {
  const { dynamo, denying, refuse } = ground();
  const deps: DecideDeps = {
    ...denying,
    registries: createRegistrySource(dynamo, tables, setting("trustDomain")),
    store: createSessionStore(dynamo, tables, clock),
    budgets: createBudgetStore(dynamo, tables),
    policy: createCedarEngine(cedar),
    ...(process.env[env.changesTable] && { changes: createToolChanges(dynamo, tables, clock) }),
  };
  /** A body that is too large to be read is a question like another, and is answered no. */
  const answerNo: Refuse = async (denial, event) => {
    const reply = await refuse(denial, event);
    return denial.code === "body_too_large" ? no(formOf(event.requestContext.http.path)) : reply;
  };
  return { deps, dynamo, refuse: answerNo };
}
