import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { Finding } from "../../../core/sealing/findings.ts";

/**
 * Creates the sender of findings to their queue, which an alarm watches.
 * @param url URL of the queue
 */
export function createFindingsQueue(
  url: string,
  client = new SQSClient({ maxAttempts: 4, useQueueUrlAsEndpoint: false }),
): (finding: Finding) => Promise<void> {
  return async ({ kind, subjects }) => {
    // subjects are ids and keys of objects: JSON escapes what they may hold, but for two characters that SQS refuses
    const text = JSON.stringify({ finding: kind, subjects }).replace(/[\uFFFE\uFFFF]/g, "\uFFFD");
    await client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: text }));
  };
}
