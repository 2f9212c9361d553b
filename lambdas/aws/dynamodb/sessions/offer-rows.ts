import { tombstoneKeys } from "../../../../core/model/row-keys.ts";
import type { Offer } from "../../../../core/model/session.ts";
import { budgetBounds } from "../budgets/declared.ts";
import { type Item, list, members, optional, row, text, whole } from "../codec.ts";
import type { Tables } from "../dynamo.ts";
import { grant, grantItem, type Kept, keptSeconds, session, sessionFields, uses } from "./session-rows.ts";

/** Sort key of an offer, after every session of its tree. */
export const offerKey = (handleHash: string): string => `~offer#${handleHash}`;

/** The place of an offer: the partition of its session, and the hash of its handle. */
interface OfferKey {
  readonly root: string;
  readonly handleHash: string;
}

/** The two rows of an offer: its own, and its tombstone. */
export const offerKeys = ({ root, handleHash }: OfferKey, tables: Pick<Tables, "sessions" | "tombstones">) => [
  { table: tables.sessions, key: { root, sid: offerKey(handleHash) } },
  { table: tables.tombstones, key: { session: tombstoneKeys.offer(handleHash) } },
];

/**
 * Finds the offer, and whether it was withdrawn, among rows that were read; undefined when it is not there.
 * @throws {@link BrokenRow}
 */
export function offerAmong(
  found: readonly { readonly table: string; readonly item: Item }[],
  { handleHash }: OfferKey,
  tables: Pick<Tables, "sessions" | "tombstones">,
): Offer | undefined {
  const key = offerKey(handleHash);
  const row = found.find(({ table, item }) => table === tables.sessions && item.sid === key);
  const over = tombstoneKeys.offer(handleHash);
  const isWithdrawn = found.some(({ table, item }) => table === tables.tombstones && item.session === over);
  return row && { ...offerOf(row.item), ...(isWithdrawn ? { withdrawn: true } : {}) };
}

/** The row of an offer, in the partition of its session. Its tombstone tells whether it was withdrawn. */
export function offerItem({ from, grants, withdrawn: _, ...rest }: Offer): Item {
  return {
    ...rest,
    sid: offerKey(rest.handleHash),
    from: sessionFields(from),
    grants: grants.map(grantItem),
    expiresAt: rest.expiresAtSeconds + keptSeconds,
  };
}

const offerRow = row(
  { table: "sessions", key: ["root", "sid"] },
  members<Omit<Offer, "withdrawn"> & Kept & { readonly sid: string }>({
    root: text,
    sid: text,
    handleHash: text,
    from: session,
    to: text,
    grants: list(grant),
    usesAbove: optional(uses),
    maxUses: optional(whole),
    budget: optional(budgetBounds),
    createdAtSeconds: whole,
    expiresAtSeconds: whole,
    redeemed: optional(members({ sid: text, jkt: text })),
    expiresAt: whole,
  }),
);

/**
 * The offer in a row.
 * @throws {@link BrokenRow}
 */
export function offerOf(item: Item): Offer {
  const { sid: _s, expiresAt: _e, ...offer } = offerRow(item);
  return offer;
}
