import type { Offer } from "../../../../core/model/session.ts";
import { type Item, list, members, optional, row, text, whole } from "../codec.ts";
import { grant, grantItem, type Kept, keptSeconds, session, sessionFields, uses } from "./session-rows.ts";

/** Sort key of an offer, beyond every session of its tree. */
export const offerKey = (handleHash: string): string => `~offer#${handleHash}`;

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
