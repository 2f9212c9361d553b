import type { CommitConflict, TakeOver } from "../../../../core/session/store.ts";
import { type Action, type Tables, words } from "../dynamo.ts";
import { offerKey } from "./offer-rows.ts";

/** Of any number of keys that take a session over from one key, one succeeds; an ended session goes to none. */
export function takeOverUpdates(
  { root, sid, handleHash, wasJkt, jkt }: TakeOver,
  tables: Tables,
): readonly Action<CommitConflict>[] {
  const conflict = { kind: "taken_over_meanwhile" } as const;
  const values = { was: wasJkt, jkt };
  return [
    {
      conflict,
      item: {
        Update: {
          TableName: tables.sessions,
          Key: { root, sid },
          UpdateExpression: "SET #jkt = :jkt",
          ConditionExpression: "#jkt = :was AND attribute_not_exists(#ended)",
          ...words(["jkt", "ended"], values),
        },
      },
    },
    {
      conflict,
      item: {
        Update: {
          TableName: tables.sessions,
          Key: { root, sid: offerKey(handleHash) },
          UpdateExpression: "SET #redeemed.#jkt = :jkt",
          ConditionExpression: "#redeemed.#jkt = :was",
          ...words(["redeemed", "jkt"], values),
        },
      },
    },
  ];
}
