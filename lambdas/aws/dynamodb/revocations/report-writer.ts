import type { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { revocationKeys } from "../../../../core/model/row-keys.ts";
import { subjects } from "../../../../core/model/subjects.ts";
import type { Report, ReportWriter } from "../../../../core/session/store.ts";
import { type Tables, transact, words } from "../dynamo.ts";
import { outboxPut } from "../outbox.ts";
import { replayPuts } from "../replay-put.ts";

/**
 * The writer of what identity providers say. Its right is bound to the attributes that it writes (and the key), in rows
 * of people: with them a person's epoch can be raised and the person blocked; an operator's block, lift and counter of
 * cuts are others.
 */
export function createReportWriter(
  client: DynamoDBDocumentClient,
  tables: Pick<Tables, "revocations" | "markers" | "outbox">,
): ReportWriter {
  return {
    async write({ report, replayEntries, record }) {
      const written = await transact(client, [
        ...replayPuts(tables, replayEntries),
        ...(report ? [{ item: { Update: reportUpdate(report, tables) } }] : []),
        { item: { Put: outboxPut(tables, record) } },
      ]);
      return written.ok ? "written" : "repeated";
    },
  };
}

/**
 * One update without a condition and without a read, so that nothing which happens at the same instant keeps a person
 * from being blocked (threat 6): every operand is what stood there before it.
 */
function reportUpdate({ principal, gone, atSeconds }: Report, { revocations }: Pick<Tables, "revocations">) {
  const next = "if_not_exists(#reported, :none) + :one";
  return {
    TableName: revocations,
    Key: { subject: revocationKeys.epoch(subjects.principal(principal)) },
    UpdateExpression: `SET #reported = ${next}, #reportedAtSeconds = :at${gone ? `, #reportedGone = ${next}` : ""}`,
    ...words(["reported", "reportedAtSeconds", ...(gone ? ["reportedGone"] : [])], {
      none: 0,
      one: 1,
      at: atSeconds,
    }),
  };
}
