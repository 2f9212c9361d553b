/** Event source mappings of queues: messages in batches to a function, failed ones again, sooner than on AWS. */
import { createHash } from "node:crypto";
import type { HostedFunction } from "../functions/host.ts";
import type { Permissions } from "../iam/permissions.ts";
import { contextOf } from "../service.ts";
import type { Message, Queues } from "../sqs/queues.ts";
import type { StreamAnswer } from "./options.ts";
import type { EventSourceMapping } from "./stream.ts";

/** An event source mapping of a queue as the template says. */
export interface QueueMapping {
  readonly id: string;
  readonly queueArn: string;
  readonly functionName: string;
  readonly batchSize: number;
  readonly reportBatchItemFailures: boolean;
  /** How long AWS would keep a failed message back. */
  readonly visibilityMillis: number;
}

/** What a mapping needs from the cloud. */
interface QueueMappingGround {
  readonly queues: Queues;
  readonly permissions: Permissions;
  readonly functions: ReadonlyMap<string, HostedFunction>;
}

const rights = ["ReceiveMessage", "DeleteMessage", "GetQueueAttributes"];
/** A run of minutes must see what takes AWS an hour: failed messages come again after 200 ms, doubling to this. */
const longestPauseMillis = 2_000;

/**
 * Starts one mapping: one batch at a time, at least once, in no promised order.
 * @returns the running mapping; throws when the function's role may not work off the queue, since AWS refuses that too
 */
export function startQueueMapping(ground: QueueMappingGround, mapping: QueueMapping): EventSourceMapping {
  const { queues, functions, permissions } = ground;
  const { queueArn } = mapping;
  const hosted = functions.get(mapping.functionName);
  if (hosted === undefined) throw new Error(`mapping ${mapping.id}: function ${mapping.functionName} does not exist`);
  for (const right of rights) {
    const access = { action: `sqs:${right}`, resource: queueArn, context: contextOf({}) };
    const refusal = permissions.roleRefusal(hosted.description.roleArn, access);
    if (refusal !== undefined) throw new Error(`mapping of ${mapping.functionName}: ${refusal}`);
  }
  let stopped = false;
  let running: Promise<void> = Promise.resolve();
  let busy = false;
  const drain = async () => {
    for (;;) {
      const batch = stopped ? [] : queues.take(queueArn, mapping.batchSize);
      if (batch.length === 0) return;
      const failed = await call(hosted, mapping, batch);
      for (const message of batch) {
        if (failed.has(message.id)) queues.back(queueArn, message.id, pauseOf(mapping, message));
        else queues.done(queueArn, message.id);
      }
    }
  };
  const wake = () => {
    if (busy || stopped) return;
    busy = true;
    running = drain().finally(() => {
      busy = false;
    });
    running.catch(() => undefined);
  };
  const unsubscribe = queues.onWaiting(queueArn, () => setImmediate(wake));
  wake();
  return {
    async idle() {
      while (busy) await running;
    },
    async stop() {
      stopped = true;
      unsubscribe();
      await running;
    },
  };
}

/** @returns ids of the messages that failed: all of them when the function failed, those it names when it reports items */
async function call(
  hosted: HostedFunction,
  { queueArn, reportBatchItemFailures }: QueueMapping,
  batch: readonly Message[],
): Promise<ReadonlySet<unknown>> {
  const all = new Set<unknown>(batch.map(({ id }) => id));
  const outcome = await hosted.invoke({ Records: batch.map((message) => record(queueArn, message)) });
  if ("error" in outcome) return all;
  const answer = (outcome.payload === undefined ? undefined : JSON.parse(outcome.payload)) as StreamAnswer;
  if (!reportBatchItemFailures) return new Set();
  const failed = (answer?.batchItemFailures ?? []).map(({ itemIdentifier }) => itemIdentifier);
  // as Lambda has it, an answer that names what was not in the batch is no answer
  return failed.every((id) => all.has(id)) ? new Set(failed) : all;
}

const record = (queueArn: string, { id, text, attributes, receives }: Message) => ({
  messageId: id,
  receiptHandle: id,
  body: text,
  attributes: { ApproximateReceiveCount: String(receives) },
  messageAttributes: Object.fromEntries(
    Object.entries(attributes).map(([name, { DataType: dataType, StringValue: stringValue }]) => [
      name,
      { stringValue, stringListValues: [], binaryListValues: [], dataType },
    ]),
  ),
  md5OfBody: createHash("md5").update(text).digest("hex"),
  eventSource: "aws:sqs",
  eventSourceARN: queueArn,
  awsRegion: queueArn.split(":")[3],
});

const pauseOf = ({ visibilityMillis }: QueueMapping, { receives }: Message): number =>
  Math.min(visibilityMillis, longestPauseMillis, 100 * 2 ** receives);
