/**
 * Values that State, Audit or Issuer export although no stack of this release reads them any more. CloudFormation
 * updates the exporting stack first and refuses to drop an export that the deployed release of another still imports: a
 * release that drops a reference keeps its value here, and the next release removes the line.
 */
import type { Stack } from "aws-cdk-lib";
import type { StateStack } from "./state/state-stack.ts";

/** One value that is exported for one more release. */
export interface KeptExport {
  /** The release that dropped the last reference; the next one removes this line. */
  readonly since: string;
  of(made: { readonly state: StateStack }): { readonly stack: Stack; readonly value: string };
}

/**
 * Empty now. A line looks like `{ since: "0.2.0", of: ({ state }) => ({ stack: state, value:
 * state.tables.table.traces.tableArn }) }`.
 */
const keptExports: readonly KeptExport[] = [];

/** Exports the values under exactly the names by which the previous release imports them. */
export function keepExports(made: { readonly state: StateStack }, kept: readonly KeptExport[] = keptExports): void {
  for (const one of kept) {
    const { stack, value } = one.of(made);
    stack.exportValue(value);
  }
}
