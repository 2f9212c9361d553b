import { Logger } from "@aws-lambda-powertools/logger";
import { publishMinute, publishRows } from "../../core/endpoints/publisher.ts";
import { documentClient } from "../aws/dynamodb/dynamo.ts";
import { createPublishStore } from "../aws/dynamodb/lists/publish-store.ts";
import { unmarshall } from "../aws/dynamodb/stream-image.ts";
import { clock, setting, tables } from "../ground.ts";
import { openKeyring } from "../keyring.ts";
import type { StreamRecord } from "../relay/stream-record.ts";

const logger = new Logger();
const dynamo = documentClient();
const deps = {
  clock,
  issuer: setting("issuer"),
  store: createPublishStore(dynamo, tables),
  signer: openKeyring(dynamo).signer("status"),
};

/**
 * Handles the streams of revocations, and runs every minute. A failure fails the whole batch, since every step may be
 * repeated.
 */
export const handler = async (event: { readonly Records?: readonly StreamRecord[] }): Promise<void> => {
  if (!event.Records) return publishMinute(deps);
  // a row that expired and is removed ended long before
  const written = event.Records.filter(({ eventName }) => eventName !== "REMOVE");
  const rows = written.map(({ dynamodb: { SequenceNumber: at, NewImage = {} } = {} }) => ({
    at,
    image: unmarshall(NewImage),
  }));
  await publishRows(rows, deps, (at) =>
    logger.critical("a revocation cannot be read; its lists do not show it", { at }),
  );
};
