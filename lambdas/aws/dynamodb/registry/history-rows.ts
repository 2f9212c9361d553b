import type { FormerType } from "../../../../core/registry/former-types.ts";
import type { AppliedVersion } from "../../../../core/registry/store.ts";
import { anyText, type Item, list, members, optional, row, text, whole } from "../codec.ts";

/** Partition of the history; its sort key is the version. */
export const history = "history";

/** A version as text, padded so that versions sort in order. */
export const versionText = (version: number): string => String(version).padStart(8, "0");

type HistoryRow = AppliedVersion & { readonly kind: string; readonly name: string };

/** The row of a version's entry in the history. */
export const historyItem = (entry: AppliedVersion) =>
  ({ kind: history, name: versionText(entry.version), ...entry }) satisfies HistoryRow;

const historyRow = row(
  { table: "registry", key: ["kind", "name"] },
  members<HistoryRow>({
    kind: text,
    name: text,
    version: whole,
    base: whole,
    atMillis: whole,
    by: text,
    reason: optional(anyText),
    digest: text,
    source: optional(text),
    formerTypes: optional(list(members<FormerType>({ name: text, meaning: text, untilMillis: whole }))),
    added: whole,
    changed: whole,
    removed: whole,
  }),
);

/**
 * The history entry in a row.
 * @throws {@link BrokenRow}
 */
export function historyOf(item: Item): AppliedVersion {
  const { kind: _, name: __, ...entry } = historyRow(item);
  return entry;
}
