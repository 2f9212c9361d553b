/** What the template holds, in the words of the embedded services: nothing is written twice. */
import { join } from "node:path";
import type { TableFace } from "../dynamodb/access.ts";
import { checkPattern } from "../events/pattern.ts";
import { rateMillis } from "../events/schedule.ts";
import type { Rule, Target } from "../events/service.ts";
import type { DeliveryStream } from "../firehose.ts";
import type { FunctionDescription } from "../functions/instance.ts";
import type { KeyDescription } from "../kms/key.ts";
import type { QueueMapping } from "../mappings/queue.ts";
import type { Json } from "../service.ts";
import type { QueueDescription } from "../sqs/queues.ts";
import type { Parameter } from "../ssm.ts";
import type { Cloud, Resource } from "./template.ts";

/** A table: its permissions' face, the CreateTable call and its TTL attribute. */
export interface Table extends TableFace {
  readonly create: Json;
  readonly ttlAttribute?: string;
}

/** Tables of the template. */
export function tablesOf(cloud: Cloud): Table[] {
  return cloud.ofType("AWS::DynamoDB::GlobalTable", "AWS::DynamoDB::Table").map((resource) => {
    const { ref, attributes } = cloud.physical(resource);
    const properties = cloud.properties(resource);
    const indexes = list(properties.GlobalSecondaryIndexes).map(({ IndexName, KeySchema, Projection }) => ({
      IndexName,
      KeySchema,
      Projection,
    }));
    const stream = properties.StreamSpecification as Json | undefined;
    const ttl = properties.TimeToLiveSpecification as { AttributeName?: string; Enabled?: boolean } | undefined;
    return {
      name: ref,
      arn: attributes.Arn ?? "",
      partitionKey: hashKey(properties.KeySchema),
      indexes: new Map(indexes.map(({ IndexName, KeySchema }) => [String(IndexName), hashKey(KeySchema)])),
      create: {
        TableName: ref,
        AttributeDefinitions: properties.AttributeDefinitions,
        KeySchema: properties.KeySchema,
        BillingMode: "PAY_PER_REQUEST",
        ...(indexes.length === 0 ? {} : { GlobalSecondaryIndexes: indexes }),
        // A global table's stream has no StreamEnabled: being there says it.
        ...(stream === undefined
          ? {}
          : { StreamSpecification: { StreamEnabled: true, StreamViewType: stream.StreamViewType } }),
      },
      ...(ttl?.Enabled === true && ttl.AttributeName !== undefined ? { ttlAttribute: ttl.AttributeName } : {}),
    };
  });
}

/** Keys of the template. */
export function keysOf(cloud: Cloud): KeyDescription[] {
  return cloud.ofType("AWS::KMS::Key").map((resource) => {
    const { ref, attributes } = cloud.physical(resource);
    const {
      KeySpec = "SYMMETRIC_DEFAULT",
      KeyUsage = "ENCRYPT_DECRYPT",
      Enabled = true,
      Tags,
    } = cloud.properties(resource);
    const tags = Object.fromEntries(list(Tags).map(({ Key, Value }) => [String(Key), String(Value)]));
    return {
      id: ref,
      arn: attributes.Arn ?? "",
      spec: String(KeySpec),
      usage: String(KeyUsage),
      enabled: Enabled === true,
      tags,
    };
  });
}

