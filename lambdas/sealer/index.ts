import { Logger } from "@aws-lambda-powertools/logger";
import { S3Client } from "@aws-sdk/client-s3";
import { createSealer } from "../../core/endpoints/sealer.ts";
import { documentClient } from "../aws/dynamodb/dynamo.ts";
import { createHeadStore, createReconcilerMemory } from "../aws/dynamodb/leaves/log-head.ts";
import { createWorklist } from "../aws/dynamodb/leaves/worklist.ts";
import { createBus } from "../aws/eventbridge/bus.ts";
import { kmsClient } from "../aws/kms/keys.ts";
import { createLogSigners } from "../aws/kms/log-signer.ts";
import { createWitness, type NamedWitness } from "../aws/outbound/witness.ts";
import { createLogObjects } from "../aws/s3/log-objects.ts";
import { env } from "../env.ts";
import { ownFindings } from "../findings.ts";
import { clock, lock, setting, tables } from "../ground.ts";
import { checkpointEntry } from "./checkpoint-entry.ts";

const logger = new Logger();
const dynamo = documentClient();
const bus = createBus(setting("auditBus"));
const origin = setting("logOrigin");
const memory = createReconcilerMemory(dynamo, tables.leaves);
const seal = createSealer({
  clock,
  head: createHeadStore(dynamo, tables.leaves),
  worklist: createWorklist(dynamo, tables),
  objects: createLogObjects(new S3Client({ maxAttempts: 4 }), setting("auditBucket"), {
    lock: lock(),
    nowMillis: clock.nowMillis,
  }),
  origin,
  witnesses: (JSON.parse(process.env[env.logWitnesses] ?? "[]") as NamedWitness[]).map((one) => createWitness(one)),
  unwitnessed: (witness, why) => logger.warn("a witness did not sign a checkpoint", { witness, why }),
  signers: createLogSigners(kmsClient(), origin, setting("logKey").split(",")),
  async announce(note) {
    const [refused] = await bus.put([checkpointEntry(origin, note, clock.nowMillis())]);
    if (refused) throw new Error(`the bus did not take a checkpoint: ${refused}`);
  },
  findings: ownFindings(dynamo, logger),
  reconciledAtMillis: async () => (await memory.recall())?.atMillis,
});

/** Runs every minute: what is not in the log yet gets its place there. */
export const handler = async (): Promise<void> => {
  const written = await seal();
  if (written > 0) logger.info("wrote to the log", { entries: written });
};
