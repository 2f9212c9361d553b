/** What the measuring process and the measured function say to each other. */

/** An event for the function. */
export interface Asked {
  readonly requestId: string;
  readonly event: unknown;
}

/** The function is loaded, or it answered: with what ran on the way. */
export type Told =
  | { readonly kind: "ready" }
  | { readonly kind: "answered"; readonly payload: string; readonly ran: readonly RanFile[] };

/** A source file with functions that ran between the event and its answer. */
export interface RanFile {
  readonly url: string;
  readonly functions: readonly string[];
}
