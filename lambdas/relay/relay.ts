import { type Bus, carryAll, type Notebook, type RelayWatch } from "../../core/endpoints/relay.ts";
import type { RefusedQueue } from "../aws/sqs/refused-queue.ts";
import { read, type StreamRecord } from "./stream-record.ts";

/** Tells Lambda which records to send again. */
export interface StreamReport {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/** What the relay carries records with. */
interface Carriers {
  readonly bus: Bus;
  readonly queue: RefusedQueue;
  readonly notebook: Notebook;
}

/**
 * Carries records from the Outbox's stream to the bus (`core/endpoints/relay.ts`); Removed rows, which have expired,
 * are ignored. Records to send again are named one by one.
 */
export function createRelay(
  carriers: Carriers,
  watch: RelayWatch,
): (records: readonly StreamRecord[]) => Promise<StreamReport> {
  return async (records) => {
    const found = records.filter((r) => r.eventName === "INSERT").map(read);
    const again = await carryAll(found, { ...carriers, watch });
    return { batchItemFailures: again.map((itemIdentifier) => ({ itemIdentifier })) };
  };
}
