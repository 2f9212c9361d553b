/** Policies that the template's resources carry. */
import type { Cloud, Resource } from "../cloudformation/template.ts";
import type { Json } from "../service.ts";
import { queuesOf } from "../sqs/of-template.ts";
import { readPolicy, type Statement } from "./policy.ts";

/** Statements of every resource's policy, by the resource's ARN; throws on one that cannot be evaluated in full. */
export function readResourcePolicies(cloud: Cloud): Map<string, Statement[]> {
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
    add(busArn(policy, EventBusName), readPolicy({ Version: "2012-10-17", Statement }, policy.logicalId));
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
  for (const policy of cloud.ofType("AWS::SNS::TopicPolicy")) {
    const { Topics = [], PolicyDocument } = cloud.properties(policy) as { Topics?: string[]; PolicyDocument?: unknown };
    for (const arn of Topics) add(arn, readPolicy(PolicyDocument, policy.logicalId));
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
