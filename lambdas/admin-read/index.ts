import type { Context } from "aws-lambda";
import { createAdminReadEndpoint } from "../../core/endpoints/admin-read.ts";
import { createCedarEngine } from "../../core/policy/cedar.ts";
import { createRegistryStore } from "../aws/dynamodb/registry/registry-writer.ts";
import { createSessionQueries } from "../aws/dynamodb/sessions/session-queries.ts";
import { cedar } from "../cedar-module.ts";
import { ground, setting, tables } from "../ground.ts";
import { compressed } from "../http/compressed.ts";
import { httpHandler } from "../http/edge.ts";
import { operatorOf } from "../http/operator.ts";
import type { UrlEvent } from "../http/url-event.ts";

const { dynamo, denying, refuse } = ground();
const endpoint = createAdminReadEndpoint({
  ...denying,
  trustDomain: setting("trustDomain"),
  registry: createRegistryStore(dynamo, tables),
  queries: createSessionQueries(dynamo, tables),
  policy: createCedarEngine(cedar),
});

const answer = httpHandler((call, event) => endpoint(call, operatorOf(event)), refuse);

/**
 * A registry may be nearly as large as Lambda can answer, and grows when its quotes are escaped. What agents say of
 * themselves stands in no packed answer: beside text of theirs its length could tell of the rest.
 */
const packed: readonly string[] = ["/registry", "/openapi.json"];

/** What operators look at, named by what IAM proved about them. */
export const handler = async (event: UrlEvent, context: Context) => {
  const result = await answer(event, context);
  return packed.includes(event.requestContext.http.path) ? compressed(event, result) : result;
};
