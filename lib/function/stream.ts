import { Duration } from "aws-cdk-lib";
import { EventSourceMapping, FilterCriteria, StartingPosition } from "aws-cdk-lib/aws-lambda";
import { type IQueue, Queue, QueueEncryption } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import { acknowledgeDeadLetters } from "../acknowledged.ts";
import type { TableName, TableSet } from "../state/table-set.ts";
import type { LanyardFunction } from "./lanyard-function.ts";

/**
 * A queue for messages that could not be delivered: kept 14 days, SSE by SQS itself (EventBridge cannot use an
 * AWS-owned KMS key), TLS only.
 */
export function deadLetters(scope: Construct, id: string): Queue {
  const queue = new Queue(scope, id, {
    encryption: QueueEncryption.SQS_MANAGED,
    enforceSSL: true,
    retentionPeriod: Duration.days(14),
  });
  acknowledgeDeadLetters(queue);
  return queue;
}

/** How a function receives one stream. */
interface FeedProps {
  readonly tables: TableSet;
  readonly table: TableName;
  /** Which records it receives; never REMOVE records, which come from expiry. */
  readonly filter: Record<string, unknown>;
  /** Batches of one shard that are handled at the same time. */
  readonly parallelization: number;
  /** Where a function that has several streams sends its failures; otherwise a queue of its own is made. */
  readonly failures?: IQueue;
  /** How often a failed batch is tried again; 20 times by default. */
  readonly retryAttempts?: number;
  /** Name of the mapping, for a function that has several. */
  readonly id?: string;
}

/**
 * Connects a function to a table's stream. It starts at the oldest record, since records written while the mapping is
 * created would otherwise be lost. A failing batch is split until the bad record is alone. The queue only raises an
 * alarm and stores nothing: it receives the position in the stream, never the record.
 */
export function feed(of: LanyardFunction, props: FeedProps): { failures: IQueue } {
  const { tables, table, filter, parallelization, retryAttempts = 20, id = "Stream" } = props;
  const failures = props.failures ?? deadLetters(of, "Failures");
  const eventSourceArn = tables.grantStream(of, table);
  of.grant({
    actions: ["sqs:SendMessage"],
    on: [{ name: "its queue of failures", arn: failures.queueArn }],
    why: "its mapping writes down places in the stream that were given up",
    byAws: true,
  });
  const mapping = new EventSourceMapping(of, id, {
    target: of.function,
    eventSourceArn,
    startingPosition: StartingPosition.TRIM_HORIZON,
    batchSize: 100,
    parallelizationFactor: parallelization,
    bisectBatchOnError: true,
    reportBatchItemFailures: true,
    retryAttempts,
    maxRecordAge: Duration.hours(20),
    filters: [FilterCriteria.filter(filter)],
    onFailure: { bind: () => ({ destination: failures.queueArn }) },
  });
  // the role's rights must exist before the mapping is created, since AWS checks them then
  mapping.node.addDependency(of.role);
  return { failures };
}
