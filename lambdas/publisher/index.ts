import { Logger } from "@aws-lambda-powertools/logger";
import { publishChanges, publishMinute } from "../../core/endpoints/publisher.ts";
import { type Change, changeOf } from "../../core/status/changes.ts";
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

/** Stream of Revocations, and every minute. A failure fails the batch: every step may be repeated. */
export const handler = async (event: { readonly Records?: readonly StreamRecord[] }): Promise<void> => {
  if (!event.Records) return publishMinute(deps);
  await publishChanges(event.Records.flatMap(read), deps);
};

function read(record: StreamRecord): readonly Change[] {
  if (record.eventName === "REMOVE") return [];
  const change = changeOf(unmarshall(record.dynamodb?.NewImage ?? {}));
  if (change === "malformed")
    logger.critical("a revocation cannot be read; its lists do not show it", { at: record.dynamodb?.SequenceNumber });
  return typeof change === "string" ? [] : [change];
}
