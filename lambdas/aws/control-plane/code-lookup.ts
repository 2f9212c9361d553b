import type { CodeLookup, LookupFailure } from "../../../core/attest/contract/aws.ts";
import { limits } from "../../../core/model/limits.ts";
import { err, ok, type Result } from "../../../core/model/result.ts";

/** Every lookup is bounded in time, so that an attestation does not wait for the control plane. */
const settings = {
  maxAttempts: 2,
  requestHandler: {
    connectionTimeout: 1_000,
    requestTimeout: limits.lookupTimeoutMillis,
    throwOnRequestTimeout: true,
  },
};

/** Names of the services' errors for things that do not exist. */
const missing: ReadonlySet<string> = new Set([
  "ResourceNotFoundException",
  "ClusterNotFoundException",
  "NoSuchEntity",
  "NoSuchEntityException",
  "InvalidParameterException",
]);

const failure = (thrown: unknown): Result<never, LookupFailure> => {
  const name = thrown instanceof Error ? thrown.name : "unknown";
  return err({ why: missing.has(name) ? "missing" : "unavailable", detail: name });
};

/**
 * Creates lookups at Lambda, ECS and IAM. Each service's client is loaded with its first lookup, so that an instance
 * that needs none never loads it.
 */
export function createCodeLookup(): CodeLookup {
  const lambda = lazily(async () => {
    const { GetFunctionConfigurationCommand, LambdaClient } = await import("@aws-sdk/client-lambda");
    const client = new LambdaClient(settings);
    return (FunctionName: string, Qualifier: string) =>
      client.send(new GetFunctionConfigurationCommand({ FunctionName, Qualifier }));
  });
  const ecs = lazily(async () => {
    const { DescribeTasksCommand, ECSClient } = await import("@aws-sdk/client-ecs");
    const client = new ECSClient(settings);
    return (cluster: string, taskId: string) => client.send(new DescribeTasksCommand({ cluster, tasks: [taskId] }));
  });
  const iam = lazily(async () => {
    const { GetRoleCommand, IAMClient } = await import("@aws-sdk/client-iam");
    const client = new IAMClient(settings);
    return (RoleName: string) => client.send(new GetRoleCommand({ RoleName }));
  });
  return {
    async functionVersion(functionArn, version) {
      try {
        const { FunctionArn, Version, CodeSha256 } = await (await lambda())(functionArn, version);
        if (!FunctionArn || !Version || !CodeSha256) return incomplete;
        return ok({ arn: FunctionArn, version: Version, codeSha256: CodeSha256 });
      } catch (thrown) {
        return failure(thrown);
      }
    },
    async task(cluster, taskId) {
      try {
        const { tasks = [] } = await (await ecs())(cluster, taskId);
        const [task] = tasks;
        if (!task) return err({ why: "missing", detail: "no such task" });
        const { taskArn, clusterArn, taskDefinitionArn, lastStatus, launchType, group, containers = [] } = task;
        if (!taskArn || !clusterArn || !taskDefinitionArn || !lastStatus) return incomplete;
        return ok({
          arn: taskArn,
          clusterArn,
          taskDefinitionArn,
          lastStatus,
          ...(launchType === undefined ? {} : { launchType }),
          ...(group === undefined ? {} : { group }),
          containers: containers.map(({ name = "", imageDigest }) =>
            imageDigest === undefined ? { name } : { name, imageDigest },
          ),
        });
      } catch (thrown) {
        return failure(thrown);
      }
    },
    async role(roleName) {
      try {
        const { Role } = await (await iam())(roleName);
        if (!Role?.Arn || !Role.RoleId || Role.AssumeRolePolicyDocument === undefined) return incomplete;
        return ok({ arn: Role.Arn, uniqueId: Role.RoleId, trustPolicy: Role.AssumeRolePolicyDocument });
      } catch (thrown) {
        return failure(thrown);
      }
    },
  };
}

const incomplete = err<LookupFailure>({ why: "unavailable", detail: "the answer is incomplete" });

/** Loads once; a failed load is tried again. */
function lazily<T>(load: () => Promise<T>): () => Promise<T> {
  let loaded: Promise<T> | undefined;
  return () => {
    loaded ??= load().catch((thrown) => {
      loaded = undefined;
      throw thrown;
    });
    return loaded;
  };
}
