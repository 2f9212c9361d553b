import { GetRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import {
  type FunctionConfiguration,
  GetFunctionConfigurationCommand,
  LambdaClient,
  type LambdaClientConfig,
} from "@aws-sdk/client-lambda";
import { type ControlPlanes, settingsDigest } from "../../../core/drift/function-state.ts";

/** No caller waits for these lookups, so a throttled one is repeated. */
const settings: LambdaClientConfig = {
  maxAttempts: 4,
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 10_000, throwOnRequestTimeout: true },
};

/** Names of the services' errors for things that do not exist, and of IAM's for a role that the watch may not read. */
const missing: ReadonlySet<string> = new Set([
  "ResourceNotFoundException",
  "NoSuchEntity",
  "NoSuchEntityException",
  "AccessDenied",
]);

/** Reads functions and their roles' trust policies at Lambda and IAM. */
export function createControlPlanes(
  lambda = new LambdaClient(settings),
  iam = new IAMClient({ ...settings }),
): ControlPlanes {
  return {
    async find(functionName) {
      const told = await unlessMissing(
        lambda.send(new GetFunctionConfigurationCommand({ FunctionName: functionName })),
      );
      if (told === undefined) return undefined;
      const { CodeSha256, Role, LastModified } = told;
      const modifiedAtMillis = Date.parse(LastModified ?? "");
      if (!CodeSha256 || !Role || Number.isNaN(modifiedAtMillis))
        throw new Error(`Lambda's answer about ${functionName} is incomplete`);
      const trust = await unlessMissing(
        iam.send(new GetRoleCommand({ RoleName: Role.slice(Role.lastIndexOf("/") + 1) })),
      );
      return {
        codeSha256: CodeSha256,
        roleArn: Role,
        settings: settingsDigest(whatRuns(told)),
        modifiedAtMillis,
        trust: trust?.Role?.AssumeRolePolicyDocument,
      };
    },
  };
}

/**
 * The settings that decide, beside the code itself, which code runs, where, and with what. The runtime's exact version
 * is left out, since AWS updates it.
 */
function whatRuns(of: FunctionConfiguration): unknown {
  const { Runtime, Handler, Architectures, PackageType, Timeout, MemorySize, KMSKeyArn } = of;
  const { Layers = [], FileSystemConfigs = [], VpcConfig, DeadLetterConfig, Environment, ImageConfigResponse } = of;
  return {
    ...{ Runtime, Handler, Architectures, PackageType, Timeout, MemorySize, KMSKeyArn },
    layers: Layers.map(({ Arn }) => Arn),
    fileSystems: FileSystemConfigs.map(({ Arn, LocalMountPath }) => [Arn, LocalMountPath]),
    network: [VpcConfig?.SubnetIds ?? [], VpcConfig?.SecurityGroupIds ?? []],
    deadLetters: DeadLetterConfig?.TargetArn,
    image: ImageConfigResponse?.ImageConfig,
    variables: Environment?.Variables ?? {},
  };
}

async function unlessMissing<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (thrown) {
    if (thrown instanceof Error && missing.has(thrown.name)) return undefined;
    throw thrown;
  }
}
