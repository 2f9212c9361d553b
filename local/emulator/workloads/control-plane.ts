/**
 * Lambda: Invoke, and its control plane, as what the stacks run may ask it: GetFunction and GetFunctionConfiguration; and
 * what an intruder would do: UpdateFunctionCode. The service names its operation by path.
 */
import type { HostedFunction } from "../functions/host.ts";
import { invokeCall } from "../functions/invoke.ts";
import { contextOf, type PlainCall, type PlainService, ServiceError } from "../service.ts";
import type { OwnThings } from "./own-functions.ts";
import type { Workloads } from "./workloads.ts";

interface LambdaGround {
  readonly account: string;
  readonly region: string;
  readonly own: OwnThings;
  /** Those that run here. */
  readonly functions: ReadonlyMap<string, HostedFunction>;
}

const codePath = /^\/2015-03-31\/functions\/([^/]+)\/code$/;
const configurationPath = /^\/2015-03-31\/functions\/([^/]+)(\/configuration)?$/;

/** Lambda, of the template's functions and of what the control plane knows of workloads. */
export function openLambda(workloads: Workloads, ground: LambdaGround): PlainService {
  const { account, region, own } = ground;
  return (request) => {
    const invocation = invokeCall(ground, request);
    if (invocation !== undefined) return invocation;
    const { method, target, body: sent } = request;
    const { pathname, searchParams } = new URL(target, "http://127.0.0.1");
    const [, changed] = codePath.exec(pathname) ?? [];
    if (method === "PUT" && changed !== undefined) return updateCode(own, decodeURIComponent(changed), sent.toString());
    const [, named, suffix] = configurationPath.exec(pathname) ?? [];
    if (method !== "GET" || named === undefined)
      throw new ServiceError("ResourceNotFoundException", "the embedded cloud has no such Lambda operation", 404);
    const said = decodeURIComponent(named);
    const ours = own.functions.get(said.slice(said.lastIndexOf(":") + 1));
    if (ours !== undefined && suffix !== undefined && !searchParams.has("Qualifier")) {
      // without a qualifier IAM evaluates the function itself
      return {
        operation: "GetFunctionConfiguration",
        access: [{ action: "lambda:GetFunctionConfiguration", resource: ours.arn, context: contextOf({}) }],
        answer: () => ({ body: JSON.stringify(ours.configuration), type: "application/json" }),
      };
    }
    const arn = said.startsWith("arn:") ? said : `arn:aws:lambda:${region}:${account}:function:${said}`;
    const version = searchParams.get("Qualifier") ?? "$LATEST";
    const operation = suffix === undefined ? "GetFunction" : "GetFunctionConfiguration";
    return {
      operation,
      access: [{ action: `lambda:${operation}`, resource: `${arn}:${version}`, context: contextOf({}) }],
      answer() {
        const found = workloads.version(arn, version);
        if (found === undefined)
          throw new ServiceError("ResourceNotFoundException", `Function not found: ${arn}:${version}`, 404);
        const configuration = {
          FunctionName: arn.slice(arn.lastIndexOf(":") + 1),
          FunctionArn: `${arn}:${version}`,
          Version: version,
          CodeSha256: found.codeSha256,
          Role: found.roleArn,
          Runtime: "nodejs24.x",
          PackageType: "Zip",
          State: "Active",
        };
        const body = suffix === undefined ? { Configuration: configuration } : configuration;
        return { body: JSON.stringify(body), type: "application/json" };
      },
    };
  };
}

function updateCode(own: OwnThings, name: string, sent: string): PlainCall {
  const found = own.functions.get(name.slice(name.lastIndexOf(":") + 1));
  if (found === undefined) throw new ServiceError("ResourceNotFoundException", `Function not found: ${name}`, 404);
  const { ZipFile } = JSON.parse(sent) as { ZipFile?: string };
  if (ZipFile === undefined) throw new ServiceError("InvalidParameterValueException", "only ZipFile is known here");
  return {
    operation: "UpdateFunctionCode",
    access: [{ action: "lambda:UpdateFunctionCode", resource: found.arn, context: contextOf({}) }],
    answer() {
      own.tellOfCode(String(found.configuration.FunctionName), Buffer.from(ZipFile, "base64"));
      return { body: JSON.stringify(found.configuration), type: "application/json" };
    },
  };
}
