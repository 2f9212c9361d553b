import { createHash } from "node:crypto";
import type { Reconciled } from "../../../../core/endpoints/reconciler.ts";
import type { FindingKind } from "../../../../core/sealing/findings.ts";
import type { Head } from "../../../../core/sealing/head.ts";
import type { LogEntry } from "../../../../core/tlog/entry.ts";
import { anyObject, type Item, json, list, members, oneOf, optional, row, text, whole } from "../codec.ts";

/**
 * Keys of table Leaves (`event`): an event's id, or a name that begins with a tilde, as no id does. The relay, which
 * writes ids, is denied those names.
 */
export const leafKeys = {
  head: "~head",
  reconciled: "~reconciled",
  /** A finding that people were told of. */
  told: (kind: FindingKind, subject: string) =>
    `~told#${kind}#${createHash("sha256").update(subject).digest("base64url")}`,
} as const;

/**
 * Partitions of each index. One alone would take some 500 records a second, since each is put and taken away again; each
 * is asked every minute.
 */
export const shards: readonly string[] = [..."01234567"];

/** The partition in which an event waits. */
const shardOf = (eventId: string): string =>
  String((createHash("sha256").update(eventId).digest()[0] ?? 0) % shards.length);

/** How much longer than its record a leaf is kept: DynamoDB deletes days late, and in any order. */
const longerSeconds = 2 * 86_400;

/** A record as the relay notes it. */
export interface NewLeaf extends LogEntry {
  readonly atMillis: number;
  /** When the record's own row expires. */
  readonly expiresAt: number;
  /** An operator had it sent again, and it was not noted before. */
  readonly isRedriven?: boolean;
}

/** The row of a record that has neither a place nor an object yet. */
export const leafItem = ({ eventId, hash, atMillis, expiresAt, isRedriven }: NewLeaf) => ({
  event: eventId,
  hash,
  at: atMillis,
  unsealed: shardOf(eventId),
  unseen: shardOf(eventId),
  expiresAt: expiresAt + longerSeconds,
  ...(isRedriven && { redriven: true }),
});

interface HeadRow extends Omit<Head, "root" | "batch"> {
  readonly event: typeof leafKeys.head;
  readonly root: string;
  readonly batch?: readonly (readonly string[])[];
}

/** The row of the head. */
export const headItem = ({ root, batch, ...head }: Head) => ({
  event: leafKeys.head,
  ...head,
  root: root.toString("base64"),
  ...(batch && { batch: JSON.stringify(batch.map(({ eventId, hash }) => [eventId, hash])) }),
});

const headRow = row(
  { table: "leaves", key: ["event"], cure: "docs/runbook.md says how to write the head anew from the log" },
  members<HeadRow>({
    event: oneOf(leafKeys.head),
    revision: whole,
    size: whole,
    root: text,
    batch: optional(json(list(list(text)))),
    startedAtMillis: whole,
    begunAtMillis: whole,
    published: whole,
  }),
);

/**
 * The head in a row.
 * @throws BrokenRow
 */
export function headOf(item: Item): Head {
  const { event: _, root, batch, ...head } = headRow(item);
  const entries = batch?.map(([eventId = "", hash = ""]) => ({ eventId, hash }));
  return { ...head, root: Buffer.from(root, "base64"), ...(entries && { batch: entries }) };
}

/** The row of the reconciler's last run. */
export const reconciledItem = (reconciled: Reconciled) => ({ event: leafKeys.reconciled, ...reconciled });

const reconciledRow = row(
  { table: "leaves", key: ["event"] },
  members<Reconciled & { readonly event: string }>({
    event: oneOf(leafKeys.reconciled),
    atMillis: whole,
    from: optional(anyObject),
  }),
);

/**
 * The reconciler's last run in a row.
 * @throws BrokenRow
 */
export function reconciledOf(item: Item): Reconciled {
  const { event: _, ...reconciled } = reconciledRow(item);
  return reconciled;
}
