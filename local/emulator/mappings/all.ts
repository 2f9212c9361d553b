import type { Closers } from "../closers.ts";
import type { Cloud } from "../cloudformation/template.ts";
import type { DynamoDb } from "../dynamodb/engine.ts";
import type { HostedFunction } from "../functions/host.ts";
import type { Permissions } from "../iam/permissions.ts";
import type { Queues } from "../sqs/queues.ts";
import { mappingsOf, queueMappingsOf } from "./of-template.ts";
import { startQueueMapping } from "./queue.ts";
import { startMapping } from "./start.ts";
import type { EventSourceMapping } from "./stream.ts";

interface MappingGround {
  readonly db: DynamoDb;
  readonly permissions: Permissions;
  readonly functions: ReadonlyMap<string, HostedFunction>;
  readonly queues: Queues;
}

/** Starts every event source mapping of the template; throws on one whose role may not read. */
export async function startMappings(
  cloud: Cloud,
  { db, permissions, functions, queues }: MappingGround,
  closers: Closers,
): Promise<EventSourceMapping[]> {
  const mappings: EventSourceMapping[] = [];
  closers.push(async () => {
    // Functions die beside their mappings: one that waits for an answer would wait for the time-out.
    const stopping = mappings.map((mapping) => mapping.stop().catch(() => undefined));
    await Promise.all([...functions.values()].map((hosted) => hosted.close()));
    await Promise.all(stopping);
  });
  for (const mapping of mappingsOf(cloud)) {
    mappings.push(
      await startMapping({ db, permissions, functions, discard: (arn, text) => void queues.put(arn, text) }, mapping),
    );
  }
  for (const mapping of queueMappingsOf(cloud))
    mappings.push(startQueueMapping({ queues, permissions, functions }, mapping));
  return mappings;
}
