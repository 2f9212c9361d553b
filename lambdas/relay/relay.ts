import { type Bus, carryAll, type RelayWatch } from "../../core/endpoints/relay.ts";
import type { RefusedQueue } from "../aws/sqs/refused-queue.ts";
import { read, type StreamRecord } from "./stream-record.ts";

/** Tells Lambda which records to send again. */
export interface StreamReport {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/**
 * Carries records from the Outbox's stream to the bus (`core/endpoints/relay.ts`); Removed rows, which have expired,
 * are ignored. Records to send again are named one by one.
 */
export function createRelay(
  bus: Bus,
  queue: RefusedQueue,
  watch: RelayWatch,
): (records: readonly StreamRecord[]) => Promise<StreamReport> {
  return async (records) => {
    const found = records.filter((r) => r.eventName === "INSERT").map(read);
    const again = await carryAll(found, { bus, queue, watch });
    return { batchItemFailures: again.map((itemIdentifier) => ({ itemIdentifier })) };
  };
}
