import { BatchProcessor, EventType, processPartialResponse } from "@aws-lambda-powertools/batch";
import type { createTransmitter } from "../../core/endpoints/transmitter.ts";

/** A batch of queue messages as Lambda delivers it. */
export interface QueueEvent {
  readonly Records: readonly QueueMessage[];
}

interface QueueMessage {
  readonly messageId: string;
  readonly body: string;
  /** Absent where an operator invokes the function with a message by hand. */
  readonly attributes?: { readonly ApproximateReceiveCount?: string };
}

/** Tells Lambda which messages stay in the queue. */
export interface QueueReport {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/**
 * Passes the messages of a batch to the transmitter (`core/endpoints/transmitter.ts`), one by one, and reports those
 * that must stay in the queue.
 */
export function createBatch(
  transmitter: ReturnType<typeof createTransmitter>,
): (event: QueueEvent) => Promise<QueueReport> {
  const work = async ({ body, attributes }: QueueMessage): Promise<void> => {
    const outcome = await transmitter({ body, times: Number(attributes?.ApproximateReceiveCount ?? 0) });
    // the processor keeps a message in the queue only when its handler throws
    if (outcome === "again") throw new Error("the message comes again");
  };
  // a batch of which nothing was delivered must not fail as a whole, since that would count as a try for the other
  // messages too
  return ({ Records }) =>
    processPartialResponse({ Records: Records.map((one) => ({ ...one })) }, work, new BatchProcessor(EventType.SQS), {
      throwOnFullBatchFailure: false,
    });
}
