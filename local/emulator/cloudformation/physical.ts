/**
 * What CloudFormation would answer to `Ref` and `Fn::GetAtt`, by resource type. Names are derived from stack and
 * logical id alone, so that a restart finds its own data again. A type that is not listed here is refused.
 */
import { createHash } from "node:crypto";
import { isCustom } from "./custom-resources.ts";
import type { Naming, Physical, Resource } from "./template.ts";

/** What naming must ask the running cloud. */
interface Ground {
  /** URL of a function, with the trailing slash that AWS gives it. */
  functionUrl(resource: Resource): string;
  /** What a custom resource has answered so far; without it such resources are refused. */
  customAttributes?(resource: Resource): Readonly<Record<string, string>>;
}

interface Asked {
  readonly resource: Resource;
  readonly account: string;
  readonly region: string;
  readonly ground: Ground;
  /** The name the template gives, or the one CloudFormation would make up. */
  name(property: string, longest?: number): string;
  text(property: string): string;
}

type Maker = (asked: Asked) => Physical;

const named =
  (service: string, property: string, { path, longest = 64 }: { path: string; longest?: number }): Maker =>
  ({ account, region, name }) => {
    const ref = name(property, longest);
    return { ref, attributes: { Arn: `arn:aws:${service}:${region}:${account}:${path}${ref}`, Name: ref } };
  };

const nothing: Maker = ({ resource }) => ({ ref: madeUpName(resource), attributes: {} });

/** Types that are accepted and stay without effect on this machine. */
const inertTypes = [
  "AWS::ApplicationAutoScaling::ScalableTarget",
  // nobody asks Athena here: the objects are read by DuckDB
  "AWS::Athena::NamedQuery",
  "AWS::Athena::WorkGroup",
  "AWS::CDK::Metadata",
  "AWS::CloudWatch::CompositeAlarm",
  "AWS::CloudWatch::Dashboard",
  "AWS::Glue::Database",
  "AWS::Glue::Table",
  "AWS::Lambda::EventInvokeConfig",
  "AWS::Logs::LogStream",
  "AWS::Logs::MetricFilter",
  "AWS::SNS::Subscription",
  "AWS::SNS::TopicPolicy",
] as const;

const makers: Record<string, Maker> = {
  "AWS::DynamoDB::GlobalTable": (asked) => table(asked),
  "AWS::DynamoDB::Table": (asked) => table(asked),
  "AWS::KMS::Key": ({ resource, account, region }) => {
    const id = stableUuid(resource);
    return { ref: id, attributes: { Arn: `arn:aws:kms:${region}:${account}:key/${id}`, KeyId: id } };
  },
  "AWS::KMS::Alias": ({ text }) => ({ ref: text("AliasName"), attributes: {} }),
  "AWS::Lambda::Function": named("lambda", "FunctionName", { path: "function:" }),
  "AWS::Lambda::Url": ({ resource, text, ground }) => ({
    ref: text("TargetFunctionArn"),
    attributes: { FunctionArn: text("TargetFunctionArn"), FunctionUrl: ground.functionUrl(resource) },
  }),
  "AWS::ApiGatewayV2::Api": ({ resource }) => ({ ref: madeUpName(resource, 32), attributes: {} }),
  "AWS::ApiGatewayV2::Stage": ({ text }) => ({ ref: text("StageName"), attributes: {} }),
  "AWS::ApiGatewayV2::DomainName": ({ text }) => ({
    ref: text("DomainName"),
    attributes: { RegionalDomainName: text("DomainName"), RegionalHostedZoneId: "LOCAL" },
  }),
  "AWS::ApiGatewayV2::ApiMapping": nothing,
  "AWS::ApiGatewayV2::Authorizer": ({ resource }) => ({ ref: madeUpName(resource, 32), attributes: {} }),
  "AWS::ApiGatewayV2::Integration": nothing,
  "AWS::ApiGatewayV2::Route": nothing,
  "AWS::Lambda::EventSourceMapping": ({ resource }) => ({
    ref: stableUuid(resource),
    attributes: { Id: stableUuid(resource) },
  }),
  "AWS::Lambda::Permission": nothing,
  "AWS::Lambda::ResourcePolicy": nothing,
  "AWS::SSM::Parameter": ({ name, text }) => ({
    ref: name("Name"),
    attributes: {
      Type: text("Type"),
      get Value() {
        return text("Value");
      },
    },
  }),
  "AWS::Events::EventBus": named("events", "Name", { path: "event-bus/" }),
  "AWS::Events::EventBusPolicy": nothing,
  "AWS::Events::Rule": named("events", "Name", { path: "rule/" }),
  "AWS::KinesisFirehose::DeliveryStream": named("firehose", "DeliveryStreamName", { path: "deliverystream/" }),
  "AWS::S3::Bucket": ({ name }) => {
    const ref = name("BucketName", 63).toLowerCase();
    const domain = `${ref}.s3.amazonaws.com`;
    return { ref, attributes: { Arn: `arn:aws:s3:::${ref}`, DomainName: domain, RegionalDomainName: domain } };
  },
  "AWS::S3::BucketPolicy": nothing,
  "AWS::IAM::Role": ({ resource, account, name, text }) => {
    const ref = name("RoleName");
    const path = resource.raw.Path === undefined ? "/" : text("Path");
    const attributes = {
      Arn: `arn:aws:iam::${account}:role${path}${ref}`,
      RoleId: uniqueId("AROA", `${account}/${ref}`),
    };
    return { ref, attributes };
  },
  "AWS::IAM::OIDCProvider": ({ account, text }) => {
    const arn = `arn:aws:iam::${account}:oidc-provider/${text("Url").replace(/^https?:\/\//, "")}`;
    return { ref: arn, attributes: { Arn: arn } };
  },
  "AWS::IAM::Policy": nothing,
  "AWS::IAM::ManagedPolicy": ({ resource, account, name, text }) => {
    const path = resource.raw.Path === undefined ? "/" : text("Path");
    const ref = `arn:aws:iam::${account}:policy${path}${name("ManagedPolicyName", 128)}`;
    return { ref, attributes: { PolicyArn: ref } };
  },
  "AWS::SQS::Queue": ({ resource, account, region, name }) => {
    const base = name("QueueName", 75);
    const queue = resource.raw.FifoQueue === true && !base.endsWith(".fifo") ? `${base}.fifo` : base;
    const ref = `https://sqs.${region}.amazonaws.com/${account}/${queue}`;
    return { ref, attributes: { Arn: `arn:aws:sqs:${region}:${account}:${queue}`, QueueName: queue, QueueUrl: ref } };
  },
  "AWS::SQS::QueuePolicy": nothing,
  "AWS::SNS::Topic": ({ account, region, name }) => {
    const topic = name("TopicName");
    const arn = `arn:aws:sns:${region}:${account}:${topic}`;
    return { ref: arn, attributes: { TopicArn: arn, TopicName: topic } };
  },
  "AWS::Logs::LogGroup": ({ account, region, name }) => {
    const ref = name("LogGroupName");
    return { ref, attributes: { Arn: `arn:aws:logs:${region}:${account}:log-group:${ref}:*` } };
  },
  "AWS::CloudWatch::Alarm": named("cloudwatch", "AlarmName", { path: "alarm:", longest: 255 }),
  ...Object.fromEntries(inertTypes.map((type) => [type, nothing])),
};

