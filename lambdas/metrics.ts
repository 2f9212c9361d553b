import { Metrics } from "@aws-lambda-powertools/metrics";
import { env } from "./env.ts";

/**
 * Metrics of this deployment's functions, by `service` and `stage`: two stages in one account and Region are two, and
 * an alarm of one reads nothing of the other. Each further dimension is another metric to pay for.
 */
export function stageMetrics(): Metrics {
  const stage = process.env[env.stage];
  return new Metrics(stage ? { defaultDimensions: { stage } } : {});
}
