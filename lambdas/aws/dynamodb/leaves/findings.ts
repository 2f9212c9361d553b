import { type DynamoDBDocumentClient, GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { type Finding, type Findings, subjectsMax } from "../../../../core/sealing/findings.ts";
import { leafKeys } from "./leaf-rows.ts";

/** How long it is remembered that people were told: longer than what a finding is about is there. */
const keptSeconds = 90 * 86_400;

/**
 * Findings that are told once: what people were told of stands in table Leaves. It is written after they were told, so
 * that a finding may be told twice and is never lost.
 * @param send tells people of a finding
 */
export function createFindings(
  client: DynamoDBDocumentClient,
  table: string,
  { send, nowMillis }: { readonly send: (finding: Finding) => Promise<void>; readonly nowMillis: () => number },
): Findings {
  return {
    async tell({ kind, subjects }) {
      const fresh: string[] = [];
      for (const subject of subjects.slice(0, subjectsMax)) {
        const Key = { event: leafKeys.told(kind, subject) };
        const { Item } = await client.send(new GetCommand({ TableName: table, Key, ConsistentRead: true }));
        if (!Item) fresh.push(subject);
      }
      if (fresh.length === 0) return;
      await send({ kind, subjects: fresh });
      const atMillis = nowMillis();
      for (const subject of fresh) {
        const Item = {
          event: leafKeys.told(kind, subject),
          subject,
          at: atMillis,
          expiresAt: Math.floor(atMillis / 1000) + keptSeconds,
        };
        await client.send(new PutCommand({ TableName: table, Item }));
      }
    },
  };
}
