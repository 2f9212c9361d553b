import type { ReplayEntry } from "../../../core/model/replay/entry.ts";
import type { CommitConflict } from "../../../core/session/store.ts";
import { type Action, type Tables, words } from "./dynamo.ts";

/**
 * Writes replay entries: the second of two equal ones fails its whole transaction. The exceptions are entries with an
 * owner: the same owner may write it again, and a new owner may take it over from one that has been silent (threat 16).
 */
export const replayPuts = (
  tables: Pick<Tables, "markers">,
  entries: readonly ReplayEntry[],
): readonly Action<CommitConflict>[] =>
  entries.map((entry) => ({
    conflict: { kind: "replay", entry: entry.kind },
    item: { Put: { TableName: tables.markers, ...put(entry) } },
  }));

/** An expired replay entry that is not deleted yet still refuses: entries may be forgotten late, but never early. */
function put({ key, kind, owner, seenAtSeconds, silentSinceSeconds, fresh, expiresAtSeconds }: ReplayEntry) {
  const item = { key, use: kind, expiresAt: expiresAtSeconds };
  if (owner === undefined) return { Item: item, ConditionExpression: "attribute_not_exists(#key)", ...words(["key"]) };
  const owned = { ...item, jkt: owner, ...(seenAtSeconds === undefined ? {} : { seenAt: seenAtSeconds }) };
  // (a row without the attribute fails the comparison: an owner whose time was never recorded does not count as silent)
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
