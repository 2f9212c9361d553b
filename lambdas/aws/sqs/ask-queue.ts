import { DeleteMessageBatchCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { TakenAsk } from "../../../core/endpoints/notices.ts";

/** SQS's bound on one call. */
const atOnce = 10;
/** Long polling asks all of the queue's servers; a short poll may miss what is there. */
const waitSeconds = 1;

/**
 * Creates the reader of the queue of requests that began to wait. By default the client takes its endpoint from the
 * queue's URL; here calls always go to the Region's endpoint.
 * @param url URL of the queue
 */
export function createAskQueue(
  url: string,
  client = new SQSClient({ maxAttempts: 4, useQueueUrlAsEndpoint: false }),
): { take(most: number): Promise<readonly TakenAsk[]>; drop(messages: readonly TakenAsk[]): Promise<void> } {
  return {
    async take(most) {
      const taken: TakenAsk[] = [];
      while (taken.length < most) {
        const { Messages: found = [] } = await client.send(
          new ReceiveMessageCommand({
            QueueUrl: url,
            MaxNumberOfMessages: Math.min(atOnce, most - taken.length),
            WaitTimeSeconds: waitSeconds,
          }),
        );
        if (found.length === 0) break;
        for (const { Body: body = "", ReceiptHandle: receipt = "" } of found) taken.push({ body, receipt });
      }
      return taken;
    },
    async drop(messages) {
      for (let at = 0; at < messages.length; at += atOnce) {
        const Entries = messages
          .slice(at, at + atOnce)
          .map(({ receipt: ReceiptHandle }, place) => ({ Id: String(place), ReceiptHandle }));
        const { Failed = [] } = await client.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries }));
        // it comes again and is dropped then, since people were told of it
        if (Failed.length > 0) throw new Error(`${Failed.length} messages were not deleted: ${Failed[0]?.Code}`);
      }
    },
  };
}
