import { allowDataKey, allowMarkers, allowOutbox, allowTable, inTransaction, rows } from "../function/grant.ts";
import { LanyardFunction } from "../function/lanyard-function.ts";
import { useKeyring } from "../state/keyring.ts";
import { demandNonces } from "./dpop-nonces.ts";
import type { Ground } from "./ground.ts";

/** An agent ends what is its own: tombstones of sessions and offers, never a counter or a block (threat 12). It changes no session. */
export function revoke({ scope, stage, dist, state, issuer }: Ground): LanyardFunction {
  const { tables, keys } = state;
  const made = new LanyardFunction(scope, "Revoke", {
    stage,
    dist,
    name: "revoke",
    namedRole: "revoke",
    description: "Lets an agent end its own sessions and offers",
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
  allowTable(role, tables.sessions, ["BatchGetItem", "GetItem", "ConditionCheckItem"]);
  allowTable(role, tables.tombstones, ["BatchGetItem"]);
  allowTable(role, tables.tombstones, ["PutItem"], inTransaction);
  allowTable(role, tables.revocations, ["BatchGetItem"]);
  allowMarkers(role, tables.markers);
  allowTable(role, tables.counters, ["UpdateItem"], rows("rate#"));
  allowTable(role, tables.registry, ["Query"]);
  allowOutbox(role, tables.outbox);
  useKeyring(made, stage, state, "identity", "session");
  demandNonces(made, "revoke", stage, keys);
  allowDataKey(role, keys.data);
  return made;
}
