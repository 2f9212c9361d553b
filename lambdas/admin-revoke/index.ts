import { createAdminRevokeEndpoint } from "../../core/endpoints/admin-revoke.ts";
import { createPersonKeys } from "../aws/dynamodb/people/person-keys.ts";
import { createRevocationStore } from "../aws/dynamodb/revocations/revocation-store.ts";
import { createRevocationTargets } from "../aws/dynamodb/revocations/revocation-targets.ts";
import { ground, setting, tables } from "../ground.ts";
import { httpHandler } from "../http/edge.ts";
import { operatorOf } from "../http/operator.ts";

const { dynamo, denying, refuse } = ground();
const trustDomain = setting("trustDomain");
const endpoint = createAdminRevokeEndpoint({
  ...denying,
  trustDomain,
  revocations: createRevocationStore(dynamo, tables),
  people: createPersonKeys(dynamo, tables),
  targets: createRevocationTargets(dynamo, tables, trustDomain),
});

/** Revocation by operators, who are known as IAM authenticated them. */
export const handler = httpHandler((call, event) => endpoint(call, operatorOf(event)), refuse);
