import { Logger } from "@aws-lambda-powertools/logger";
import { createBus } from "../aws/eventbridge/bus.ts";
import { createRefusedQueue } from "../aws/sqs/refused-queue.ts";
import { setting } from "../ground.ts";
import { createRelay, type StreamReport } from "./relay.ts";
import type { StreamRecord } from "./stream-record.ts";

const logger = new Logger();
const relay = createRelay(createBus(setting("auditBus")), createRefusedQueue(setting("refusedQueue")), {
  // critical, since a person has to look at the record
  kept: (eventId, why) =>
    logger.critical("an audit record cannot be carried; it lies whole in the queue of refused records", {
      eventId,
      why,
    }),
  unkept: (eventId, why) =>
    logger.critical("an audit record can be neither carried nor kept; it will be tried again", { eventId, why }),
  refused: (count, why) => logger.warn("the bus did not take all records; they will be sent again", { count, why }),
});

/** Sends records from the Outbox's stream to the audit bus. */
export const handler = (event: { readonly Records?: readonly StreamRecord[] }): Promise<StreamReport> =>
  relay(event.Records ?? []);
