import type { AccessHandle } from "../../../../core/model/session.ts";
import { anyObject, type Item, json, list, members, optional, row, text, whole } from "../codec.ts";
import { type Kept, keptSeconds, uses } from "./session-rows.ts";

/** Sort key of an access token that is a handle, after every session of its tree. */
export const handleKey = (handleHash: string): string => `~access#${handleHash}`;

/**
 * The row of a handle, in the partition of its session. Its claims are stored as text, since they are answered exactly
 * as they were made.
 */
export const handleItem = ({ claims, ...rest }: AccessHandle): Item => ({
  ...rest,
  sid: handleKey(rest.handleHash),
  claims: JSON.stringify(claims),
  expiresAt: rest.expiresAtSeconds + keptSeconds,
});

const handleRow = row(
  { table: "sessions", key: ["root", "sid"] },
  members<AccessHandle & Kept & { readonly sid: string }>({
    root: text,
    sid: text,
    handleHash: text,
    claims: json(anyObject),
    uses: optional(uses),
    policies: optional(list(text)),
    expiresAtSeconds: whole,
    expiresAt: whole,
  }),
);

/**
 * The handle in a row.
 * @throws {@link BrokenRow}
 */
export function handleOf(item: Item): AccessHandle {
  const { sid: _s, expiresAt: _e, ...handle } = handleRow(item);
  return handle;
}
