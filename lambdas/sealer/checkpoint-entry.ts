import type { BusEntry } from "../../core/endpoints/relay.ts";
import { checkpointDetailType } from "../env.ts";

/**
 * A checkpoint as an event on the bus: no record, and so of a type of its own, which the delivery leaves out. A rule of
 * another account may take it, and keep it where nobody of this one reaches.
 */
export const checkpointEntry = (origin: string, checkpoint: string, timeMillis: number): BusEntry => ({
  source: "lanyard",
  detailType: checkpointDetailType,
  detail: JSON.stringify({ origin, checkpoint }),
  timeMillis,
});
