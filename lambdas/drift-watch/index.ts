import { Logger } from "@aws-lambda-powertools/logger";
import { MetricUnit } from "@aws-lambda-powertools/metrics";
import type { Context } from "aws-lambda";
import { watchDrift } from "../../core/endpoints/drift-watch.ts";
import { createControlPlanes } from "../aws/control-plane/control-planes.ts";
import { createBaselines } from "../aws/dynamodb/baselines.ts";
import { documentClient } from "../aws/dynamodb/dynamo.ts";
import { clock, ids, setting, tables, toRecord } from "../ground.ts";
import { stageMetrics } from "../metrics.ts";

const logger = new Logger();
const metrics = stageMetrics();
const marks = JSON.parse(setting("deployedMarks")) as readonly (readonly [string, string])[];
const deps = {
  clock,
  ids,
  toRecord,
  store: createBaselines(documentClient(), tables),
  planes: createControlPlanes(),
};

/** Runs every few minutes: checks that each function, and the trust of its role, is what was deployed. */
export const handler = async (_event: unknown, context: Context): Promise<void> => {
  const self = context.functionName;
  // its own mark has an empty name
  const named = new Map(marks.map(([name, mark]) => [name || self, mark]));
  const rings = await watchDrift({ ...deps, self, marks: named, requestId: context.awsRequestId });
  metrics.addMetric("Drift", MetricUnit.Count, rings);
  metrics.publishStoredMetrics();
  logger.info("looked at what is deployed", { functions: named.size, rings });
};
