import { Logger } from "@aws-lambda-powertools/logger";
import { createBus } from "../aws/bus.ts";
import { setting } from "../ground.ts";
import { createRelay, type StreamRecord, type StreamReport } from "./relay.ts";

const logger = new Logger();
const relay = createRelay(createBus(setting("auditBus")), {
  // critical: the one case in which a record needs a person
  lost: (eventId, why) => logger.critical("an audit record cannot be carried; read it in the outbox", { eventId, why }),
  refused: (count, why) => logger.warn("the bus did not take all records; they will be sent again", { count, why }),
});

/** Outbox stream to audit bus. */
export const handler = (event: { readonly Records?: readonly StreamRecord[] }): Promise<StreamReport> =>
  relay(event.Records ?? []);