/**
 * Makes the naming of a cloud.
 * @param ground what only the running cloud knows
 * @returns the naming; it throws on a resource type that the embedded cloud does not know
 */
export function physicalNames(ground: Ground): Naming {
  return (resource, property) => {
    const maker = makers[resource.type] ?? customMaker(resource.type);
    if (maker === undefined) {
      const where = `${resource.stack.name}/${resource.logicalId}`;
      throw new Error(
        `resource type ${resource.type} of ${where} is not known to the embedded cloud: add it to local/emulator/cloudformation/physical.ts`,
      );
    }
    const { account, region } = resource.stack;
    const name = (key: string, longest = 64) => {
      const given = resource.raw[key] === undefined ? undefined : property(key);
      return typeof given === "string" ? given : madeUpName(resource, longest);
    };
    return maker({ resource, account, region, ground, name, text: (key) => String(property(key)) });
  };
}

/** Its function says what it is; attributes come once that has run. */
const customMaker = (type: string): Maker | undefined =>
  isCustom(type)
    ? ({ resource, ground }) => {
        if (ground.customAttributes === undefined)
          throw new Error(`custom resource ${resource.logicalId} cannot be run`);
        return { ref: resource.logicalId, attributes: ground.customAttributes(resource) };
      }
    : undefined;

function table({ resource, account, region, name }: Asked): Physical {
  const ref = name("TableName", 255);
  const Arn = `arn:aws:dynamodb:${region}:${account}:table/${ref}`;
  // The label is the stream's birth on AWS; here it is fixed, so that consumers keep their place over restarts.
  return {
    ref,
    attributes: { Arn, StreamArn: `${Arn}/stream/2026-01-01T00:00:00.000`, TableId: stableUuid(resource) },
  };
}

function digest(resource: Resource): Buffer {
  return createHash("sha256").update(`${resource.stack.name}/${resource.logicalId}`).digest();
}

function madeUpName(resource: Resource, longest = 64): string {
  const suffix = digest(resource).toString("hex").slice(0, 12);
  return `${resource.stack.name}-${resource.logicalId}`.slice(0, longest - suffix.length - 1).concat(`-${suffix}`);
}

function stableUuid(resource: Resource): string {
  const hex = digest(resource).toString("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join("-");
}

/**
 * An IAM unique id as AWS writes them.
 * @param prefix four letters: `AROA` for roles, `ASIA` for temporary keys
 * @param seed what the id stands for; equal seeds give equal ids
 */
export function uniqueId(prefix: string, seed: string): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  return (
    prefix + [...createHash("sha256").update(seed).digest().subarray(0, 17)].map((byte) => letters[byte % 32]).join("")
  );
}
