import { cpSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Aws, Duration, FileSystem, RemovalPolicy } from "aws-cdk-lib";
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
import { callable, type FunctionName, functionEntry, functions, registryPacker } from "../../lambdas/manifest.ts";
import { acknowledgeTracing } from "../acknowledged.ts";
import type { Stage } from "../settings/stage.ts";
import { allow, type Grant } from "./grant.ts";
import { type NamedRole, roleName } from "./roles.ts";

/** Cedar's WebAssembly, as the bundler places it beside a function. */
const cedarFile = "cedar_wasm_bg.wasm";

/** Values by the names of `lambdas/env.ts`. */
type Environment = Partial<Record<keyof typeof env, string>>;

/** What every function is made from. */
export interface FunctionProps {
  readonly stage: Stage;
  /** Folder of the bundles, one folder for each function. */
  readonly dist: string;
}

/** Input of a function; the rest is in the manifest under its name. */
interface LanyardFunctionProps extends FunctionProps {
  readonly name: FunctionName;
  /** Variables beside stage, trust domain and what records say, which are always set, and those that are set with a right. */
  readonly environment?: Environment;
}

/**
 * One of Lanyard's functions: Node 24 on arm64, its own log group, and its own role with only the rights that are
 * granted here. A grant of a resource also sets the variable by which the code finds it, so that neither exists without
 * the other.
 */
export class LanyardFunction extends Construct {
  readonly entry: FunctionName;
  readonly role: Role;
  readonly function: LambdaFunction;
  readonly logGroup: LogGroup;

  /** @param id from the manifest; logical ids are made from it */
  constructor(scope: Construct, id: string, props: LanyardFunctionProps) {
    super(scope, id);
    const { stage, name } = props;
    const { does, memoryMegabytes, timeoutSeconds, id: known } = functions[name];
    if (id !== known) throw new Error(`function ${name} is ${known} in the manifest, not ${id}`);
    this.entry = name;
    const named = namedRole(name);
    this.role = new Role(this, "Role", {
      assumedBy: new ServicePrincipal("lambda.amazonaws.com"),
      description: `Lanyard ${stage.name}: ${name}`,
      ...(named && { roleName: roleName(stage, named) }),
    });
    this.logGroup = new LogGroup(this, "Logs", {
      retention: stage.logRetentionDays as RetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.grant({
      actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
      on: [{ name: "its logs", arn: this.logGroup.logGroupArn }],
      why: "writes its own log",
      byAws: true,
    });
    const code = bundle(props.dist, name);
    this.function = new LambdaFunction(this, "Function", {
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      handler: "index.handler",
      code: Code.fromAsset(code.folder),
      description: does,
      role: this.role,
      logGroup: this.logGroup,
      tracing: Tracing.ACTIVE,
      memorySize: memoryMegabytes,
      timeout: Duration.seconds(timeoutSeconds),
      environment: environment(props),
      ...reserved(stage, name),
      ...(stage.codeSigningConfig && {
        codeSigningConfig: CodeSigningConfig.fromCodeSigningConfigArn(this, "Signed", stage.codeSigningConfig),
      }),
    });
    // the assembly has its own copy now
    if (code.isCopy) rmSync(code.folder, { recursive: true });
    acknowledgeTracing(this.role);
  }

  /**
   * Gives the function one right, and sets the variables it needs to use it.
   * @param environment variables that name what it may use
   */
  grant(grant: Grant, environment: Environment = {}): void {
    allow(this.role, grant);
    this.tell(environment);
  }

  /** Sets variables that belong to no right. */
  tell(environment: Environment): void {
    for (const [key, value] of Object.entries(environment))
      this.function.addEnvironment(env[key as keyof typeof env], value);
  }

  /**
   * Name of the function's role, for the policies of resources.
   * @throws where the manifest gives it no fixed name, since then no policy may name it
   */
  get namedRole(): NamedRole {
    const named = namedRole(this.entry);
    if (!named) throw new Error(`the role of ${this.entry} has no fixed name: say so in the manifest`);
    return named;
  }
}

function namedRole(name: FunctionName): NamedRole | undefined {
  return functionEntry(name).namedRole ? (name as NamedRole) : undefined;
}

function environment({ stage, name, environment: given }: LanyardFunctionProps): Record<string, string> {
  const record = { account: Aws.ACCOUNT_ID, ocsf: stage.ocsf };
  const own = { stage: stage.name, trustDomain: stage.trustDomain, ...record, ...given };
  const named = Object.entries(own).map(([key, value]) => [env[key as keyof typeof env], value] as const);
  return {
    ...Object.fromEntries(named),
    POWERTOOLS_SERVICE_NAME: name,
    POWERTOOLS_METRICS_NAMESPACE: "Lanyard",
    LOG_LEVEL: stage.logLevel,
  };
}

function reserved(stage: Stage, name: FunctionName): { reservedConcurrentExecutions?: number } {
  const known = callable.find((one) => one === name);
  const amount = known && stage.reservedConcurrency[known];
  return amount === undefined ? {} : { reservedConcurrentExecutions: amount };
}

/**
 * A function's complete bundle. The package contains Cedar's WebAssembly once, beside the program that packs
 * registries; a function that decides by Cedar gets its copy here.
 * @returns a folder, and whether it was made for this use and may be removed after it
 * @throws when the bundle was not built
 */
export function bundle(dist: string, name: FunctionName): { readonly folder: string; readonly isCopy: boolean } {
  const folder = join(dist, name);
  if (!existsSync(folder)) throw new Error(`there is no bundle ${folder}: run \`npm run build\` first`);
  const cedar = join(dist, registryPacker, cedarFile);
  if (!functionEntry(name).cedar || existsSync(join(folder, cedarFile)) || !existsSync(cedar))
    return { folder, isCopy: false };
  const copy = FileSystem.mkdtemp("lanyard-function-");
  cpSync(folder, copy, { recursive: true });
  cpSync(cedar, join(copy, cedarFile));
  return { folder: copy, isCopy: true };
}
