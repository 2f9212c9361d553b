import { Logger } from "@aws-lambda-powertools/logger";
import { MetricUnit } from "@aws-lambda-powertools/metrics";
import type { Context } from "aws-lambda";
import { stopInAws } from "../../core/endpoints/aws-stop.ts";
import { documentClient } from "../aws/dynamodb/dynamo.ts";
import { readStops } from "../aws/dynamodb/lists/stop-rows.ts";
import { putOnce } from "../aws/dynamodb/outbox.ts";
import { createDenyPolicies } from "../aws/iam/deny-policies.ts";
import { clock, setting, tables, toRecord } from "../ground.ts";
import { stageMetrics } from "../metrics.ts";

const logger = new Logger();
const metrics = stageMetrics();
const dynamo = documentClient();
const [writer, policies] = [setting("stopWriter"), setting("denyPolicies").split(",")];
const externalId = `${setting("trustDomain")}/${setting("stage")}`;
const inAccount = (arn: string, account: string): string => arn.replace("{account}", account);

const deps = {
  clock,
  toRecord,
  accounts: setting("awsAccounts").split(","),
  shards: policies.length,
  stops: () => readStops(dynamo, tables.lists),
  policiesOf: (account: string) =>
    createDenyPolicies({
      writerArn: inAccount(writer, account),
      externalId,
      policyArns: policies.map((arn) => inAccount(arn, account)),
    }),
  record: (record: Parameters<typeof putOnce>[2]) => putOnce(dynamo, tables, record),
};

/** Runs every minute, and when the publisher has stored a new stop: `core/endpoints/aws-stop.ts` tells the steps. */
export const handler = async (_event: unknown, context: Context): Promise<void> => {
  const { coarse, written } = await stopInAws({ ...deps, requestId: context.awsRequestId });
  metrics.addMetric("CoarseStops", MetricUnit.Count, coarse);
  metrics.publishStoredMetrics();
  if (written > 0) logger.info("deny policies were written", { written, coarse });
};
