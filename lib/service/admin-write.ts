import type { Role } from "aws-cdk-lib/aws-iam";
import { allowDataKey, allowOutbox, allowTable, rows, rowsInTransaction } from "../function/grant.ts";
import { LanyardFunction } from "../function/lanyard-function.ts";
import type { StateStack } from "../state/state-stack.ts";
import type { Ground } from "./ground.ts";

/** The operator's changes of the registry: all of it, one agent's state, an earlier version again. It signs nothing. */
export function adminWrite({ scope, stage, dist, state, issuer }: Ground): LanyardFunction {
  const { tables } = state;
  const made = new LanyardFunction(scope, "AdminWrite", {
    stage,
    dist,
    name: "admin-write",
    namedRole: "admin-write",
    description: "Lets an operator change the registry",
    environment: {
      issuer,
      registryTable: tables.registry.tableName,
      revocationsTable: tables.revocations.tableName,
      outboxTable: tables.outbox.tableName,
    },
    memoryMegabytes: 1_024,
    timeoutSeconds: 60,
  });
  allowRegistryWriting(made.role, state);
  return made;
}

/**
 * Rows of new versions, and the one number that makes a version count. A deployment's row is changed within the
 * transaction that records it; no tombstone can be reached.
 */
export function allowRegistryWriting(role: Role, { tables, keys }: StateStack): void {
  allowTable(role, tables.registry, ["Query", "PutItem", "BatchWriteItem"]);
  allowTable(role, tables.revocations, ["GetItem"], rows("deployment#"));
  allowTable(role, tables.revocations, ["UpdateItem"], rowsInTransaction("deployment#"));
  allowOutbox(role, tables.outbox);
  allowDataKey(role, keys.data);
}
