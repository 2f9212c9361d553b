import { existsSync } from "node:fs";
import { join } from "node:path";
import { Duration, RemovalPolicy } from "aws-cdk-lib";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import {
  Architecture,
  Code,
  CodeSigningConfig,
  Function as LambdaFunction,
  Runtime,
  Tracing,
} from "aws-cdk-lib/aws-lambda";
import { LogGroup, type RetentionDays } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { env } from "../../lambdas/env.ts";
import { acknowledgeTracing } from "../acknowledged.ts";
import { reservable, type Stage } from "../settings/stage.ts";
import { allow } from "./grant.ts";
import { type NamedRole, roleName } from "./roles.ts";

/** How a function is made. */
export interface LanyardFunctionProps {
  readonly stage: Stage;
  /** Folder of the bundles, one folder a function. */
  readonly dist: string;
  /** Name of the function's folder there and in `lambdas/`. */
  readonly name: string;
  readonly description: string;
  /** Values by the names of `lambdas/env.ts`; stage and trust domain are always set. */
  readonly environment: Partial<Record<keyof typeof env, string>>;
  /** Set where a key, the bus or the bucket must know the role's name beforehand. */
  readonly namedRole?: NamedRole;
  readonly memoryMegabytes?: number;
  readonly timeoutSeconds?: number;
}

/** One of Lanyard's functions: Node 24 on arm64, its own role with nothing but what is added to it, its own log group. */
export class LanyardFunction extends Construct {
  readonly role: Role;
  readonly function: LambdaFunction;
  readonly logGroup: LogGroup;

  constructor(scope: Construct, id: string, props: LanyardFunctionProps) {
    super(scope, id);
    const { stage, name } = props;
    this.role = new Role(this, "Role", {
      assumedBy: new ServicePrincipal("lambda.amazonaws.com"),
      description: `Lanyard ${stage.name}: ${name}`,
      ...(props.namedRole && { roleName: roleName(stage, props.namedRole) }),
    });
    this.logGroup = new LogGroup(this, "Logs", {
      retention: stage.logRetentionDays as RetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    allow(this.role, ["logs:CreateLogStream", "logs:PutLogEvents"], [this.logGroup.logGroupArn]);
    this.function = new LambdaFunction(this, "Function", {
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: "index.handler",
      code: Code.fromAsset(bundle(props.dist, name)),
      description: props.description,
      role: this.role,
      logGroup: this.logGroup,
      tracing: Tracing.ACTIVE,
      memorySize: props.memoryMegabytes ?? 1_024,
      timeout: Duration.seconds(props.timeoutSeconds ?? 10),
      environment: environment(props),
      ...reserved(stage, name),
      ...(stage.codeSigningConfig && {
        codeSigningConfig: CodeSigningConfig.fromCodeSigningConfigArn(this, "Signed", stage.codeSigningConfig),
      }),
    });
    acknowledgeTracing(this.role);
  }
}

function environment({ stage, name, environment: given }: LanyardFunctionProps): Record<string, string> {
  const own = { stage: stage.name, trustDomain: stage.trustDomain, ...given };
  const named = Object.entries(own).map(([key, value]) => [env[key as keyof typeof env], value] as const);
  return {
    ...Object.fromEntries(named),
    POWERTOOLS_SERVICE_NAME: name,
    POWERTOOLS_METRICS_NAMESPACE: "Lanyard",
    LOG_LEVEL: stage.logLevel,
  };
}

function reserved(stage: Stage, name: string): { reservedConcurrentExecutions?: number } {
  const known = reservable.find((one) => one === name);
  const amount = known && stage.reservedConcurrency[known];
  return amount === undefined ? {} : { reservedConcurrentExecutions: amount };
}

/** A function's bundle. @throws when it was not built */
export function bundle(dist: string, name: string): string {
  const folder = join(dist, name);
  if (!existsSync(folder)) throw new Error(`there is no bundle ${folder}: run \`npm run build\` first`);
  return folder;
}
