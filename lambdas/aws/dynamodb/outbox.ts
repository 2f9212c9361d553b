import { ConditionalCheckFailedException } from "@aws-sdk/client-dynamodb";
import { type DynamoDBDocumentClient, PutCommand } from "@aws-sdk/lib-dynamodb";
import { type AuditRecord, alonePrefixes, type Outbox } from "../../../core/audit/record.ts";
import { type Tables, words } from "./dynamo.ts";
import { packBody } from "./record-body.ts";

/** How long records are kept while the relay is broken, so that operators have time to repair it (threat 23). */
const keptSeconds = 14 * 86_400;

/** Creates the outbox for records that no transaction carries: denials, aggregated refusals, reveals. */
export function createOutbox(client: DynamoDBDocumentClient, tables: Tables): Outbox {
  return {
    async put(record) {
      // roles that write records alone may write only ids that begin like this, so that they cannot forge the record of
      // a grant (threat 23)
      if (!Object.values(alonePrefixes).some((prefix) => record.eventId.startsWith(prefix)))
        throw new Error("a record written alone has an id that says so; commit it with its grant");
      await client.send(new PutCommand(outboxPut(tables, record)));
    },
  };
}

/**
 * Puts a single record whose id is made from its contents: a record that exists already under this id has the same
 * contents.
 * @throws when it could not be put
 */
export async function putOnce(client: DynamoDBDocumentClient, tables: Tables, record: AuditRecord): Promise<void> {
  try {
    await createOutbox(client, tables).put(record);
  } catch (failure) {
    if (!(failure instanceof ConditionalCheckFailedException)) throw failure;
  }
}

/** The Put of a record, alone or in a transaction. It never overwrites another record (threat 23). */
export function outboxPut(tables: Pick<Tables, "outbox">, record: AuditRecord) {
  const trace = process.env._X_AMZN_TRACE_ID;
  return {
    TableName: tables.outbox,
    Item: {
      ...record,
      body: packBody(record.body),
      // a trace is not continued across a DynamoDB stream automatically
      ...(trace ? { traceHeader: trace } : {}),
      expiresAt: Math.floor(record.timeMillis / 1000) + keptSeconds,
    },
    ConditionExpression: "attribute_not_exists(#eventId)",
    ...words(["eventId"]),
  };
}
