import { allow, allowDataKey, allowOutbox, allowPublicKeys, allowSign, allowTable, inTransaction } from "../allow.ts";
import { LanyardFunction } from "../lanyard-function.ts";
import type { Ground } from "./ground.ts";

/** Evidence in, identity token out: the only function that signs with the identity key. */
export function attest({ scope, stage, dist, state: { tables, keys }, issuer }: Ground): LanyardFunction {
  const made = new LanyardFunction(scope, "Attest", {
    stage,
    dist,
    name: "attest",
    namedRole: "attest",
    description: "Proves what an agent is and gives it an identity token",
    environment: {
      issuer,
      revocationsTable: tables.revocations.tableName,
      registryTable: tables.registry.tableName,
      markersTable: tables.markers.tableName,
      outboxTable: tables.outbox.tableName,
      identityKey: keys.identity.keyArn,
      nonceKey: keys.nonce.keyArn,
    },
  });
  const { role } = made;
  allowTable(role, tables.revocations, ["BatchGetItem"]);
  allowTable(role, tables.registry, ["Query"]);
  allowTable(role, tables.markers, ["PutItem"], inTransaction);
  allowOutbox(role, tables.outbox);
  allowSign(role, keys.identity);
  allowPublicKeys(role, keys.identity);
  allow(role, ["kms:GenerateMac"], [keys.nonce.keyArn], {
    StringEquals: { "kms:MacAlgorithm": "HMAC_SHA_256" },
  });
  allowDataKey(role, keys.data);
  return made;
}
