import { listKeys } from "../../../../core/model/row-keys.ts";
import type { SignedList } from "../../../../core/status/publish-store.ts";
import { type Item, list, members, row, text, whole } from "../codec.ts";

interface SignedRow {
  readonly list: string;
  readonly token: string;
  readonly revoked: number;
  readonly untilSeconds: number;
  readonly expiresAt: number;
}

interface OpenRow {
  readonly list: string;
  readonly lists: readonly string[];
}

const signedRow = row(
  { table: "lists", key: ["list"] },
  members<SignedRow>({ list: text, token: text, revoked: whole, untilSeconds: whole, expiresAt: whole }),
);
const openRow = row({ table: "lists", key: ["list"] }, members<OpenRow>({ list: text, lists: list(text) }));

/**
 * The row of a signed list.
 * @param expiresAt when the row may be deleted, in epoch seconds
 */
export const signedItem = (name: string, { token, revokedCount, untilSeconds }: SignedList, expiresAt: number) =>
  ({ list: listKeys.signedList(name), token, revoked: revokedCount, untilSeconds, expiresAt }) satisfies SignedRow;

/**
 * The signed list in a row.
 * @throws {@link BrokenRow}
 */
export function signedOf(item: Item): SignedList {
  const { token, revoked, untilSeconds } = signedRow(item);
  return { token, revokedCount: revoked, untilSeconds };
}

/** The row with the names of all open lists. */
export const openItem = (lists: readonly string[]) => ({ list: listKeys.openLists, lists }) satisfies OpenRow;

/**
 * The names in that row.
 * @throws {@link BrokenRow}
 */
export const openOf = (item: Item): readonly string[] => openRow(item).lists;
