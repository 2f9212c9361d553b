import { GetRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import {
  type FunctionConfiguration,
  GetFunctionConfigurationCommand,
  LambdaClient,
  type LambdaClientConfig,
} from "@aws-sdk/client-lambda";
import { type ControlPlanes, settingsDigest } from "../../../core/drift/function-state.ts";

/** Nobody waits for a look; a control plane that throttles is asked again. */
const settings: LambdaClientConfig = {
  maxAttempts: 4,
  requestHandler: { connectionTimeout: 2_000, requestTimeout: 10_000, throwOnRequestTimeout: true },
};

/** What the services say of what is not there, and IAM of a role that is none of those the watch may look at. */
const missing: ReadonlySet<string> = new Set([
  "ResourceNotFoundException",
  "NoSuchEntity",
  "NoSuchEntityException",
  "AccessDenied",
]);

/** Lambda and IAM, as they tell of functions and of their roles' trust. */
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

/** What says, beside the code, which code runs, where, and with what. AWS itself moves a runtime's version on: not that. */
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
