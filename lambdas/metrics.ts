import { Metrics } from "@aws-lambda-powertools/metrics";
import { env } from "./env.ts";

/**
 * Metrics of this deployment's functions, by `service` and `stage`: so two stages in one account and Region have
 * separate metrics and alarms. Each further dimension would be another metric to pay for.
 */
export function stageMetrics(): Metrics {
  const stage = process.env[env.stage];
  return new Metrics(stage ? { defaultDimensions: { stage } } : {});
}
