import { allowDataKey, allowMarkers, allowOutbox, allowTable, rowsInTransaction } from "../function/grant.ts";
import { LanyardFunction } from "../function/lanyard-function.ts";
import { useKeyring } from "../state/keyring.ts";
import { demandNonces } from "./dpop-nonces.ts";
import type { Ground } from "./ground.ts";

/** Tells a resource server whether a token is alive. It writes nothing but records and counted uses. */
export function introspect({ scope, stage, dist, state, issuer }: Ground): LanyardFunction {
  const { tables, keys } = state;
  const made = new LanyardFunction(scope, "Introspect", {
    stage,
    dist,
    name: "introspect",
    namedRole: "introspect",
    description: "Tells resource servers whether a token is alive",
    environment: {
      issuer,
      sessionsTable: tables.sessions.tableName,
      markersTable: tables.markers.tableName,
      countersTable: tables.counters.tableName,
      tombstonesTable: tables.tombstones.tableName,
      revocationsTable: tables.revocations.tableName,
      registryTable: tables.registry.tableName,
      outboxTable: tables.outbox.tableName,
    },
  });
  const { role } = made;
  allowTable(role, tables.sessions, ["BatchGetItem", "GetItem"]);
  allowTable(role, tables.tombstones, ["BatchGetItem"]);
  allowTable(role, tables.revocations, ["BatchGetItem"]);
  // one use, the proof it was asked with and its record, together or not at all
  allowTable(role, tables.counters, ["UpdateItem"], rowsInTransaction("uses#"));
  allowMarkers(role, tables.markers);
  allowTable(role, tables.registry, ["Query"]);
  allowOutbox(role, tables.outbox);
  useKeyring(made, stage, state, "identity", "session");
  demandNonces(made, "introspect", stage, keys);
  allowDataKey(role, keys.data);
  return made;
}
