import type { RevocationEpoch } from "../../../../core/session/store.ts";
import { type Decode, flag, type Item, membersAnd, optional, row, text, whole } from "../codec.ts";

/** Attribute of a login's row for each name that is denylisted there, so that one can be cleared without the others. */
export const denylistPrefix = "burnt ";

/**
 * A row of an agent, principal, build, login or of the deployment: written by updates, each of which creates it when it
 * does not exist.
 */
interface EpochRow {
  readonly subject: string;
  /** The subject without the key's prefix. */
  readonly of?: string;
  readonly generation?: number;
  readonly blocked?: boolean;
  readonly cutAtSeconds?: number;
  readonly lifted?: boolean;
  /** Only in copies of the deployment's row. */
  readonly registryVersion?: number;
  readonly longestLifeSeconds?: number;
}

/** In an emergency an operator may have written the value by hand, so everything except `false` blocks. */
const blocks: Decode<boolean> = (value) => value !== false;

const epochRow = row(
  { table: "revocations", key: ["subject"] },
  membersAnd<EpochRow, number>(
    {
      subject: text,
      of: optional(text),
      generation: optional(whole),
      blocked: optional(blocks),
      cutAtSeconds: optional(whole),
      lifted: optional(flag),
      registryVersion: optional(whole),
      longestLifeSeconds: optional(whole),
    },
    denylistPrefix,
    whole,
  ),
);

/** The revocation epoch of a subject, and for a copy of the deployment's row what the last apply stored there. */
interface ReadEpoch extends RevocationEpoch {
  readonly subject: string;
  readonly registryVersion?: number;
  readonly longestLifeSeconds?: number;
}

/**
 * The revocation epoch in a row. A row that only an apply, a lift or a denylisted document created was never raised,
 * and has epoch 0.
 * @throws {@link BrokenRow}
 */
export function epochOf(item: Item): ReadEpoch {
  const { of: _, generation = 0, blocked = false, lifted, named, ...rest } = epochRow(item);
  return {
    ...rest,
    epoch: generation,
    blocked,
    ...(lifted ? { lifted } : {}),
    ...(named.size > 0 ? { denylistedAtSeconds: Math.max(...named.values()) } : {}),
  };
}
