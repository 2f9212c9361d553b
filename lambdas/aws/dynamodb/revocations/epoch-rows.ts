import { epochFrom } from "../../../../core/model/epoch.ts";
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
  /** By an operator. */
  readonly quarantined?: boolean;
  /**
   * How often it was quarantined automatically, and when last: whoever may write these may write nothing else. The first
   * counts as long as it is above the one that only operators write.
   */
  readonly autoQuarantines?: number;
  readonly autoQuarantinedAtSeconds?: number;
  readonly autoQuarantinesLifted?: number;
  /**
   * Of a person: how often its provider said something that ends sessions, when last, and the count at which it last
   * said that the person is gone; whoever may write these may write nothing else. The person is blocked as long as that
   * is above the one that only operators write.
   */
  readonly reported?: number;
  readonly reportedAtSeconds?: number;
  readonly reportedGone?: number;
  readonly reportedLifted?: number;
  readonly lifted?: boolean;
  /** Only in copies of the deployment's row. */
  readonly registryVersion?: number;
  readonly longestLifeSeconds?: number;
}

/** In an emergency an operator may have written the value by hand, so everything except `false` blocks, or quarantines. */
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
      quarantined: optional(blocks),
      autoQuarantines: optional(whole),
      autoQuarantinedAtSeconds: optional(whole),
      autoQuarantinesLifted: optional(whole),
      reported: optional(whole),
      reportedAtSeconds: optional(whole),
      reportedGone: optional(whole),
      reportedLifted: optional(whole),
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
  /** How often it was quarantined automatically. */
  readonly automatic: number;
  /** How often its provider said something that ended its sessions. */
  readonly reported: number;
}

/**
 * The revocation epoch in a row. A row that only an apply, a lift or a denylisted document created was never raised,
 * and has epoch 0.
 * @throws {@link BrokenRow}
 */
export function epochOf(item: Item): ReadEpoch {
  const { of: _, generation = 0, blocked = false, lifted, named, quarantined = false, ...more } = epochRow(item);
  const { cutAtSeconds, autoQuarantines: automatic = 0, autoQuarantinedAtSeconds, ...others } = more;
  const { autoQuarantinesLifted = 0, reported = 0, reportedAtSeconds, reportedGone = 0, ...left } = others;
  const { reportedLifted = 0, ...rest } = left;
  const cuts = [cutAtSeconds, autoQuarantinedAtSeconds, reportedAtSeconds].filter((at) => at !== undefined);
  return {
    ...rest,
    epoch: epochFrom(generation, automatic + reported),
    automatic,
    reported,
    blocked: blocked || reportedGone > reportedLifted,
    ...(quarantined || automatic > autoQuarantinesLifted ? { quarantined: true } : {}),
    ...(cuts.length > 0 ? { cutAtSeconds: Math.max(...cuts) } : {}),
    // what was reported since an operator looked was lifted by nobody
    ...(lifted && reported <= reportedLifted ? { lifted } : {}),
    ...(named.size > 0 ? { denylistedAtSeconds: Math.max(...named.values()) } : {}),
  };
}
