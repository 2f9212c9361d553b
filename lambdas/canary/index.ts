import { setTimeout as wait } from "node:timers/promises";
import { Logger } from "@aws-lambda-powertools/logger";
import { MetricUnit } from "@aws-lambda-powertools/metrics";
import { runCanary } from "../../core/endpoints/canary.ts";
import { keepRun } from "../aws/dynamodb/canary-runs.ts";
import { documentClient } from "../aws/dynamodb/dynamo.ts";
import { env } from "../env.ts";
import { setting } from "../ground.ts";
import { stageMetrics } from "../metrics.ts";
import { createCanary } from "./throw-away.ts";

const logger = new Logger();
const metrics = stageMetrics();
const dynamo = documentClient();
const table = setting("canaryTable");
const lifeSeconds = process.env[env.awsCredentialsLifeSeconds];
const open = createCanary({
  issuer: setting("issuer"),
  trustDomain: setting("trustDomain"),
  region: process.env.AWS_REGION ?? "",
  table,
  awsLifeSeconds: lifeSeconds === undefined ? undefined : Number(lifeSeconds),
});
const clock = { nowMillis: () => Date.now(), steadyMillis: () => performance.now() };

/**
 * Runs every few minutes, and once an hour with `aws`: measures how long a revoked session still works.
 * @returns what was found; nothing where the registry has no canary
 */
export const handler = async (event: { readonly aws?: unknown }) => {
  const run = await runCanary({
    clock,
    wait: (millis) => wait(millis),
    open: () => open({ aws: event.aws === true }),
    keep: (found) => keepRun(dynamo, table, found),
    odd: (place, why) => logger.warn("a place gave no refusal", { place, why: String(why) }),
  });
  if (!run) {
    logger.warn("the registry has no canary, or another one: lanyard canary init writes its registrations");
    return;
  }
  for (const [place, millis] of Object.entries(run.refusedAfterMillis)) {
    metrics.addDimension("class", place);
    metrics.addMetric("RefusalMillis", MetricUnit.Milliseconds, millis);
    metrics.publishStoredMetrics();
  }
  logger.info("looked for a revocation", { ...run });
  return run;
};
