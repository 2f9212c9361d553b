import { counterKeys } from "../../../../core/model/row-keys.ts";
import type { CommitConflict, UseCounter } from "../../../../core/session/store.ts";
import { members, oneOf, row, text, whole } from "../codec.ts";
import { type Tables, words } from "../dynamo.ts";
import type { Action } from "../transaction.ts";

interface UsesRow {
  readonly key: string;
  readonly use: "uses";
  readonly left: number;
  readonly expiresAt: number;
}

/** Begins counters; never over one that counts already, which would be a refill. */
export const counterPuts = (tables: Tables, counters: readonly UseCounter[]): readonly Action<CommitConflict>[] =>
  counters.map(({ name, left, expiresAtSeconds }) => ({
    item: {
      Put: {
        TableName: tables.counters,
        Item: { key: counterKeys.uses(name), use: "uses", left, expiresAt: expiresAtSeconds } satisfies UsesRow,
        ConditionExpression: "attribute_not_exists(#key)",
        ...words(["key"]),
      },
    },
  }));

/** What is left of a counter. A counter that cannot be read must look neither full nor empty. */
export const usesOf = row(
  { table: "counters", key: ["key"] },
  members<UsesRow>({ key: text, use: oneOf("uses"), left: whole, expiresAt: whole }),
);

/** Takes one unit of each; a counter that is empty, or gone, refuses all of it. */
export const counterTakes = (tables: Tables, names: readonly string[]): readonly Action<CommitConflict>[] =>
  names.map((name) => ({
    conflict: { kind: "uses_spent" },
    item: {
      Update: {
        TableName: tables.counters,
        Key: { key: counterKeys.uses(name) },
        UpdateExpression: "SET #left = #left - :one",
        ConditionExpression: "#left >= :one",
        ...words(["left"], { one: 1 }),
      },
    },
  }));
