import { tombstoneKeys } from "../../../../core/model/row-keys.ts";
import type { Offer } from "../../../../core/model/session.ts";
import { type Item, list, members, optional, row, text, whole } from "../codec.ts";
import type { Tables } from "../dynamo.ts";
import { grant, grantItem, type Kept, keptSeconds, session, sessionFields, uses } from "./session-rows.ts";

/** Sort key of an offer, beyond every session of its tree. */
export const offerKey = (handleHash: string): string => `~offer#${handleHash}`;

/** Where an offer stands: beside its session, by its handle's hash. */
interface OfferKey {
  readonly root: string;
  readonly handleHash: string;
}

/** The rows that tell of an offer: its own, and its tombstone. */
export const offerKeys = ({ root, handleHash }: OfferKey, tables: Pick<Tables, "sessions" | "tombstones">) => [
  { table: tables.sessions, key: { root, sid: offerKey(handleHash) } },
  { table: tables.tombstones, key: { session: tombstoneKeys.offer(handleHash) } },
];

/**
 * The offer among rows that were read, and whether it was taken back; undefined where there is none.
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

/** An offer as a row beside its session. Whether it was withdrawn is told by its tombstone. */
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
    createdAtSeconds: whole,
    expiresAtSeconds: whole,
    redeemed: optional(members({ sid: text, jkt: text })),
    expiresAt: whole,
  }),
);

/**
 * The offer of a row.
 * @throws {@link BrokenRow}
 */
export function offerOf(item: Item): Offer {
  const { sid: _s, expiresAt: _e, ...offer } = offerRow(item);
  return offer;
}
