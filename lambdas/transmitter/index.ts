import { Logger } from "@aws-lambda-powertools/logger";
import type { Context } from "aws-lambda";
import type { Notice } from "../../core/endpoints/transmitter.ts";
import { undeliveredRecord } from "../../core/events/undelivered.ts";
import { nowSeconds } from "../../core/model/ports.ts";
import { documentClient } from "../aws/dynamo.ts";
import { createPusher } from "../aws/event-push.ts";
import { createEventQueues } from "../aws/event-queue.ts";
import { createEventSecrets } from "../aws/event-secrets.ts";
import { readLivenessBatch } from "../aws/liveness-batch.ts";
import { putOnce } from "../aws/outbox.ts";
import { createRegistrySource } from "../aws/registry-source.ts";
import { readTree } from "../aws/session-tree.ts";
import { findPlace, sessionsOf } from "../aws/subject-reads.ts";
import { ssmClient } from "../aws/urls.ts";
import { clock, ids, setting, tables } from "../ground.ts";
import { openKeyring } from "../keyring.ts";
import { createTransmitter, type QueueEvent, type QueueReport } from "./transmitter.ts";

const logger = new Logger();
const dynamo = documentClient();
const issuer = setting("issuer");
const queues = createEventQueues({ events: setting("eventQueue"), undelivered: setting("undeliveredEventQueue") });
const tries = Number(setting("eventTries"));
if (!Number.isSafeInteger(tries) || tries < 1) throw new Error("eventTries is no number of tries");
/** Of the call that is worked off, for the records; a function works off one at a time. */
let requestId = "";
const transmitter = createTransmitter(
  {
    issuer,
    clock,
    registries: createRegistrySource(dynamo, tables, setting("trustDomain")),
    store: {
      readLiveness: (query) => readLivenessBatch(dynamo, tables, query),
      tree: (root) => readTree(dynamo, tables, root),
      rootOf: async (sid) => (await findPlace(dynamo, tables, sid))?.root,
      sessions: (subject, now) => sessionsOf(dynamo, tables, subject, now),
    },
    signer: openKeyring(dynamo).signer("events"),
    pusher: createPusher(issuer),
    secret: createEventSecrets(ssmClient(), setting("eventSecrets"), clock),
  },
  queues,
  {
    again: (receiver, why) => logger.warn("an event was not delivered and will be sent again", { receiver, why }),
    // critical: needs a person
    setAside: (receiver, why) =>
      logger.critical("an event cannot be delivered; it lies in the queue of undelivered ones", { receiver, why }),
  },
  {
    tries,
    record: (undelivered) => putOnce(dynamo, tables, undeliveredRecord(undelivered, { clock, requestId })),
  },
);

/** The queue of security events; or, invoked by an operator with a receiver's name, a verification event to it (SSF 1.0 8.1.4). */
export const handler = async (
  event: QueueEvent | { readonly verify: string },
  context: Context,
): Promise<QueueReport | Notice> => {
  requestId = context.awsRequestId;
  if (!("verify" in event)) return transmitter(event);
  const notice: Notice = { receiver: String(event.verify), uid: ids.id(), issuedAtSeconds: nowSeconds(clock) };
  await queues.send(notice);
  return notice;
};
