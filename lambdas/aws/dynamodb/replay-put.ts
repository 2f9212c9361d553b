import type { ReplayEntry } from "../../../core/model/replay-entry.ts";
import type { CommitConflict } from "../../../core/session/store.ts";
import { type Action, type Tables, words } from "./dynamo.ts";

/**
 * Consumes replay entries: the second of two equal ones fails its whole transaction, except where the replay entry has an owner
 * and the same owner writes it again, or another takes it over from one that has been silent.
 */
export const replayPuts = (tables: Tables, entries: readonly ReplayEntry[]): readonly Action<CommitConflict>[] =>
  entries.map((entry) => ({
    conflict: { kind: "replay", entry: entry.kind },
    item: { Put: { TableName: tables.markers, ...put(entry) } },
  }));

/** An expired replay entry that TTL has not deleted yet still refuses: late, never early. */
function put({ key, kind, owner, seenAtSeconds, silentSinceSeconds, fresh, expiresAtSeconds }: ReplayEntry) {
  const item = { key, use: kind, expiresAt: expiresAtSeconds };
  if (owner === undefined) return { Item: item, ConditionExpression: "attribute_not_exists(#key)", ...words(["key"]) };
  const owned = { ...item, jkt: owner, ...(seenAtSeconds === undefined ? {} : { seenAt: seenAtSeconds }) };
  // (a row without the attribute fails the comparison: whoever was never seen is not silent)
  if (silentSinceSeconds !== undefined)
    return {
      Item: owned,
      ConditionExpression: "#jkt <> :owner AND #seenAt < :silentSince",
      ...words(["jkt", "seenAt"], { owner, silentSince: silentSinceSeconds }),
    };
  if (fresh) return { Item: owned, ConditionExpression: "attribute_not_exists(#key)", ...words(["key"]) };
  return {
    Item: owned,
    ConditionExpression: "attribute_not_exists(#key) OR #jkt = :owner",
    ...words(["key", "jkt"], { owner }),
  };
}
