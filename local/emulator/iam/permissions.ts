/** Who may do what: the policies of the template, gathered by role and by resource. */

import type { Cloud, Resource } from "../cloudformation/template.ts";
import { type Access, contextOf, type Json } from "../service.ts";
import { queuesOf } from "../sqs/of-template.ts";
import type { Caller } from "./caller.ts";
import { readPolicy, refusal, type Statement } from "./policy.ts";

/** Decides calls. */
export interface Permissions {
  /** Why the caller may not, in IAM's words; undefined when it may. */
  refusal(caller: Caller, access: Access): string | undefined;
  /** The same, were this the policy of the resource. */
  refusalUnder(document: unknown, caller: Caller, access: Access): string | undefined;
  /** The same for a role that a service takes on (a rule's, a mapping's). */
  roleRefusal(roleArn: string, access: Access): string | undefined;
  /** Why nobody in particular may: for what only the resource's own policy can allow. */
  anonymousRefusal(access: Access): string | undefined;
  /** The policy of a resource as it counts now. */
  resourcePolicy(arn: string): readonly Statement[] | undefined;
  /** Gives a resource that came after the template its policy; throws on one that cannot be evaluated in full. */
  setResourcePolicy(arn: string, document: unknown): void;
  /** Gives a role that the template does not hold its identity policy. */
  addRole(roleArn: string, document: unknown): void;
}

/** AWS's own policies that a role may name; they allow nothing that this cloud serves. */
const harmlessManagedPolicies = ["AWSLambdaBasicExecutionRole", "AWSXRayDaemonWriteAccess"];

/**
 * Reads every policy of the template.
 * @returns the decisions; throws on a policy that the evaluator cannot evaluate in full
 */
export function openPermissions(cloud: Cloud): Permissions {
  const identity = readIdentityPolicies(cloud);
  const resource = readResourcePolicies(cloud);
  const evaluate = (
    roleArn: string,
    access: Access,
    tags: Readonly<Record<string, string>>,
    {
      anonymous = false,
      policy = resource.get(policyHolder(access.resource)),
    }: { anonymous?: boolean; policy?: readonly Statement[] | undefined } = {},
  ) => {
    const [, , , region = "", account = ""] = access.resource.split(":");
    const own = anonymous ? "anonymous" : (roleArn.split(":")[4] ?? "");
    const context = {
      ...access.context,
      ...contextOf({
        "aws:PrincipalArn": anonymous ? undefined : roleArn,
        "aws:PrincipalAccount": anonymous ? undefined : own,
        "aws:PrincipalIsAWSService": "false",
        "aws:RequestedRegion": region === "" ? undefined : region,
        // Loopback stands for TLS here: a policy that asks for TLS is not what is being tested.
        "aws:SecureTransport": "true",
        "aws:SourceAccount": account === "" ? undefined : account,
        ...Object.fromEntries(Object.entries(tags).map(([key, value]) => [`aws:PrincipalTag/${key}`, value])),
      }),
    };
    return refusal(
      { principalArn: roleArn, account: own, action: access.action, resource: access.resource, context },
      {
        identity: anonymous ? [] : (identity.get(roleArn) ?? []),
        ...(policy === undefined ? {} : { resource: policy }),
        // making and listing keys speaks of no key yet, so no key's policy can speak of it
        resourceMustAllow: access.action.startsWith("kms:") && access.resource !== "*",
      },
    );
  };
  return {
    refusal: (caller, access) => evaluate(caller.roleArn, access, caller.tags),
    refusalUnder: (document, { roleArn, tags }, access) =>
      evaluate(roleArn, access, tags, { policy: readPolicy(document, access.resource) }),
    roleRefusal: (roleArn, access) => evaluate(roleArn, access, {}),
    anonymousRefusal: (access) => evaluate("anonymous", access, {}, { anonymous: true }),
    resourcePolicy: (arn) => resource.get(arn),
    setResourcePolicy: (arn, document) => void resource.set(arn, readPolicy(document, arn)),
    addRole: (roleArn, document) => void identity.set(roleArn, readPolicy(document, roleArn)),
  };
}

/** Whose policy speaks of a resource: an object has none but its bucket's. */
const policyHolder = (arn: string): string => (arn.startsWith("arn:aws:s3:::") ? (arn.split("/")[0] ?? arn) : arn);

