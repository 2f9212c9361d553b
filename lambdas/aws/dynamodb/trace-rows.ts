import type { Trace } from "../../../core/lifecycle/trace.ts";
import { type Item, members, oneOf, optional, row, text, whole } from "./codec.ts";

/** Partition of the traces in their table. */
export const traceKind = "trace";
/** Key of the row that tells when the last complete run began. */
export const lookedKey = { kind: "looked", name: "looked" } as const;

type TraceRow = Trace & { readonly kind: typeof traceKind };
type LookedRow = typeof lookedKey & { readonly atSeconds: number };

/** The row of an agent's trace. */
export const traceItem = (trace: Trace) => ({ kind: traceKind, ...trace }) satisfies TraceRow;

/** The row of the last complete run. */
export const lookedItem = (atSeconds: number) => ({ ...lookedKey, atSeconds }) satisfies LookedRow;

const traceRow = row(
  { table: "traces", key: ["kind", "name"] },
  members<TraceRow>({
    kind: oneOf(traceKind),
    name: text,
    revision: whole,
    seenAtSeconds: whole,
    toldDormant: optional(oneOf(true)),
    toldReviewBy: optional(text),
  }),
);
const lookedRow = row(
  { table: "traces", key: ["kind", "name"] },
  members<LookedRow>({ kind: oneOf("looked"), name: oneOf("looked"), atSeconds: whole }),
);

/**
 * The trace in a row.
 * @throws {@link BrokenRow}
 */
export function traceOf(item: Item): Trace {
  const { kind: _, ...trace } = traceRow(item);
  return trace;
}

/**
 * When the last complete run began, from its row, in epoch seconds.
 * @throws {@link BrokenRow}
 */
export const lookedOf = (item: Item): number => lookedRow(item).atSeconds;
