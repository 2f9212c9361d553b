import type { Target } from "./target.ts";

/**
 * One demand of a standard, and how to see whether an issuer meets it: from outside, by its metadata and a settings file.
 * The same rows examine the embedded cloud, a deployment and every change, so that no second list can say more than is run.
 * A row must be able to fail: a test shows the table to an issuer that grants everything and to one that refuses everything.
 */
export interface Row {
  /** `RFC 8693`; drafts without their revision, which docs/standards.md pins. */
  readonly standard: string;
  readonly section: string;
  readonly level: "MUST" | "SHOULD";
  /** The demand in our own words, as a sentence about the issuer, its tokens or its resource servers. */
  readonly text: string;
  /** The client of somebody else's that drives it; left out where requests are made by hand. */
  readonly by?: string;
  /** The client library answers it alone, whichever issuer is examined. */
  readonly library?: true;
  /**
   * Asks the target.
   * @returns words for the report, or nothing
   * @throws Departure when the demand is not met, Unsupported when the target's settings do not let it be seen
   */
  run(target: Target): Promise<string | undefined> | Promise<void>;
}

/** A row of one standard; what the standard is called is written once a file. */
export type RowOf = Omit<Row, "standard">;

/** Rows of one standard. */
export const rowsOf = (standard: string, rows: readonly RowOf[]): readonly Row[] =>
  rows.map((row) => ({ standard, ...row }));
