import { createAdminReadEndpoint } from "../../core/admin/read.ts";
import { createCedarEngine } from "../../core/policy/cedar.ts";
import { createRegistryStore } from "../aws/registry-writer.ts";
import { createSessionQueries } from "../aws/session-queries.ts";
import { cedar } from "../cedar-module.ts";
import { ground, setting, tables } from "../ground.ts";
import { httpHandler } from "../http/edge.ts";
import { operatorOf } from "../http/operator.ts";

const { dynamo, denying, refuse } = ground();
const endpoint = createAdminReadEndpoint({
  ...denying,
  trustDomain: setting("trustDomain"),
  registry: createRegistryStore(dynamo, tables),
  queries: createSessionQueries(dynamo, tables),
  policy: createCedarEngine(cedar),
});

/** What operators look at, named by what IAM proved about them. */
export const handler = httpHandler((call, event) => endpoint(call, operatorOf(event)), refuse);
