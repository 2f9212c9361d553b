import { BatchProcessor, EventType, processPartialResponse } from "@aws-lambda-powertools/batch";
import type { createTransmitter } from "../../core/endpoints/transmitter.ts";

/** A batch of queue messages as Lambda gives it. */
export interface QueueEvent {
  readonly Records: readonly QueueMessage[];
}

interface QueueMessage {
  readonly messageId: string;
  readonly body: string;
  /** Absent where an operator gives the message to the function by hand. */
  readonly attributes?: { readonly ApproximateReceiveCount?: string };
}

/** What Lambda leaves in the queue. */
export interface QueueReport {
  readonly batchItemFailures: readonly { readonly itemIdentifier: string }[];
}

/**
 * Gives the messages of a batch to the transmitter (`core/endpoints/transmitter.ts`), each for itself, and reports those that
 * the queue must give again.
 */
export function createBatch(
  transmitter: ReturnType<typeof createTransmitter>,
): (event: QueueEvent) => Promise<QueueReport> {
  const work = async ({ body, attributes }: QueueMessage): Promise<void> => {
    const outcome = await transmitter({ body, times: Number(attributes?.ApproximateReceiveCount ?? 0) });
    // the one way to tell the processor which message stays in the queue
    if (outcome === "again") throw new Error("the message comes again");
  };
  // a batch of which nothing was delivered is no failed batch: the others' count of tries must not depend on it
  return ({ Records }) =>
    processPartialResponse({ Records: Records.map((one) => ({ ...one })) }, work, new BatchProcessor(EventType.SQS), {
      throwOnFullBatchFailure: false,
    });
}
