import type { CommitConflict, Renewal } from "../../../../core/session/store.ts";
import { type Action, type Tables, words } from "../dynamo.ts";
import { subjectPuts } from "../subjects/subject-rows.ts";
import { keptSeconds } from "./session-rows.ts";

/**
 * Moves a session's end, and with it the rows that find the session. Of two renewals that read the same end only one
 * succeeds. A session that was ended or expired meanwhile stays over.
 */
export function renewalUpdate(renewal: Renewal, tables: Tables, nowSeconds: number): readonly Action<CommitConflict>[] {
  const { root, sid, wasSeconds, expiresAtSeconds, status, formerStatus } = renewal;
  const values = { was: wasSeconds, now: nowSeconds, end: expiresAtSeconds, goes: expiresAtSeconds + keptSeconds };
  return [
    {
      conflict: { kind: "renewed_meanwhile" },
      item: {
        Update: {
          TableName: tables.sessions,
          Key: { root, sid },
          UpdateExpression:
            "SET #expiresAtSeconds = :end, #expiresAt = :goes, #status = :status, #formerStatus = :former",
          ConditionExpression: "#expiresAtSeconds = :was AND #expiresAtSeconds > :now AND attribute_not_exists(#ended)",
          ...words(["expiresAtSeconds", "expiresAt", "status", "formerStatus", "ended"], {
            ...values,
            status,
            former: formerStatus ?? [],
          }),
        },
      },
    },
    ...subjectPuts(renewal, tables).map((item) => ({ item })),
  ];
}
