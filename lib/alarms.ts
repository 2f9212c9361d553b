import { Duration } from "aws-cdk-lib";
import {
  Alarm,
  ComparisonOperator,
  type IMetric,
  MathExpression,
  Metric,
  TreatMissingData,
} from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { LanyardFunction } from "./function/lanyard-function.ts";
import type { Stage } from "./settings/stage.ts";

const period = Duration.minutes(1);

/** Alarms of one stack; with the setting `alarms.enabled` false there are none. */
export class Alarms extends Construct {
  readonly #enabled: boolean;
  readonly #topic: ITopic;
  readonly #stage: string;
  readonly #each: boolean;

  constructor(scope: Construct, id: string, { stage, topic }: { readonly stage: Stage; readonly topic: ITopic }) {
    super(scope, id);
    this.#enabled = stage.alarms.enabled;
    this.#topic = topic;
    this.#stage = stage.name;
    this.#each = stage.alarms.eachFunction;
  }

  /**
   * Errors and throttles of the account's functions in this Region, as Lambda counts them over all: a denial is a value, so
   * that an error is a bug or broken infrastructure; a throttle is a caller turned away unheard, and concurrency is the
   * account's. One number instead of one a function, which is what CloudWatch charges; in an account where other functions
   * fail as well, {@link ofFunction} tells ours apart.
   */
  ofAllFunctions(): void {
    if (this.#each) return;
    const counted = (metricName: string) =>
      new Metric({ namespace: "AWS/Lambda", metricName, statistic: "Sum", period });
    this.alarm("Errors", counted("Errors"), { above: 0, description: "a function of this account and Region failed" });
    this.alarm("Throttles", counted("Throttles"), {
      above: 0,
      description: "a function of this account and Region was throttled",
    });
  }

  /** The same of one function, where the setting `alarms.eachFunction` says so. */
  ofFunction(name: string, of: LanyardFunction): void {
    if (!this.#each) return;
    this.alarm(`${name}Errors`, of.function.metricErrors({ period }), { above: 0, description: `${name} failed` });
    this.alarm(`${name}Throttles`, of.function.metricThrottles({ period }), {
      above: 0,
      description: `${name} was throttled`,
    });
  }

  /** A filter that matches nothing still advances the iterator: this tells of a stuck function, not of lost records. */
  ofStream(name: string, of: LanyardFunction): void {
    const age = of.function.metric("IteratorAge", { period, statistic: "Maximum" });
    this.alarm(`${name}Age`, age, {
      above: 300_000,
      description: `${name} is more than five minutes behind its stream`,
    });
  }

  /** A function that nobody calls any more fails in nothing. */
  ofSchedule(name: string, of: LanyardFunction, everyMinutes: number): void {
    const calls = of.function.metricInvocations({ period: Duration.minutes(3 * everyMinutes), statistic: "Sum" });
    const silent = new MathExpression({
      expression: "IF(FILL(calls, 0) == 0, 1, 0)",
      usingMetrics: { calls },
      label: "not called",
      period: Duration.minutes(3 * everyMinutes),
    });
    const seen = `${name} has not been called for ${6 * everyMinutes} minutes`;
    // nothing at all is what it looks for: whether FILL fills a series without a single point must not decide
    this.alarm(`${name}Silent`, silent, {
      above: 0,
      description: seen,
      evaluationPeriods: 2,
      missing: TreatMissingData.BREACHING,
    });
  }

  /**
   * How many active agents somebody has to look after, as the watch on their lifecycle counts them: it stays up for as
   * long as one is left.
   * @param metricName as `lambdas/lifecycle-watch` publishes it
   */
  ofAgents(metricName: string, which: string): void {
    const count = this.own(
      metricName,
      { service: "lifecycle-watch" },
      { statistic: "Maximum", period: Duration.days(1) },
    );
    this.alarm(metricName, count, { above: 0, description: `there are ${which}` });
  }

  /**
   * How many functions are not what was deployed, as the watch on them counts: it stays up for as long as one is left, and
   * while nobody counts.
   * @param everyMinutes how often the watch looks; a look that is late must not end the alarm
   */
  ofDrift(metricName: string, everyMinutes: number): void {
    const count = this.own(
      metricName,
      { service: "drift-watch" },
      { statistic: "Maximum", period: Duration.minutes(2 * everyMinutes) },
    );
    const seen = "a function or its role's trust is not what was deployed, or nobody looks";
    this.alarm(metricName, count, { above: 0, description: seen, missing: TreatMissingData.BREACHING });
  }

  /** Anything in a dead-letter queue is one thing too many. */
  ofQueue(name: string, queue: IQueue): void {
    const waiting = queue.metricApproximateNumberOfMessagesVisible({ period, statistic: "Maximum" });
    this.alarm(name, waiting, { above: 0, description: `${name} holds messages` });
  }

  /** A queue that nobody works off drops its messages unseen when their retention is over. */
  ofWork(name: string, queue: IQueue, aboveSeconds: number): void {
    const age = queue.metricApproximateAgeOfOldestMessage({ period, statistic: "Maximum" });
    this.alarm(`${name}Age`, age, {
      above: aboveSeconds,
      description: `${name}: a message has waited for more than ${aboveSeconds} s`,
    });
  }

  /** Age of the oldest record that Firehose has not written yet. */
  ofDelivery(streamName: string, bufferSeconds: number): void {
    const age = firehose(streamName, "DeliveryToS3.DataFreshness", { statistic: "Maximum", period });
    this.alarm("Freshness", age, {
      above: bufferSeconds + 300,
      description: "audit records reach the bucket more than five minutes late",
    });
  }

  /**
   * `token` granted something, which is recorded or not done, and nothing reaches Firehose, twice in a row, so that a
   * record on its way over the end of a period is no alarm. Age and queues stay quiet when the relay is not called at all
   * (a mapping that was disabled or deleted, a filter that matches nothing); this does not. Not by the table's own
   * metrics: an alarm on those keeps its state while there is no traffic, whatever it is told of missing data. A single
   * record missing among others it cannot see.
   */
  ofSilence(streamName: string): void {
    const fiveMinutes = Duration.minutes(5);
    const granted = this.own("Answers", { service: "token", class: "ok" }, { statistic: "Sum", period: fiveMinutes });
    const silent = new MathExpression({
      expression: "IF(FILL(granted, 0) > 0 AND FILL(arrived, 0) == 0, 1, 0)",
      usingMetrics: {
        granted,
        arrived: firehose(streamName, "IncomingRecords", { statistic: "Sum", period: fiveMinutes }),
      },
      label: "granted, nothing arrived",
      period: fiveMinutes,
    });
    const seen = "sessions and tokens are granted and no audit record reaches Firehose for ten minutes";
    const unseen =
      "Not seen: one record missing among others, or traffic too thin to grant in two periods of five minutes";
    this.alarm("Silence", silent, { above: 0, description: `${seen}. ${unseen}`, evaluationPeriods: 2 });
  }

  /** A metric that this deployment's functions print, as `lambdas/metrics` gives it its dimensions. */
  private own(metricName: string, by: Record<string, string>, over: Counted): Metric {
    const dimensionsMap = { ...by, stage: this.#stage };
    return new Metric({ namespace: "Lanyard", metricName, dimensionsMap, ...over });
  }

  private alarm(
    id: string,
    metric: IMetric,
    { above, description, evaluationPeriods = 1, missing = TreatMissingData.NOT_BREACHING }: Rings,
  ): void {
    if (!this.#enabled) return;
    const alarm = new Alarm(this, id, {
      metric,
      threshold: above,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      evaluationPeriods,
      treatMissingData: missing,
      alarmDescription: `${description}. See docs/runbook.md#${id.toLowerCase()}`,
    });
    alarm.addAlarmAction(new SnsAction(this.#topic));
  }
}

/** When an alarm rings. */
interface Rings {
  readonly above: number;
  /** What happened; the alarm's section in docs/runbook.md says what to do. */
  readonly description: string;
  readonly evaluationPeriods?: number;
  readonly missing?: TreatMissingData;
}

/** How a metric is counted. */
interface Counted {
  readonly statistic: string;
  readonly period: Duration;
}

const firehose = (streamName: string, metricName: string, over: Counted): Metric =>
  new Metric({
    namespace: "AWS/Firehose",
    metricName,
    dimensionsMap: { DeliveryStreamName: streamName },
    ...over,
  });
