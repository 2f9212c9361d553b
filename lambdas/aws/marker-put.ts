import type { CommitConflict, Marker } from "../../core/session/store.ts";
import { type Tables, words } from "./dynamo.ts";
import type { Action } from "./transaction.ts";

/** Burns one-use markers: the second of two equal ones fails its whole transaction. */
export const markerPuts = (tables: Tables, markers: readonly Marker[]): readonly Action<CommitConflict>[] =>
  markers.map((marker) => ({
    conflict: { kind: "marker", marker: marker.kind },
    item: {
      Put: {
        TableName: tables.markers,
        Item: { key: marker.key, use: marker.kind, expiresAt: marker.expiresAtSeconds },
        // an expired marker that TTL has not deleted yet still refuses: late, never early
        ConditionExpression: "attribute_not_exists(#key)",
        ...words(["key"]),
      },
    },
  }));
