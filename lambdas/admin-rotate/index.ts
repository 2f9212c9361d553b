import { createAdminRotateEndpoint } from "../../core/endpoints/admin-rotate.ts";
import { createOrderStore } from "../aws/dynamodb/ring-store.ts";
import { ground } from "../ground.ts";
import { httpHandler } from "../http/edge.ts";
import { operatorOf } from "../http/operator.ts";
import { keyringTables } from "../keyring.ts";

const { dynamo, denying, refuse } = ground();
const endpoint = createAdminRotateEndpoint({ ...denying, orders: createOrderStore(dynamo, keyringTables) });

/** Orders to rotate keys, by operators, who are known as IAM authenticated them. */
export const handler = httpHandler((call, event) => endpoint(call, operatorOf(event)), refuse);
