import { Logger } from "@aws-lambda-powertools/logger";
import { publishMinute, publishRows } from "../../core/endpoints/publisher.ts";
import { createStopNotes } from "../../core/stop/note.ts";
import { documentClient } from "../aws/dynamodb/dynamo.ts";
import { createPublishStore } from "../aws/dynamodb/lists/publish-store.ts";
import { createStopRows } from "../aws/dynamodb/lists/stop-rows.ts";
import { readSession } from "../aws/dynamodb/sessions/session-reads.ts";
import { unmarshall } from "../aws/dynamodb/stream-image.ts";
import { readOutliving, readVends } from "../aws/dynamodb/vends/vend-reads.ts";
import { createWake } from "../aws/lambda/wake.ts";
import { env } from "../env.ts";
import { clock, setting, tables } from "../ground.ts";
import { openKeyring } from "../keyring.ts";
import type { StreamRecord } from "../relay/stream-record.ts";

const logger = new Logger();
const dynamo = documentClient();
const stopFunction = process.env[env.awsStopFunction];
const deps = {
  clock,
  ...(stopFunction && { stopNotes: stopNotes(stopFunction) }),
  issuer: setting("issuer"),
  store: createPublishStore(dynamo, tables),
  signer: openKeyring(dynamo).signer("status"),
};

/** Notes of what is to be stopped at AWS. A function that could not be woken runs within the minute all the same. */
function stopNotes(functionName: string) {
  const wake = createWake(functionName);
  const ownRoles = process.env[env.awsOwnRoles] === "true";
  const store = {
    ...createStopRows(dynamo, tables.lists),
    vends: (root: string) => readVends(dynamo, tables, { root }),
    outliving: (nowSeconds: number) => readOutliving(dynamo, tables, nowSeconds),
    endOf: async (root: string, sid: string) => (await readSession(dynamo, tables, { root, sid }))?.expiresAtSeconds,
  };
  const stored = () =>
    wake().catch((error: unknown) => logger.warn("the stop in AWS waits for its minute", { error: error as Error }));
  return () => createStopNotes({ clock, store, ownRoles }, stored);
}

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
