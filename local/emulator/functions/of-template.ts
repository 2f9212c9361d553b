/** Hosts the template's functions, each with its role's credentials and nothing of this process's environment. */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import type { Cloud, Resource } from "../cloudformation/template.ts";
import type { Callers, Credentials } from "../iam/caller.ts";
import type { Json } from "../service.ts";
import type { StateFolder } from "../state.ts";
import type { FunctionDescription, SandboxKind } from "./description.ts";
import { type HostedFunction, hostFunction } from "./host.ts";

/** A function and the role it runs as. */
interface FunctionOfTemplate extends Omit<FunctionDescription, "environment"> {
  readonly resource: Resource;
  readonly variables: Readonly<Record<string, string>>;
}

/**
 * Functions of the template.
 * @param mostInstances sandboxes a function, unless it reserves fewer
 */
export function functionsOf(cloud: Cloud, mostInstances: number): FunctionOfTemplate[] {
  return cloud.ofType("AWS::Lambda::Function").map((resource) => {
    const { ref, attributes } = cloud.physical(resource);
    const {
      Code,
      Handler,
      Timeout = 3,
      MemorySize = 128,
      Role,
      Environment,
      ReservedConcurrentExecutions,
    } = cloud.properties(resource);
    const hash = String((Code as Json).S3Key).replace(/\.zip$/, "");
    const folder = resource.stack.assets.get(hash);
    if (folder === undefined) throw new Error(`function ${ref}: its code is no asset of this assembly`);
    return {
      resource,
      name: ref,
      arn: attributes.Arn ?? "",
      roleArn: String(Role),
      folder,
      handler: String(Handler),
      timeoutMillis: Number(Timeout) * 1000,
      memoryMegabytes: Number(MemorySize),
      mostInstances: Math.min(mostInstances, Number(ReservedConcurrentExecutions ?? mostInstances)),
      variables: ((Environment as Json | undefined)?.Variables ?? {}) as Record<string, string>,
    };
  });
}

/** What the functions are told about where they run. */
interface FunctionPlace {
  readonly region: string;
  /** URL of the AWS endpoint. */
  readonly endpoint: string;
  readonly mostInstances: number;
  readonly state: StateFolder;
  /** Folder for what V8 made of their code. */
  readonly compiled?: string;
  readonly sandbox?: SandboxKind;
}

/** Functions of the template by physical name; no sandbox starts before the first event. */
export function hostFunctions(cloud: Cloud, place: FunctionPlace, callers: Callers): Map<string, HostedFunction> {
  const logs = place.state.at("logs");
  return new Map(
    functionsOf(cloud, place.mostInstances).map((found) => {
      const { name, arn, roleArn } = found;
      const credentials = callers.issue({ roleArn, sessionName: name, functionArn: arn, tags: {} });
      const { compiled, sandbox } = place;
      const description = {
        ...found,
        environment: environmentOf(found, place, credentials),
        ...(compiled === undefined ? {} : { compiled }),
        ...(sandbox === undefined ? {} : { sandbox }),
      };
      const file = logs === undefined ? undefined : logFileOf(logs, name);
      const keep =
        file === undefined ? undefined : (line: string) => appendFileSync(file, `${line}\n`, { mode: 0o600 });
      return [name, hostFunction(description, keep)] as const;
    }),
  );
}

/**
 * A function by its physical name, or by what it calls itself.
 * @param knownBy variable of its environment that says so; undefined when none does
 */
export function functionNamed(
  functions: ReadonlyMap<string, HostedFunction>,
  name: string,
  knownBy: string | undefined,
): HostedFunction | undefined {
  const calledSo = ({ description }: HostedFunction) =>
    knownBy !== undefined && description.environment[knownBy] === name;
  return functions.get(name) ?? [...functions.values()].find(calledSo);
}

const logFileOf = (logs: string, name: string): string => join(logs, `${name}.log`);
const linesShown = 5;

/**
 * What failed in which function, where its log is, and what to do: one entry for each function that failed.
 * @param logs folder of the log files; undefined for a run in memory, whose last lines are told instead
 */
export function failuresOf(functions: Iterable<HostedFunction>, logs: string | undefined): readonly string[] {
  return [...functions].flatMap((hosted) => {
    const failure = hosted.failure();
    if (failure === undefined) return [];
    const { name } = hosted.description;
    const where =
      logs === undefined
        ? `its last lines, none of which is kept (leave --memory out to keep a log): ${hosted.logs().slice(-linesShown).join(" | ").slice(-1_000)}`
        : `its log is ${logFileOf(logs, name)}`;
    return [`function ${name} failed last with ${failure}; ${where}. Mend what it names and start again`];
  });
}

/** The template's variables, overridden by what Lambda itself sets. */
function environmentOf(
  found: FunctionOfTemplate,
  place: FunctionPlace,
  credentials: Credentials,
): Record<string, string> {
  return {
    ...found.variables,
    TZ: ":UTC",
    LANG: "en_US.UTF-8",
    PATH: "/usr/local/bin:/usr/bin/:/bin",
    LAMBDA_TASK_ROOT: found.folder,
    _HANDLER: found.handler,
    AWS_EXECUTION_ENV: "AWS_Lambda_nodejs24.x",
    AWS_LAMBDA_FUNCTION_NAME: found.name,
    AWS_LAMBDA_FUNCTION_VERSION: "$LATEST",
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(found.memoryMegabytes),
    AWS_LAMBDA_INITIALIZATION_TYPE: "on-demand",
    AWS_REGION: place.region,
    AWS_DEFAULT_REGION: place.region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
    AWS_ENDPOINT_URL: place.endpoint,
    // Never this machine's own profile or metadata service.
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
  };
}
