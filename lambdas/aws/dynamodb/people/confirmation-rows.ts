import { limits } from "../../../../core/model/limits.ts";
import type { Confirmation } from "../../../../core/session/store.ts";
import { type Item, members, row, text, whole } from "../codec.ts";
import type { Action, Tables } from "../dynamo.ts";

const daySeconds = 86_400;
/** Longer than any registration lets a confirmation count: a row that is gone refuses, as a late one does. */
const keptSeconds = (limits.ownerConfirmedDaysMax + 1) * daySeconds;

type Columns = Confirmation & { readonly expiresAt: number };

/** An owner's row, for as long as it can count. */
export const confirmationItem = ({ principal, atSeconds }: Confirmation): Item => ({
  principal,
  atSeconds,
  expiresAt: atSeconds + keptSeconds,
});

const confirmationRow = row(
  { table: "confirmations", key: ["principal"] },
  members<Columns>({ principal: text, atSeconds: whole, expiresAt: whole }),
);

/**
 * The confirmation in an owner's row.
 * @throws {@link BrokenRow}
 */
export function confirmationOf(item: Item): Confirmation {
  const { principal, atSeconds } = confirmationRow(item);
  return { principal, atSeconds };
}

/** When each owner among these rows was confirmed last, by principal id. */
export const confirmedAmong = (items: readonly Item[]): ReadonlyMap<string, number> =>
  new Map(items.map(confirmationOf).map(({ principal, atSeconds }) => [principal, atSeconds]));

/**
 * Keeps a confirmation, whatever stood there: of two at one moment the earlier one may be kept, and the owner is asked
 * for a login sooner.
 */
export const confirmationPut = (confirmation: Confirmation, tables: Tables): Action<never> => ({
  item: { Put: { TableName: tables.confirmations, Item: { ...confirmationItem(confirmation) } } },
});
