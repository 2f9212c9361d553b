import { Logger } from "@aws-lambda-powertools/logger";
import { createReconciler } from "../../core/endpoints/reconciler.ts";
import { documentClient } from "../aws/dynamodb/dynamo.ts";
import { createGaps } from "../aws/dynamodb/leaves/gaps.ts";
import { createHeadStore, createReconcilerMemory } from "../aws/dynamodb/leaves/log-head.ts";
import { ownFindings } from "../findings.ts";
import { clock, setting, tables } from "../ground.ts";

const logger = new Logger();
const dynamo = documentClient();
const reconcile = createReconciler({
  clock,
  gaps: createGaps(dynamo, tables),
  head: createHeadStore(dynamo, tables.leaves),
  findings: ownFindings(dynamo, logger),
  deliverySeconds: Number(setting("deliverySeconds")),
  memory: createReconcilerMemory(dynamo, tables.leaves),
});

/** Runs every five minutes: finds what should be in the trail and is not. */
export const handler = async (): Promise<void> => void (await reconcile());
