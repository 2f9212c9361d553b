import type { ReplayEntry } from "../../../core/model/replay/entry.ts";
import type { CommitConflict } from "../../../core/session/store.ts";

/** Replay entries of the store, by key. */
type Entries = Map<string, ReplayEntry>;

/** Why a write with these entries fails; undefined when none of them is taken. */
export function replayConflict(there: Entries, entries: readonly ReplayEntry[]): CommitConflict | undefined {
  const used = entries.find((entry) => isTaken(there.get(entry.key), entry));
  return used && { kind: "replay", entry: used.kind };
}

/** An entry with an owner may be written again by that owner alone, or taken over from one that was silent. */
function isTaken(there: ReplayEntry | undefined, { owner, silentSinceSeconds, fresh }: ReplayEntry): boolean {
  if (silentSinceSeconds !== undefined)
    return !(there && there.owner !== owner && (there.seenAtSeconds ?? silentSinceSeconds) < silentSinceSeconds);
  return there !== undefined && (owner === undefined || fresh === true || there.owner !== owner);
}

/** Writes entries that no conflict kept away. */
export function consume(there: Entries, entries: readonly ReplayEntry[]): void {
  for (const entry of entries) there.set(entry.key, entry);
}
