import type { Context } from "aws-lambda";
import { createAdminReadEndpoint } from "../../core/endpoints/admin-read.ts";
import { createCedarEngine } from "../../core/policy/cedar.ts";
import { createToolChangeReads } from "../aws/dynamodb/approvals/tool-changes.ts";
import { createBudgetReads } from "../aws/dynamodb/budgets/budget-reads.ts";
import { readRuns } from "../aws/dynamodb/canary-runs.ts";
import { createRateLimiter } from "../aws/dynamodb/counters.ts";
import { createLeafPlaces } from "../aws/dynamodb/leaves/places.ts";
import { createPersonKeys } from "../aws/dynamodb/people/person-keys.ts";
import { createRegistryStore } from "../aws/dynamodb/registry/registry-writer.ts";
import { createSessionQueries } from "../aws/dynamodb/sessions/session-queries.ts";
import { cedar } from "../cedar-module.ts";
import { env } from "../env.ts";
import { clock, ground, setting, tables } from "../ground.ts";
import { compressed } from "../http/compressed.ts";
import { httpHandler } from "../http/edge.ts";
import { operatorOf } from "../http/operator.ts";
import type { UrlEvent } from "../http/url-event.ts";

const { dynamo, denying, refuse } = ground();
const canaryTable = process.env[env.canaryTable] === undefined ? undefined : setting("canaryTable");
const endpoint = createAdminReadEndpoint({
  ...denying,
  trustDomain: setting("trustDomain"),
  registry: createRegistryStore(dynamo, tables),
  queries: createSessionQueries(dynamo, tables),
  budgets: createBudgetReads(dynamo, tables),
  policy: createCedarEngine(cedar),
  leaves: createLeafPlaces(dynamo, tables.leaves),
  people: createPersonKeys(dynamo, tables),
  limiter: createRateLimiter(dynamo, tables, clock),
  ...(process.env[env.changesTable] && { changes: createToolChangeReads(dynamo, tables) }),
  ...(canaryTable && { canary: { since: (atMillis) => readRuns(dynamo, canaryTable, atMillis) } }),
});

const answer = httpHandler((call, event) => endpoint(call, operatorOf(event)), refuse);

/**
 * These two answers are compressed: a registry may be nearly as large as Lambda can answer, and grows when its quotes
 * are escaped. Answers that contain agents' own texts are never compressed, since the compressed length could tell
 * about the rest of the answer.
 */
const packed: readonly string[] = ["/registry", "/openapi.json"];

/** Questions of operators, who are known as IAM authenticated them. */
export const handler = async (event: UrlEvent, context: Context) => {
  const result = await answer(event, context);
  return packed.includes(event.requestContext.http.path) ? compressed(event, result) : result;
};
