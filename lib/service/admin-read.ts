import { allowDataKey, allowRefusals, allowTable, rows } from "../function/grant.ts";
import { LanyardFunction } from "../function/lanyard-function.ts";
import type { Ground } from "./ground.ts";

/**
 * What operators look at: registry, agents, sessions, what a revocation would end. It can write nothing but the records
 * of refusals, whose names no grant's record can have, and it reads no counter but those of uses.
 */
export function adminRead({ scope, stage, dist, state: { tables, keys } }: Ground): LanyardFunction {
  const made = new LanyardFunction(scope, "AdminRead", {
    stage,
    dist,
    name: "admin-read",
    namedRole: "admin-read",
    description: "Lets an operator look at agents, sessions and the registry",
    environment: {
      sessionsTable: tables.sessions.tableName,
      subjectsTable: tables.subjects.tableName,
      countersTable: tables.counters.tableName,
      tombstonesTable: tables.tombstones.tableName,
      revocationsTable: tables.revocations.tableName,
      registryTable: tables.registry.tableName,
      outboxTable: tables.outbox.tableName,
    },
    memoryMegabytes: 1_024,
    timeoutSeconds: 30,
  });
  const { role } = made;
  allowTable(role, tables.sessions, ["BatchGetItem", "Query"]);
  allowTable(role, tables.subjects, ["Query"]);
  allowTable(role, tables.tombstones, ["BatchGetItem"]);
  allowTable(role, tables.revocations, ["BatchGetItem", "GetItem"]);
  allowTable(role, tables.counters, ["BatchGetItem"], rows("uses#"));
  allowTable(role, tables.registry, ["Query"]);
  allowRefusals(role, tables.outbox);
  allowDataKey(role, keys.data);
  return made;
}
