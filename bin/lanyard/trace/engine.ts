import type { Ask } from "../../../core/lineage/queries.ts";
import type { Reach } from "../../../core/lineage/read.ts";

/** What answers the queries of a trace. */
export interface Engine {
  readonly ask: Ask;
  readonly reach: Reach;
  /** What asking has cost so far, in words. */
  spent(): readonly string[];
  close(): void;
}
