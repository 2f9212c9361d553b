import { type DynamoDBDocumentClient, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { type Clock, nowSeconds, type RateLimiter } from "../../../../core/model/ports.ts";
import { counterKeys } from "../../../../core/model/row-keys.ts";
import { members, row, whole } from "../codec.ts";
import { type Tables, words } from "../dynamo.ts";

/** What the update answers with: the attributes it wrote. */
const takenOf = row({ table: "counters", key: [] }, members({ taken: whole, expiresAt: whole }));

/**
 * Creates the limit of signatures an agent may cause: one counter a second, shared by all instances, so that one agent
 * in a loop cannot eat the account's 1,000 KMS signatures a second (threat 13). One write, paid before KMS.
 */
export function createRateLimiter(client: DynamoDBDocumentClient, tables: Tables, clock: Clock): RateLimiter {
  return {
    async take(agentId, perSecond, what) {
      const second = nowSeconds(clock);
      const answer = await client.send(
        new UpdateCommand({
          TableName: tables.counters,
          Key: { key: counterKeys.rate(agentId, second, what) },
          UpdateExpression: "ADD #taken :one SET #expiresAt = :expiresAt",
          ...words(["taken", "expiresAt"], { one: 1, expiresAt: second + 60 }),
          ReturnValues: "UPDATED_NEW",
        }),
      );
      return takenOf(answer.Attributes ?? {}).taken <= perSecond;
    },
  };
}
