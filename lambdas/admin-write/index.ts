import { createAdminWriteEndpoint } from "../../core/endpoints/admin-write.ts";
import { limits } from "../../core/model/limits.ts";
import { createRegistryStore } from "../aws/dynamodb/registry/registry-writer.ts";
import { cedar } from "../cedar-module.ts";
import { ground, setting, stageHas, tables } from "../ground.ts";
import { httpHandler } from "../http/edge.ts";
import { operatorOf } from "../http/operator.ts";

const { dynamo, denying, refuse } = ground();
const endpoint = createAdminWriteEndpoint({
  ...denying,
  issuer: setting("issuer"),
  trustDomain: setting("trustDomain"),
  registry: createRegistryStore(dynamo, tables),
  cedar,
  has: stageHas(),
});

/** Changes of the registry by operators, who are known as IAM authenticated them. */
export const handler = httpHandler((call, event) => endpoint(call, operatorOf(event)), refuse, {
  bodyBytes: limits.registryBodyBytes,
});
