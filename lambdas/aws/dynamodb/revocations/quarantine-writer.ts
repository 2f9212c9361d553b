import { type DynamoDBDocumentClient, GetCommand } from "@aws-sdk/lib-dynamodb";
import { revocationKeys } from "../../../../core/model/row-keys.ts";
import { subjects } from "../../../../core/model/subjects.ts";
import type { QuarantineWriter } from "../../../../core/session/store.ts";
import { type Tables, transact, words } from "../dynamo.ts";
import { outboxPut } from "../outbox.ts";
import { epochOf } from "./epoch-rows.ts";

/**
 * The writer of quarantines that no operator ordered. Its right is bound to the two attributes that it writes (and the
 * key), in rows of agents: with them an agent's epoch can be raised and its quarantine set; a block, an operator's own
 * quarantine, its lift and the counter of operators' cuts are others.
 */
export function createQuarantineWriter(
  client: DynamoDBDocumentClient,
  tables: Pick<Tables, "revocations" | "outbox">,
): QuarantineWriter {
  const { revocations: TableName } = tables;
  return {
    async quarantine({ agent, atSeconds, record }) {
      const Key = { subject: revocationKeys.epoch(subjects.agent(agent)) };
      const { Item } = await client.send(new GetCommand({ TableName, Key, ConsistentRead: true }));
      const { quarantined = false, automatic = 0 } = Item ? epochOf(Item) : {};
      if (quarantined) return "already";
      const Update = {
        TableName,
        Key,
        UpdateExpression: "SET #autoQuarantines = :next, #autoQuarantinedAtSeconds = :at",
        // of several refusals at one instant one quarantines, so that the others cut nothing that was opened since
        ConditionExpression: automatic === 0 ? "attribute_not_exists(#autoQuarantines)" : "#autoQuarantines = :seen",
        ...words(["autoQuarantines", "autoQuarantinedAtSeconds"], {
          next: automatic + 1,
          at: atSeconds,
          ...(automatic === 0 ? {} : { seen: automatic }),
        }),
      };
      const written = await transact(client, [
        { item: { Update }, conflict: "already" as const },
        { item: { Put: outboxPut(tables, record) } },
      ]);
      return written.ok ? "quarantined" : written.error;
    },
  };
}
