import { Logger } from "@aws-lambda-powertools/logger";
import type { Context } from "aws-lambda";
import { askForVerification, createTransmitter } from "../../core/endpoints/transmitter.ts";
import type { Notice } from "../../core/events/messages.ts";
import { undeliveredRecord } from "../../core/events/undelivered.ts";
import { documentClient } from "../aws/dynamodb/dynamo.ts";
import { putOnce } from "../aws/dynamodb/outbox.ts";
import { createRegistrySource } from "../aws/dynamodb/registry/registry-source.ts";
import { readLivenessBatch } from "../aws/dynamodb/sessions/liveness-batch.ts";
import { readTree } from "../aws/dynamodb/sessions/session-tree.ts";
import { findPlace, sessionsOf } from "../aws/dynamodb/subjects/subject-reads.ts";
import { createPusher } from "../aws/outbound/event-push.ts";
import { createEventQueues } from "../aws/sqs/event-queue.ts";
import { createEventSecrets } from "../aws/ssm/event-secrets.ts";
import { ssmClient } from "../aws/ssm/urls.ts";
import { clock, ids, setting, tables, toRecord } from "../ground.ts";
import { openKeyring } from "../keyring.ts";
import { createBatch, type QueueEvent, type QueueReport } from "./batch.ts";

const logger = new Logger();
const dynamo = documentClient();
const issuer = setting("issuer");
const queues = createEventQueues({ events: setting("eventQueue"), undelivered: setting("undeliveredEventQueue") });
const tries = Number(setting("eventTries"));
if (!Number.isSafeInteger(tries) || tries < 1) throw new Error("eventTries is no number of tries");
/** Id of the present call, for the records; an instance handles one call at a time. */
let requestId = "";
const work = createBatch(
  createTransmitter({
    issuer,
    clock,
    registries: createRegistrySource(dynamo, tables, setting("trustDomain")),
    store: {
      readLiveness: (query) => readLivenessBatch(dynamo, tables, query),
      tree: (root) => readTree(dynamo, tables, root),
      rootOf: async (sid) => (await findPlace(dynamo, tables, sid))?.root,
      sessions: (subject, now) => sessionsOf(dynamo, tables, { subject, nowSeconds: now }),
    },
    signer: openKeyring(dynamo).signer("events"),
    pusher: createPusher(issuer),
    secret: createEventSecrets(ssmClient(), setting("eventSecrets"), clock),
    queues,
    watch: {
      again: (receiver, why) => logger.warn("an event was not delivered and will be sent again", { receiver, why }),
      // critical, since it needs a person
      setAside: (receiver, why) =>
        logger.critical("an event cannot be delivered; it lies in the queue of undelivered ones", { receiver, why }),
    },
    tries,
    record: (undelivered) => putOnce(dynamo, tables, undeliveredRecord(undelivered, { clock, requestId, toRecord })),
  }),
);

/**
 * Handles the queue of security events. Invoked by an operator with a receiver's name, it sends that receiver a
 * verification event.
 */
export const handler = async (
  event: QueueEvent | { readonly verify: string },
  context: Context,
): Promise<QueueReport | Notice> => {
  requestId = context.awsRequestId;
  return "verify" in event ? askForVerification(String(event.verify), { clock, ids, queues }) : work(event);
};
