import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { AttributeValue } from "../dynamodb/stream-image.ts";

/** A record that the bus can never accept, as it was in the Outbox. */
export interface RefusedRecord {
  /** `unknown` where the row names none. */
  readonly eventId: string;
  /** Why it was refused: the bus's error code or our own words. */
  readonly why: string;
  /** The row's image from the stream: every attribute, with DynamoDB's types. */
  readonly image: Readonly<Record<string, AttributeValue>>;
}

/** Keeps such records until a person has read them. */
export interface RefusedQueue {
  /** @throws when the queue did not accept it; the record must then be sent again */
  keep(record: RefusedRecord): Promise<void>;
}

/**
 * Creates the queue's sender. By default the client takes its endpoint from the queue's URL; here calls always go to
 * the Region's endpoint.
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
 * JSON text that SQS accepts. SQS refuses U+FFFE and U+FFFF, which JSON does not escape, so they are escaped here. A
 * row of at most 400 KB stays below SQS's 1 MiB unless nearly all of it is control characters.
 */
export const messageText = (record: RefusedRecord): string =>
  JSON.stringify(record).replace(/[\uFFFE\uFFFF]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16)}`);
