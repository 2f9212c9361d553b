import { allowDataKey, allowMac, allowMarkers, allowOutbox, allowTable, rows } from "../function/grant.ts";
import { LanyardFunction } from "../function/lanyard-function.ts";
import { useKeyring } from "../state/keyring.ts";
import { allowLookups } from "./code-lookup.ts";
import { demandNonces } from "./dpop-nonces.ts";
import type { Ground } from "./ground.ts";

/** Evidence in, identity token out: this and `attest-iam` alone sign with the identity key. */
export function attest(ground: Ground): LanyardFunction {
  const { codeLookup, instanceIdentityAlone } = ground.stage;
  const lookups = Object.entries(codeLookup).flatMap(([what, named]) => (named === undefined ? [] : [what]));
  const made = attesting(ground, "Attest", "attest", "Proves what an agent is and gives it an identity token", {
    ...(lookups.length === 0 ? {} : { codeLookups: lookups.join(",") }),
    ...(instanceIdentityAlone ? { instanceIdentityAlone: "true" } : {}),
  });
  allowLookups(made, ground.stage);
  return made;
}

/**
 * A function that attests, with every right it needs for that and none to look anything up.
 * @param environment more of it
 */
export function attesting(
  { scope, stage, dist, state, issuer }: Ground,
  id: string,
  name: "attest" | "attest-iam",
  description: string,
  environment: { readonly codeLookups?: string; readonly instanceIdentityAlone?: "true" } = {},
): LanyardFunction {
  const { tables, keys } = state;
  const made = new LanyardFunction(scope, id, {
    stage,
    dist,
    name,
    namedRole: name,
    description,
    environment: {
      ...environment,
      issuer,
      revocationsTable: tables.revocations.tableName,
      registryTable: tables.registry.tableName,
      markersTable: tables.markers.tableName,
      countersTable: tables.counters.tableName,
      outboxTable: tables.outbox.tableName,
      nonceKey: keys.nonce.keyArn,
    },
  });
  const { role } = made;
  allowTable(role, tables.revocations, ["BatchGetItem"]);
  allowTable(role, tables.registry, ["Query"]);
  allowMarkers(role, tables.markers);
  // the agent's bucket of signatures, the one that token takes from
  allowTable(role, tables.counters, ["UpdateItem"], rows("rate#"));
  allowOutbox(role, tables.outbox);
  useKeyring(made, stage, state, "identity");
  allowMac(role, keys.nonce);
  demandNonces(made, "attest", stage, keys);
  allowDataKey(role, keys.data);
  return made;
}
