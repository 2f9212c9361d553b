import { Logger } from "@aws-lambda-powertools/logger";
import { MetricUnit } from "@aws-lambda-powertools/metrics";
import type { Context } from "aws-lambda";
import { watchLifecycle } from "../../core/endpoints/lifecycle-watch.ts";
import { limits } from "../../core/model/limits.ts";
import { documentClient } from "../aws/dynamodb/dynamo.ts";
import { createLifecycleStore } from "../aws/dynamodb/lifecycle-store.ts";
import { createRegistryStore } from "../aws/dynamodb/registry/registry-writer.ts";
import { clock, ids, setting, tables, toRecord } from "../ground.ts";
import { stageMetrics } from "../metrics.ts";

const logger = new Logger();
const metrics = stageMetrics();
const dynamo = documentClient();
const days = Number(setting("dormantAfterDays"));
if (!Number.isSafeInteger(days) || days < 1 || days > limits.dormantDaysMax)
  throw new Error("dormantAfterDays is no number of days");
const deps = {
  clock,
  ids,
  toRecord,
  registry: createRegistryStore(dynamo, tables),
  store: createLifecycleStore(dynamo, tables),
  trustDomain: setting("trustDomain"),
  dormantAfterDays: days,
};

/**
 * Runs four times a day: finds agents whose review is overdue, and agents without sessions. The metrics count them on
 * every run.
 */
export const handler = async (_event: unknown, context: Context): Promise<void> => {
  const counts = await watchLifecycle({ ...deps, requestId: context.awsRequestId });
  metrics.addMetric("AgentsOverdue", MetricUnit.Count, counts.overdue);
  metrics.addMetric("AgentsDormant", MetricUnit.Count, counts.dormant);
  metrics.publishStoredMetrics();
  logger.info("looked at the active agents", { ...counts });
};