/** Key id by alias name. */
export function aliasesOf(cloud: Cloud): Map<string, string> {
  return new Map(
    cloud.ofType("AWS::KMS::Alias").map((resource) => {
      const { AliasName, TargetKeyId } = cloud.properties(resource);
      return [String(AliasName), String(TargetKeyId).replace(/^arn:.*:key\//, "")];
    }),
  );
}

/** Parameters of the template. */
export function parametersOf(cloud: Cloud): Parameter[] {
  return cloud.ofType("AWS::SSM::Parameter").map((resource) => {
    const { Type, Value } = cloud.properties(resource);
    return { name: cloud.physical(resource).ref, type: String(Type), value: String(Value) };
  });
}

/** A queue of the template. */
export interface QueueOfTemplate extends QueueDescription {
  readonly url: string;
  readonly visibilityMillis: number;
}

/** Queues of the template. */
export function queuesOf(cloud: Cloud): QueueOfTemplate[] {
  return cloud.ofType("AWS::SQS::Queue").map((queue) => {
    const { ref, attributes } = cloud.physical(queue);
    const { RedrivePolicy, VisibilityTimeout = 30 } = cloud.properties(queue);
    const { deadLetterTargetArn, maxReceiveCount } = (RedrivePolicy ?? {}) as Json;
    return {
      arn: attributes.Arn ?? "",
      url: ref,
      visibilityMillis: Number(VisibilityTimeout) * 1000,
      ...(deadLetterTargetArn === undefined
        ? {}
        : { redrive: { arn: String(deadLetterTargetArn), mostReceives: Number(maxReceiveCount) } }),
    };
  });
}

/** A function and the role it runs as. */
export interface FunctionOfTemplate extends Omit<FunctionDescription, "environment"> {
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

/**
 * Delivery streams of the template.
 * @param bucketFolder folder that plays a bucket, by the bucket's ARN
 */
export function deliveryStreamsOf(cloud: Cloud, bucketFolder: (arn: string) => string): DeliveryStream[] {
  return cloud.ofType("AWS::KinesisFirehose::DeliveryStream").map((resource) => {
    const { ref, attributes } = cloud.physical(resource);
    const destination = cloud.properties(resource).ExtendedS3DestinationConfiguration as Json | undefined;
    if (destination === undefined)
      throw new Error(`delivery stream ${ref}: only ExtendedS3DestinationConfiguration is known`);
    const buffering = (destination.BufferingHints ?? {}) as { IntervalInSeconds?: number; SizeInMBs?: number };
    return {
      name: ref,
      arn: attributes.Arn ?? "",
      folder: bucketFolder(String(destination.BucketARN)),
      prefix: String(destination.Prefix ?? ""),
      bufferSeconds: Number(buffering.IntervalInSeconds ?? 300),
      bufferBytes: Number(buffering.SizeInMBs ?? 5) * 1_048_576,
      gzip: compression(ref, destination.CompressionFormat),
      delimiter: delimiterOf(ref, destination.ProcessingConfiguration as Json | undefined),
      ...(destination.FileExtension === undefined ? {} : { fileExtension: String(destination.FileExtension) }),
    };
  });
}

function compression(stream: string, format: unknown): boolean {
  if (format === "GZIP") return true;
  if (format === undefined || format === "UNCOMPRESSED") return false;
  throw new Error(`delivery stream ${stream}: compression ${String(format)} is not known to the embedded Firehose`);
}

function delimiterOf(stream: string, processing: Json | undefined): string {
  if (processing === undefined || processing.Enabled === false) return "";
  return list(processing.Processors)
    .map(({ Type, Parameters }) => {
      if (Type !== "AppendDelimiterToRecord")
        throw new Error(`delivery stream ${stream}: processor ${String(Type)} is not known`);
      const given = list(Parameters).find(({ ParameterName }) => ParameterName === "Delimiter");
      // The template writes the two characters \n.
      return String(given?.ParameterValue ?? "\\n").replaceAll("\\n", "\n");
    })
    .join("");
}

/** Rules of the template; patterns are checked now. */
export function rulesOf(cloud: Cloud): Rule[] {
  return cloud.ofType("AWS::Events::Rule").flatMap((resource) => {
    const { ref, attributes } = cloud.physical(resource);
    const {
      EventBusName = "default",
      EventPattern,
      ScheduleExpression,
      State = "ENABLED",
      Targets,
    } = cloud.properties(resource);
    if (State === "DISABLED" || isServiceRule(EventPattern, EventBusName)) return [];
    if (EventPattern !== undefined) checkPattern(EventPattern);
    return [
      {
        name: ref,
        arn: attributes.Arn ?? "",
        bus: String(EventBusName).replace(/^arn:.*\//, ""),
        ...(EventPattern === undefined ? {} : { pattern: EventPattern }),
        ...(ScheduleExpression === undefined ? {} : { everyMillis: rateMillis(String(ScheduleExpression)) }),
        targets: list(Targets).map((target) => targetOf(ref, target)),
      },
    ];
  });
}

/** Rules on the default bus for AWS's own events (CloudTrail, say): nothing here sends those. */
function isServiceRule(pattern: unknown, bus: unknown): boolean {
  const sources = list((pattern as Json | undefined)?.source) as unknown as string[];
  return (
    bus === "default" &&
    sources.length > 0 &&
    sources.every((source) => typeof source === "string" && source.startsWith("aws."))
  );
}

function targetOf(rule: string, target: Json): Target {
  if (target.InputTransformer !== undefined)
    throw new Error(`rule ${rule}: InputTransformer is not known to the embedded EventBridge`);
  const deadLetter = target.DeadLetterConfig as { Arn?: string } | undefined;
  const retry = target.RetryPolicy as { MaximumRetryAttempts?: number } | undefined;
  return {
    arn: String(target.Arn),
    ...(target.RoleArn === undefined ? {} : { roleArn: String(target.RoleArn) }),
    ...(target.InputPath === undefined ? {} : { inputPath: String(target.InputPath) }),
    ...(target.Input === undefined ? {} : { input: String(target.Input) }),
    ...(deadLetter?.Arn === undefined ? {} : { deadLetterArn: deadLetter.Arn }),
    mostRetries: retry?.MaximumRetryAttempts ?? 185,
  };
}

/** An event source mapping of a table's stream. */
export interface Mapping {
  readonly id: string;
  readonly table: string;
  readonly tableArn: string;
  readonly streamArn: string;
  readonly functionName: string;
  readonly patterns: readonly unknown[];
  readonly properties: Json;
  readonly onFailureArn?: string;
}

/** Event source mappings of queues in the template. */
export function queueMappingsOf(cloud: Cloud): QueueMapping[] {
  const queues = new Map(queuesOf(cloud).map((queue) => [queue.arn, queue]));
  return cloud.ofType("AWS::Lambda::EventSourceMapping").flatMap((resource) => {
    const properties = cloud.properties(resource);
    const queue = queues.get(String(properties.EventSourceArn));
    if (queue === undefined || properties.Enabled === false) return [];
    return [
      {
        id: cloud.physical(resource).ref,
        queueArn: queue.arn,
        functionName: String(properties.FunctionName).replace(/^arn:.*:function:/, ""),
        batchSize: Number(properties.BatchSize ?? 10),
        reportBatchItemFailures: ((properties.FunctionResponseTypes ?? []) as string[]).includes(
          "ReportBatchItemFailures",
        ),
        visibilityMillis: queue.visibilityMillis,
      },
    ];
  });
}

/** Event source mappings of tables' streams in the template. */
export function mappingsOf(cloud: Cloud): Mapping[] {
  const queues = new Set(queuesOf(cloud).map(({ arn }) => arn));
  return cloud.ofType("AWS::Lambda::EventSourceMapping").flatMap((resource) => {
    const properties = cloud.properties(resource);
    const streamArn = String(properties.EventSourceArn);
    if (queues.has(streamArn)) return [];
    const [tableArn = "", label] = streamArn.split("/stream/");
    if (label === undefined) throw new Error(`mapping ${resource.logicalId}: ${streamArn} is no stream of a table`);
    if (properties.Enabled === false) return [];
    const filters = list((properties.FilterCriteria as Json | undefined)?.Filters);
    const patterns = filters.map(({ Pattern }) => JSON.parse(String(Pattern)) as unknown);
    for (const pattern of patterns) checkPattern(pattern);
    const onFailure = (properties.DestinationConfig as { OnFailure?: { Destination?: string } } | undefined)?.OnFailure
      ?.Destination;
    return [
      {
        id: cloud.physical(resource).ref,
        table: tableArn.slice(tableArn.lastIndexOf("/") + 1),
        tableArn,
        streamArn,
        functionName: String(properties.FunctionName).replace(/^arn:.*:function:/, ""),
        patterns,
        properties,
        ...(onFailure === undefined ? {} : { onFailureArn: onFailure }),
      },
    ];
  });
}

/**
 * Folder that plays a bucket.
 * @param root folder of all buckets
 */
export function bucketFolder(root: string, arn: string): string {
  return join(root, arn.replace(/^arn:aws:s3:::/, ""));
}

function hashKey(schema: unknown): string {
  return String(list(schema).find(({ KeyType }) => KeyType === "HASH")?.AttributeName);
}

function list(value: unknown): Json[] {
  return Array.isArray(value) ? (value as Json[]) : [];
}
