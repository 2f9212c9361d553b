import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { EventQueues } from "../../../core/endpoints/transmitter.ts";

/**
 * Creates the senders to both queues. By default the client takes its endpoint from a queue's URL; here calls always go
 * to the Region's endpoint.
 */
export function createEventQueues(
  urls: { readonly events: string; readonly undelivered: string },
  client = new SQSClient({ maxAttempts: 4, useQueueUrlAsEndpoint: false }),
): EventQueues {
  return {
    async send(notice) {
      await client.send(new SendMessageCommand({ QueueUrl: urls.events, MessageBody: JSON.stringify({ notice }) }));
    },
    async setAside(body, why) {
      const text = JSON.stringify({ why, body: body.slice(0, 100_000) });
      // SQS refuses these two characters, which JSON does not escape
      const clean = text.replace(/[\uFFFE\uFFFF]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16)}`);
      await client.send(new SendMessageCommand({ QueueUrl: urls.undelivered, MessageBody: clean }));
    },
  };
}