function readIdentityPolicies(cloud: Cloud): Map<string, Statement[]> {
  const byRole = new Map<string, Statement[]>();
  const arnByName = new Map<string, string>();
  const add = (arn: string, statements: readonly Statement[]) =>
    byRole.set(arn, [...(byRole.get(arn) ?? []), ...statements]);
  for (const role of cloud.ofType("AWS::IAM::Role")) {
    const { ref, attributes } = cloud.physical(role);
    const arn = attributes.Arn ?? "";
    arnByName.set(ref, arn);
    add(arn, []);
    const { Policies = [], ManagedPolicyArns = [] } = cloud.properties(role) as {
      Policies?: Json[];
      ManagedPolicyArns?: string[];
    };
    for (const policy of Policies) add(arn, readPolicy(policy.PolicyDocument, ref));
    for (const managed of ManagedPolicyArns) {
      const isOurs = cloud.ofType("AWS::IAM::ManagedPolicy").some((each) => cloud.physical(each).ref === managed);
      if (!isOurs && !harmlessManagedPolicies.includes(managed.slice(managed.lastIndexOf("/") + 1))) {
        throw new Error(
          `role ${ref}: managed policy ${managed} is not known to the embedded cloud: write its statements out`,
        );
      }
      for (const each of cloud.ofType("AWS::IAM::ManagedPolicy")) {
        if (cloud.physical(each).ref === managed) add(arn, readPolicy(cloud.properties(each).PolicyDocument, managed));
      }
    }
  }
  for (const policy of cloud.ofType("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy")) {
    const { PolicyDocument, Roles = [] } = cloud.properties(policy) as { PolicyDocument: unknown; Roles?: string[] };
    for (const name of Roles) {
      const arn = arnByName.get(name);
      if (arn === undefined) throw new Error(`policy ${policy.logicalId} names role ${name}, which no stack holds`);
      add(arn, readPolicy(PolicyDocument, policy.logicalId));
    }
  }
  return byRole;
}

function readResourcePolicies(cloud: Cloud): Map<string, Statement[]> {
  const byArn = new Map<string, Statement[]>();
  const add = (arn: string, statements: readonly Statement[]) =>
    byArn.set(arn, [...(byArn.get(arn) ?? []), ...statements]);
  for (const key of cloud.ofType("AWS::KMS::Key")) {
    add(cloud.physical(key).attributes.Arn ?? "", readPolicy(cloud.properties(key).KeyPolicy, key.logicalId));
  }
  for (const table of cloud.ofType("AWS::DynamoDB::GlobalTable")) {
    const { Replicas = [] } = cloud.properties(table) as {
      Replicas?: { ResourcePolicy?: { PolicyDocument: unknown } }[];
    };
    for (const { ResourcePolicy } of Replicas) {
      if (ResourcePolicy !== undefined) {
        add(cloud.physical(table).attributes.Arn ?? "", readPolicy(ResourcePolicy.PolicyDocument, table.logicalId));
      }
    }
  }
  for (const policy of cloud.ofType("AWS::Events::EventBusPolicy")) {
    const { EventBusName = "default", Statement } = cloud.properties(policy) as {
      EventBusName?: string;
      Statement?: unknown;
    };
    if (Statement === undefined) throw new Error(`${policy.logicalId}: only bus policies with a Statement are known`);
    add(busArn(policy, EventBusName), readPolicy({ Statement }, policy.logicalId));
  }
  const queues = new Map(queuesOf(cloud).map(({ url, arn }) => [url, arn]));
  for (const policy of cloud.ofType("AWS::SQS::QueuePolicy")) {
    const { Queues = [], PolicyDocument } = cloud.properties(policy) as { Queues?: string[]; PolicyDocument?: unknown };
    for (const url of Queues) {
      const arn = queues.get(url);
      if (arn === undefined) throw new Error(`${policy.logicalId} names queue ${url}, which no stack holds`);
      add(arn, readPolicy(PolicyDocument, policy.logicalId));
    }
  }
  for (const policy of cloud.ofType("AWS::S3::BucketPolicy")) {
    const { Bucket, PolicyDocument } = cloud.properties(policy);
    add(`arn:aws:s3:::${String(Bucket)}`, readPolicy(PolicyDocument, policy.logicalId));
  }
  for (const policy of cloud.ofType("AWS::Lambda::ResourcePolicy")) {
    const { ResourceArn, PolicyDocument } = cloud.properties(policy);
    add(String(ResourceArn), readPolicy(PolicyDocument, policy.logicalId));
  }
  for (const permission of cloud.ofType("AWS::Lambda::Permission")) {
    const properties = cloud.properties(permission);
    add(functionArn(permission, String(properties.FunctionName)), [permissionStatement(properties)]);
  }
  return byArn;
}

/** What AddPermission writes into a function's policy. */
function permissionStatement(properties: Json): Statement {
  const { Action, Principal, FunctionUrlAuthType, InvokedViaFunctionUrl } = properties;
  const isAws = Principal === "*" || /^(\d{12}|arn:)/.test(String(Principal));
  return {
    Effect: "Allow",
    Principal: isAws ? (Principal === "*" ? "*" : { AWS: Principal }) : { Service: Principal },
    Action: String(Action),
    Condition: {
      ...(FunctionUrlAuthType === undefined
        ? {}
        : { StringEquals: { "lambda:FunctionUrlAuthType": FunctionUrlAuthType } }),
      ...(InvokedViaFunctionUrl === undefined
        ? {}
        : { Bool: { "lambda:InvokedViaFunctionUrl": String(InvokedViaFunctionUrl) } }),
    },
  };
}

function busArn({ stack }: Resource, name: string): string {
  return `arn:aws:events:${stack.region}:${stack.account}:event-bus/${name}`;
}

function functionArn({ stack }: Resource, nameOrArn: string): string {
  return nameOrArn.startsWith("arn:")
    ? nameOrArn
    : `arn:aws:lambda:${stack.region}:${stack.account}:function:${nameOrArn}`;
}
