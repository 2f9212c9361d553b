import { allowDataKey, allowOutbox, allowTable, inTransaction, rows } from "../function/grant.ts";
import { LanyardFunction } from "../function/lanyard-function.ts";
import type { Ground } from "./ground.ts";

/** The operator's revocation: sessions, agents, principals, builds, the deployment. It signs nothing. */
export function adminRevoke({ scope, stage, dist, state: { tables, keys }, issuer }: Ground): LanyardFunction {
  const made = new LanyardFunction(scope, "AdminRevoke", {
    stage,
    dist,
    name: "admin-revoke",
    namedRole: "admin-revoke",
    description: "Lets an operator revoke, and lift a block",
    environment: {
      issuer,
      sessionsTable: tables.sessions.tableName,
      subjectsTable: tables.subjects.tableName,
      tombstonesTable: tables.tombstones.tableName,
      revocationsTable: tables.revocations.tableName,
      registryTable: tables.registry.tableName,
      outboxTable: tables.outbox.tableName,
    },
    memoryMegabytes: 512,
  });
  const { role } = made;
  allowTable(role, tables.sessions, ["GetItem"]);
  allowTable(role, tables.subjects, ["Query"]);
  allowTable(role, tables.tombstones, ["PutItem"], inTransaction);
  // whether there is what an order names
  allowTable(role, tables.tombstones, ["GetItem"]);
  allowTable(role, tables.registry, ["Query"]);
  // the publisher's rows stand in a table of their own: an operator cannot forge a status list
  allowTable(role, tables.revocations, ["UpdateItem", "PutItem"], inTransaction);
  // which login was burnt with a session, to clear it again; what was revoked; which registry counts
  allowTable(role, tables.revocations, ["GetItem"], rows("burnt#", "standing#", "deployment#"));
  allowOutbox(role, tables.outbox);
  allowDataKey(role, keys.data);
  return made;
}
