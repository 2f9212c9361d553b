import { Duration } from "aws-cdk-lib";
import { Alarm, ComparisonOperator, type IMetric, Metric, TreatMissingData } from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { LanyardFunction } from "./lanyard-function.ts";
import type { Stage } from "./stage.ts";

const period = Duration.minutes(1);

/** Alarms of one stack; with the setting `alarms.enabled` false there are none. */
export class Alarms extends Construct {
  readonly #enabled: boolean;
  readonly #topic: ITopic;

  constructor(scope: Construct, id: string, stage: Stage, topic: ITopic) {
    super(scope, id);
    this.#enabled = stage.alarms.enabled;
    this.#topic = topic;
  }

  /** A denial is a value, so that an error is a bug or broken infrastructure; a throttle is a caller turned away unheard. */
  ofFunction(name: string, of: LanyardFunction): void {
    this.alarm(`${name}Errors`, of.function.metricErrors({ period }), 0, `${name} failed`);
    this.alarm(`${name}Throttles`, of.function.metricThrottles({ period }), 0, `${name} was throttled`);
  }

  /** A filter that matches nothing still advances the iterator: this tells of a stuck function, not of lost records. */
  ofStream(name: string, of: LanyardFunction): void {
    const age = of.function.metric("IteratorAge", { period, statistic: "Maximum" });
    this.alarm(`${name}Age`, age, 300_000, `${name} is more than five minutes behind its stream`);
  }

  /** Anything in a dead-letter queue is one thing too many. */
  ofQueue(name: string, queue: IQueue): void {
    const waiting = queue.metricApproximateNumberOfMessagesVisible({ period, statistic: "Maximum" });
    this.alarm(name, waiting, 0, `${name} holds messages`);
  }

  /** Age of the oldest record that Firehose has not written yet. */
  ofDelivery(streamName: string, bufferSeconds: number): void {
    const age = new Metric({
      namespace: "AWS/Firehose",
      metricName: "DeliveryToS3.DataFreshness",
      dimensionsMap: { DeliveryStreamName: streamName },
      statistic: "Maximum",
      period,
    });
    this.alarm("Freshness", age, bufferSeconds + 300, "audit records reach the bucket more than five minutes late");
  }

  private alarm(id: string, metric: IMetric, above: number, alarmDescription: string): void {
    if (!this.#enabled) return;
    const alarm = new Alarm(this, id, {
      metric,
      threshold: above,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods: 1,
      treatMissingData: TreatMissingData.NOT_BREACHING,
      alarmDescription,
    });
    alarm.addAlarmAction(new SnsAction(this.#topic));
  }
}
