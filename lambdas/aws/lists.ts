import { type DynamoDBDocumentClient, GetCommand } from "@aws-sdk/lib-dynamodb";
import { revocationKeys } from "../../core/revocation-rows.ts";

/** Reads stored status lists as they were signed; discovery can sign nothing (threat 3). */
export function createListReader(client: DynamoDBDocumentClient, revocationsTable: string) {
  return {
    async read(list: string): Promise<string | undefined> {
      const key = { subject: revocationKeys.signedList(list) };
      const found = await client.send(new GetCommand({ TableName: revocationsTable, Key: key, ConsistentRead: true }));
      const token: unknown = found.Item?.token;
      return typeof token === "string" ? token : undefined;
    },
  };
}
