import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { AttributeValue } from "../dynamodb/stream-image.ts";

/** A record that the bus will never take, as it stood in the Outbox. */
export interface RefusedRecord {
  /** `unknown` where the row does not say. */
  readonly eventId: string;
  /** Why it was refused: the bus's error code or our own words. */
  readonly why: string;
  /** The row's image off the stream, every attribute, with DynamoDB's type marks. */
  readonly image: Readonly<Record<string, AttributeValue>>;
}

/** Where such records are kept until a person has read them. */
export interface RefusedQueue {
  /** @throws when the queue did not take it: the record must then count as not carried */
  keep(record: RefusedRecord): Promise<void>;
}

/**
 * Creates the queue's sender. The client must not take its endpoint from the queue's URL, as it would by itself: calls
 * go to the Region's endpoint, wherever the URL points.
 * @param url URL of the queue
 */
export function createRefusedQueue(
  url: string,
  client = new SQSClient({ maxAttempts: 4, useQueueUrlAsEndpoint: false }),
): RefusedQueue {
  return {
    async keep(record) {
      await client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: messageText(record) }));
    },
  };
}

/**
 * JSON that SQS takes: it refuses U+FFFE and U+FFFF, which JSON leaves as they are, so they are escaped (control characters
 * and lone surrogates JSON escapes itself). A row of at most 400 KB stays below SQS's 1 MiB unless nearly all of it is control characters.
 */
export const messageText = (record: RefusedRecord): string =>
  JSON.stringify(record).replace(/[\uFFFE\uFFFF]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16)}`);
