import { Logger } from "@aws-lambda-powertools/logger";
import { documentClient } from "../aws/dynamodb/dynamo.ts";
import { createNotebook } from "../aws/dynamodb/leaves/notes.ts";
import { createBus } from "../aws/eventbridge/bus.ts";
import { createRefusedQueue } from "../aws/sqs/refused-queue.ts";
import { clock, setting, tables } from "../ground.ts";
import { createRelay, type StreamReport } from "./relay.ts";
import type { StreamRecord } from "./stream-record.ts";

const logger = new Logger();
const dynamo = documentClient();
const carriers = {
  bus: createBus(setting("auditBus")),
  queue: createRefusedQueue(setting("refusedQueue")),
  notebook: createNotebook(dynamo, tables.leaves, clock.nowMillis),
};
const relay = createRelay(carriers, {
  // critical, since a person has to look at the record
  kept: (eventId, why) =>
    logger.critical("an audit record cannot be carried; it lies whole in the queue of refused records", {
      eventId,
      why,
    }),
  unkept: (eventId, why) =>
    logger.critical("an audit record can be neither carried nor kept; it will be tried again", { eventId, why }),
  unnoted: (count, why) => logger.warn("records are on the bus and not noted; they will be sent again", { count, why }),
  refused: (count, why) => logger.warn("the bus did not take all records; they will be sent again", { count, why }),
});

/** Sends records from the Outbox's stream to the audit bus. */
export const handler = (event: { readonly Records?: readonly StreamRecord[] }): Promise<StreamReport> =>
  relay(event.Records ?? []);
