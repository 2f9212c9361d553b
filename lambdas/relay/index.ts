import { Logger } from "@aws-lambda-powertools/logger";
import type { RelayWatch } from "../../core/endpoints/relay.ts";
import { documentClient } from "../aws/dynamodb/dynamo.ts";
import { createNotebook } from "../aws/dynamodb/leaves/notes.ts";
import { createBus } from "../aws/eventbridge/bus.ts";
import { createRefusedQueue } from "../aws/sqs/refused-queue.ts";
import { clock, setting, tables } from "../ground.ts";
import { type Redrive, redrive } from "./redrive.ts";
import { createRelay, type StreamReport } from "./relay.ts";
import type { StreamRecord } from "./stream-record.ts";

const logger = new Logger();
const dynamo = documentClient();
const carriers = {
  bus: createBus(setting("auditBus")),
  queue: createRefusedQueue(setting("refusedQueue")),
  notebook: createNotebook(dynamo, tables.leaves, clock.nowMillis),
};
const watch: RelayWatch = {
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
};
const relay = createRelay(carriers, watch);

/**
 * Sends records from the Outbox's stream to the audit bus; and again, by an operator's order, records that are named by
 * their ids.
 */
export const handler = (
  event: { readonly Records?: readonly StreamRecord[] } | Redrive,
): Promise<StreamReport> | ReturnType<typeof redrive> =>
  "redrive" in event
    ? redrive(event, { client: dynamo, table: tables.outbox }, { ...carriers, watch })
    : relay(event.Records ?? []);
