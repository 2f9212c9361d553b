import {
  allowDataKey,
  allowMarkers,
  allowOutbox,
  allowTable,
  inTransaction,
  rows,
  rowsInTransaction,
} from "../function/grant.ts";
import { LanyardFunction } from "../function/lanyard-function.ts";
import { useKeyring } from "../state/keyring.ts";
import { demandNonces } from "./dpop-nonces.ts";
import type { Ground } from "./ground.ts";

/** Sessions, offers and access tokens: the only function that signs with the session key. It may write neither Tombstones nor Revocations. */
export function token({ scope, stage, dist, state, issuer }: Ground): LanyardFunction {
  const { tables, keys } = state;
  const made = new LanyardFunction(scope, "Token", {
    stage,
    dist,
    name: "token",
    namedRole: "token",
    description: "Opens sessions and issues access tokens",
    environment: {
      issuer,
      sessionsTable: tables.sessions.tableName,
      subjectsTable: tables.subjects.tableName,
      markersTable: tables.markers.tableName,
      countersTable: tables.counters.tableName,
      tombstonesTable: tables.tombstones.tableName,
      revocationsTable: tables.revocations.tableName,
      listsTable: tables.lists.tableName,
      registryTable: tables.registry.tableName,
      outboxTable: tables.outbox.tableName,
      bearerAccessTokens: String(stage.bearerAccessTokens),
    },
    memoryMegabytes: 1_769,
  });
  const { role } = made;
  allowTable(role, tables.sessions, ["BatchGetItem", "GetItem", "UpdateItem"]);
  allowTable(role, tables.sessions, ["PutItem"], inTransaction);
  allowTable(role, tables.subjects, ["PutItem"], inTransaction);
  allowTable(role, tables.tombstones, ["BatchGetItem", "ConditionCheckItem"]);
  allowTable(role, tables.revocations, ["BatchGetItem"]);
  allowMarkers(role, tables.markers);
  // an agent's token bucket and what a tree grows by are counted in no transaction; a counter of uses is put in the one that issues what it bounds
  allowTable(role, tables.counters, ["UpdateItem"], rows("rate#", "tree#"));
  allowTable(role, tables.counters, ["PutItem"], rowsInTransaction("uses#"));
  // whether the list it is about to name is signed; it can sign none (threat 3)
  allowTable(role, tables.lists, ["GetItem"], rows("list#"));
  allowTable(role, tables.registry, ["Query"]);
  allowOutbox(role, tables.outbox);
  useKeyring(made, stage, state, "identity", "session");
  demandNonces(made, "token", stage, keys);
  allowDataKey(role, keys.data);
  return made;
}
