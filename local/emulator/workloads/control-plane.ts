/**
 * Lambda and IAM, as what the stacks run may ask them: GetFunction and GetFunctionConfiguration by
 * path, GetRole by form; and what an intruder would do: UpdateFunctionCode, UpdateAssumeRolePolicy. These two services
 * name their operation otherwise than by `x-amz-target`.
 */
import { randomUUID } from "node:crypto";
import { roleIdOf } from "../iam/context.ts";
import type { Role, Roles } from "../iam/roles.ts";
import { contextOf, type PlainCall, type PlainService, ServiceError } from "../service.ts";
import type { OwnThings } from "./own-functions.ts";
import type { Workloads } from "./workloads.ts";

interface Place {
  readonly account: string;
  readonly region: string;
}

const codePath = /^\/2015-03-31\/functions\/([^/]+)\/code$/;
const configurationPath = /^\/2015-03-31\/functions\/([^/]+)(\/configuration)?$/;

/** Lambda's control plane. */
export function openLambda(workloads: Workloads, own: OwnThings, { account, region }: Place): PlainService {
  return ({ method, target, body: sent }) => {
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

/** IAM's GetRole, and UpdateAssumeRolePolicy of a role of the template's. */
export function openIam(workloads: Workloads, roles: Roles, { account }: Place): PlainService {
  return ({ body }) => {
    const form = new URLSearchParams(body.toString());
    const operation = form.get("Action") ?? "";
    const name = form.get("RoleName") ?? "";
    const ours = roles.named(account, name);
    if (operation === "UpdateAssumeRolePolicy" && ours?.trust !== undefined) return updateTrust(ours, form);
    if (operation !== "GetRole") throw new ServiceError("InvalidAction", `the embedded cloud has no IAM ${operation}`);
    // a role that came with a workload is in the book for its rights alone
    const found = ours?.trust === undefined ? workloads.role(name) : { ...ours, uniqueId: roleIdOf(ours.arn) };
    // what is not there is asked for under the name alone, as on AWS
    const resource = found?.arn ?? `arn:aws:iam::${account}:role/${name}`;
    return {
      operation,
      access: [{ action: "iam:GetRole", resource, context: contextOf({}) }],
      answer() {
        if (found === undefined)
          throw new ServiceError("NoSuchEntity", `The role with name ${name} cannot be found.`, 404);
        const path = found.arn.slice(found.arn.indexOf("/"), found.arn.lastIndexOf("/") + 1);
        const members = {
          Path: path,
          RoleName: name,
          RoleId: found.uniqueId,
          Arn: found.arn,
          CreateDate: "2026-01-01T00:00:00Z",
          AssumeRolePolicyDocument: encodeURIComponent(JSON.stringify(found.trust)),
        };
        const role = Object.entries(members).map(([tag, value]) => `<${tag}>${value}</${tag}>`);
        return iamAnswer(operation, `<GetRoleResult><Role>${role.join("")}</Role></GetRoleResult>`);
      },
    };
  };
}

function updateTrust(role: Role, form: URLSearchParams): PlainCall {
  const trust: unknown = JSON.parse(form.get("PolicyDocument") ?? "");
  return {
    operation: "UpdateAssumeRolePolicy",
    access: [{ action: "iam:UpdateAssumeRolePolicy", resource: role.arn, context: contextOf({}) }],
    answer() {
      role.trust = trust;
      return iamAnswer("UpdateAssumeRolePolicy", "");
    },
  };
}

function iamAnswer(operation: string, result: string): ReturnType<PlainCall["answer"]> {
  const metadata = `<ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata>`;
  const xmlns = "https://iam.amazonaws.com/doc/2010-05-08/";
  return {
    body: `<${operation}Response xmlns="${xmlns}">${result}${metadata}</${operation}Response>`,
    type: "text/xml",
  };
}
