import { Logger } from "@aws-lambda-powertools/logger";
import type { Context } from "aws-lambda";
import { rotateAll } from "../../core/endpoints/rotator.ts";
import { longestCacheSeconds } from "../../core/model/key-times.ts";
import { documentClient } from "../aws/dynamodb/dynamo.ts";
import { createRingStore } from "../aws/dynamodb/ring-store.ts";
import { createKeyMaker } from "../aws/kms/key-maker.ts";
import { createKeyHolder, kmsClient } from "../aws/kms/keys.ts";
import { clock, ids, setting, toRecord } from "../ground.ts";
import { firstKeys, keyRoles, keyringTables } from "../keyring.ts";

const logger = new Logger();
const kms = kmsClient();
const roles = keyRoles();
const first = firstKeys();
const stackKeys = Object.values(first).flatMap((keys) => keys.map(({ keyArn }) => keyArn));
const seconds = (name: "keyPeriodSeconds" | "keyPublishWaitSeconds"): number => {
  const value = Number(setting(name));
  if (!Number.isSafeInteger(value) || value <= 0) throw new Error(`${name} is no number of seconds`);
  return value;
};
const pace = {
  periodSeconds: seconds("keyPeriodSeconds"),
  // a stage may wait longer than the longest cache we know of, never shorter
  publishWaitSeconds: Math.max(seconds("keyPublishWaitSeconds"), longestCacheSeconds),
  longestCacheSeconds,
};
const deps = {
  clock,
  ids,
  toRecord,
  pace,
  first,
  rings: createRingStore(documentClient(), keyringTables),
  maker: createKeyMaker(kms, { stage: setting("stage"), roles, stackKeys }),
  holder: createKeyHolder(kms, roles),
};

/**
 * Runs every five minutes, and for each order of an operator. The contents of an event are ignored; only the rows are
 * read. Faults of a ring end in an error, so that the function's alarm rings; every step may be repeated.
 */
export const handler = async (event: { readonly Records?: unknown }, context: Context): Promise<void> => {
  const faults = await rotateAll({ ...deps, requestId: context.awsRequestId });
  if (faults.length === 0) return;
  logger.critical("the signing keys need somebody", { faults });
  // for an event of the stream no error is thrown, since the stream would deliver the same order again and again; the
  // next scheduled run reports the faults too
  if (event.Records === undefined) throw new Error(faults.join("; "));
};
