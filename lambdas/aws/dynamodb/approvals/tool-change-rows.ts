import type { ToolChange, ToolChangePlace } from "../../../../core/model/tool-change.ts";
import { type Item, members, oneOf, optional, row, type Shape, text, whole } from "../codec.ts";
import { type Kept, keptSeconds } from "../sessions/session-rows.ts";

/** Keys of table Changes. Both parts of each are values that we made ourselves, or names that are registered. */
export const changeKeys = {
  /** The served tool itself, with its declaration. */
  change: (id: string) => ({ key: `change#${id}`, item: "change" }),
  /** One of the few that a resource may have. */
  place: (server: string, n: number) => ({ key: `server#${server}`, item: `place#${n}` }),
  /** Where the approvers of a group find it. */
  waiting: (group: string, id: string) => ({ key: `group#${group}`, item: id }),
  /** The newest of exactly this change. */
  newest: (requestHash: string) => ({ key: `request#${requestHash}`, item: "newest" }),
} as const;

interface At {
  readonly key: string;
  readonly item: string;
}

const keptUntil = ({ expiresAtSeconds }: Pick<ToolChangePlace, "expiresAtSeconds">): Kept => ({
  expiresAt: expiresAtSeconds + keptSeconds,
});

/** The row of a served tool that waits for people. */
export const changeItem = (change: ToolChange): Item => ({
  ...change,
  ...changeKeys.change(change.id),
  ...keptUntil(change),
});

const placeShape: Shape<ToolChangePlace> = {
  ...{ id: text, server: text, tool: text, digest: text, from: optional(text), requestHash: text, agent: text },
  ...{ createdAtSeconds: whole, expiresAtSeconds: whole },
};

const changeRow = row(
  { table: "changes", key: ["key", "item"] },
  members<ToolChange & Kept & At>({
    ...placeShape,
    ...{ key: text, item: oneOf("change"), group: text, needed: whole, kind: oneOf("changed", "renamed", "new") },
    ...{ definition: text, former: optional(text), expiresAt: whole },
  }),
);

/**
 * The served tool in a row.
 * @throws {@link BrokenRow}
 */
export function changeOfRow(item: Item): ToolChange {
  const { key: _, item: __, expiresAt: ___, ...change } = changeRow(item);
  return change;
}

/** The row that names a served tool in its place, in a list, or as the newest of its kind: all but its declaration. */
export function placeItem(at: At, change: ToolChangePlace): Item {
  const { id, server, tool, digest, from, requestHash, agent, createdAtSeconds, expiresAtSeconds } = change;
  return {
    ...{ ...at, id, server, tool, digest, requestHash, agent, createdAtSeconds, expiresAtSeconds },
    ...(from === undefined ? {} : { from }),
    ...keptUntil(change),
  };
}

const placeRow = row(
  { table: "changes", key: ["key", "item"] },
  members<ToolChangePlace & Kept & At>({ ...placeShape, key: text, item: text, expiresAt: whole }),
);

/**
 * What such a row names, and where it stands.
 * @throws {@link BrokenRow}
 */
export function placeOf(item: Item): { readonly at: string; readonly place: ToolChangePlace } {
  const { key: _, item: at, expiresAt: __, ...place } = placeRow(item);
  return { at, place };
}
