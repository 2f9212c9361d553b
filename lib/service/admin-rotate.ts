import { allowDataKey, allowOutbox, allowTable, inTransaction } from "../function/grant.ts";
import { LanyardFunction } from "../function/lanyard-function.ts";
import type { Ground } from "./ground.ts";

/**
 * Takes an operator's order to rotate, and tells how the keys stand. It writes orders, never a ring: what is done about
 * an order is the rotator's affair, which no URL reaches.
 */
export function adminRotate({ scope, stage, dist, state: { tables, keys } }: Ground): LanyardFunction {
  const made = new LanyardFunction(scope, "AdminRotate", {
    stage,
    dist,
    name: "admin-rotate",
    namedRole: "admin-rotate",
    description: "Lets an operator rotate signing keys",
    environment: {
      keyringTable: tables.keyring.tableName,
      ordersTable: tables.orders.tableName,
      outboxTable: tables.outbox.tableName,
    },
    memoryMegabytes: 512,
  });
  const { role } = made;
  allowTable(role, tables.keyring, ["BatchGetItem"]);
  allowTable(role, tables.orders, ["BatchGetItem"]);
  allowTable(role, tables.orders, ["PutItem"], inTransaction);
  allowOutbox(role, tables.outbox);
  allowDataKey(role, keys.data);
  return made;
}
