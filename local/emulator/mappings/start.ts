import type { StreamAnswer } from "./options.ts";
/** Starts the template's event source mappings on the embedded streams. */

import type { DynamoDb } from "../dynamodb/engine.ts";
import { matchesPattern } from "../events/pattern.ts";
import type { HostedFunction } from "../functions/host.ts";
import type { Permissions } from "../iam/permissions.ts";
import { contextOf } from "../service.ts";
import type { Mapping } from "./of-template.ts";
import { type EventSourceMapping, startEventSourceMapping } from "./stream.ts";

/** What a mapping needs from the cloud. */
interface MappingGround {
  readonly db: DynamoDb;
  readonly permissions: Permissions;
  readonly functions: ReadonlyMap<string, HostedFunction>;
  /** Takes what was given up. */
  readonly discard: (queueArn: string, text: string) => void;
}

/** Lambda looks four times a second; here five times as often, so that tests wait for little. */
const lookMillis = 50;
const streamRights = ["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"];

/**
 * Starts one mapping.
 * @returns the running mapping; throws when the function's role may not read the stream, since AWS refuses that too
 */
export function startMapping(ground: MappingGround, mapping: Mapping): Promise<EventSourceMapping> {
  const { properties, functionName } = mapping;
  const hosted = ground.functions.get(functionName);
  if (hosted === undefined) throw new Error(`mapping ${mapping.id}: function ${functionName} does not exist`);
  for (const right of streamRights) {
    const access = { action: `dynamodb:${right}`, resource: mapping.streamArn, context: contextOf({}) };
    const refusal = ground.permissions.roleRefusal(hosted.description.roleArn, access);
    if (refusal !== undefined) throw new Error(`mapping of ${functionName}: ${refusal}`);
  }
  const responseTypes = (properties.FunctionResponseTypes ?? []) as string[];
  const onFailure = mapping.onFailureArn;
  return startEventSourceMapping({
    db: ground.db,
    table: mapping.table,
    tableArn: mapping.tableArn,
    mappingId: mapping.id,
    filterPatterns: mapping.patterns,
    matches: matchesPattern,
    batchSize: Number(properties.BatchSize ?? 100),
    batchingWindowMillis: Number(properties.MaximumBatchingWindowInSeconds ?? 0) * 1000,
    lookMillis,
    startingPosition: properties.StartingPosition === "LATEST" ? "LATEST" : "TRIM_HORIZON",
    reportBatchItemFailures: responseTypes.includes("ReportBatchItemFailures"),
    bisectOnError: properties.BisectBatchOnFunctionError === true,
    maximumRetryAttempts: Number(properties.MaximumRetryAttempts ?? -1),
    maximumRecordAgeSeconds: Number(properties.MaximumRecordAgeInSeconds ?? -1),
    async invoke(event) {
      const outcome = await hosted.invoke(event);
      if ("error" in outcome) throw new Error(outcome.error.errorMessage);
      return (outcome.payload === undefined ? undefined : JSON.parse(outcome.payload)) as StreamAnswer;
    },
    ...(onFailure === undefined
      ? {}
      : {
          onDiscard: (records, condition) => {
            // As on AWS, the queue learns where the records stood, never what they said.
            const sequences = records.map(({ dynamodb }) => dynamodb.SequenceNumber);
            ground.discard(
              onFailure,
              JSON.stringify({
                requestContext: { functionArn: hosted.description.arn, condition },
                DDBStreamBatchInfo: {
                  startSequenceNumber: sequences[0],
                  endSequenceNumber: sequences.at(-1),
                  batchSize: records.length,
                  streamArn: mapping.streamArn,
                },
              }),
            );
          },
        }),
  });
}
