import { type SignedCallerIdentityInput, signedCallerIdentity } from "./platform/signed-caller-identity.ts";
import type { EvidenceSource } from "./platform/source.ts";

/** How the request is signed, and where the task runs. */
export interface EcsTaskInput extends SignedCallerIdentityInput {
  /** Name of the task's cluster, in which the deployment looks the task up. */
  readonly cluster: string;
}

/**
 * Evidence of an ECS task: a `sts:GetCallerIdentity` request signed with the task's own credentials, whose session ECS
 * names after the task.
 * @throws RangeError for a Region without an STS endpoint
 */
export function ecsTask({ cluster, ...input }: EcsTaskInput): EvidenceSource {
  const type = "ecs-task";
  const sign = signedCallerIdentity(input);
  return { type, collect: async (request) => ({ type, ...(await sign(request)), cluster }) };
}
