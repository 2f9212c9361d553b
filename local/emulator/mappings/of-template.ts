/** Event source mappings, as the template holds them. */
import { list } from "../cloudformation/list.ts";
import type { Cloud } from "../cloudformation/template.ts";
import { checkPattern } from "../events/pattern.ts";
import type { Json } from "../service.ts";
import { queuesOf } from "../sqs/of-template.ts";
import type { QueueMapping } from "./queue.ts";

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
