import type { Baseline, Drift, Known } from "../../../core/drift/baseline.ts";
import { type Item, list, members, oneOf, optional, row, text, whole } from "./codec.ts";

/** Partition of table Traces. */
export const baselineKind = "deployed";

type BaselineRow = Baseline & { readonly kind: typeof baselineKind };

/** The row of a function's baseline. */
export const baselineItem = (baseline: Baseline) => ({ kind: baselineKind, ...baseline }) satisfies BaselineRow;

const baselineRow = row(
  { table: "traces", key: ["kind", "name"] },
  members<BaselineRow>({
    kind: oneOf(baselineKind),
    name: text,
    revision: whole,
    known: list(members<Known>({ codeSha256: text, roleArn: text, settings: text, mark: text, atSeconds: whole })),
    drift: optional(members<Drift>({ sinceSeconds: whole, mark: text, told: optional(text) })),
  }),
);

/**
 * The baseline in a row.
 * @throws {@link BrokenRow}
 */
export function baselineOf(item: Item): Baseline {
  const { kind: _, ...baseline } = baselineRow(item);
  return baseline;
}
