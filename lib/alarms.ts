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
import type { CallableName } from "../lambdas/manifest.ts";
import type { LanyardFunction } from "./function/lanyard-function.ts";
import type { Stage } from "./settings/stage.ts";

const period = Duration.minutes(1);

/** Alarms of one stack; none when the setting `alarms.enabled` is false. */
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
   * Errors and throttles of all functions of the account in this Region. A denial is a value, so an error is a bug or
   * broken infrastructure. A throttle refuses a caller before its request is read, and all functions share the
   * account's concurrency. There is one alarm for all functions and not one for each, since CloudWatch charges for
   * each. In an account where other functions fail as well, {@link ofFunction} watches ours separately.
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

  /** The same for one function, where the setting `alarms.eachFunction` asks for it. */
  ofFunction(name: string, of: LanyardFunction): void {
    if (!this.#each) return;
    this.alarm(`${name}Errors`, of.function.metricErrors({ period }), { above: 0, description: `${name} failed` });
    this.alarm(`${name}Throttles`, of.function.metricThrottles({ period }), {
      above: 0,
      description: `${name} was throttled`,
    });
  }

  /**
   * The iterator advances even when a filter matches nothing, so this alarm notices a function that is stuck, but not
   * lost records.
   */
  ofStream(name: string, of: LanyardFunction): void {
    const age = of.function.metric("IteratorAge", { period, statistic: "Maximum" });
    this.alarm(`${name}Age`, age, {
      above: 300_000,
      description: `${name} is more than five minutes behind its stream`,
    });
  }

  /** Rings when a function is no longer invoked, which causes no errors. */
  ofSchedule(name: string, of: LanyardFunction, everyMinutes: number): void {
    const calls = of.function.metricInvocations({ period: Duration.minutes(3 * everyMinutes), statistic: "Sum" });
    const silent = new MathExpression({
      expression: "IF(FILL(calls, 0) == 0, 1, 0)",
      usingMetrics: { calls },
      label: "not called",
      period: Duration.minutes(3 * everyMinutes),
    });
    const seen = `${name} has not been called for ${6 * everyMinutes} minutes`;
    // FILL replaces missing points. Whether it also fills a series without any point must not matter, since that is the
    // case to notice
    this.alarm(`${name}Silent`, silent, {
      above: 0,
      description: seen,
      evaluationPeriods: 2,
      missing: TreatMissingData.BREACHING,
    });
  }

  /**
   * How many active agents need attention, as the watch on their lifecycle counts them. It rings as long as there is
   * one.
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
   * How many functions differ from what was deployed, as the watch on them counts. It rings as long as there is one,
   * and while nothing is counted.
   * @param everyMinutes how often the watch runs; a late run must not end the alarm
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

  /**
   * In how many accounts the stop in AWS hits living sessions too, as its function counts them every minute. It also
   * rings while nothing is counted.
   */
  ofCoarseStops(): void {
    const metricName = "CoarseStops";
    const count = this.own(metricName, { service: "aws-stop" }, { statistic: "Maximum", period: Duration.minutes(5) });
    this.alarm(metricName, count, {
      above: 0,
      description: "more is stopped in AWS than is dead, since not all fits into the deny policies, or nobody stops",
      missing: TreatMissingData.BREACHING,
    });
  }

  /**
   * Rings when a function answered that something failed on our side. Such an answer is no error of Lambda's; most
   * callers tell somebody, but this one is a machine that nobody watches, and what it said is lost with its last try.
   */
  ofFailedAnswers(name: string, service: CallableName): void {
    const answered = (of: string) => this.own("Answers", { service, class: of }, { statistic: "Sum", period });
    // an alarm each: of one expression over both it is not known what a series without any point makes of it
    this.alarm(`${name}Failed`, answered("server_error"), {
      above: 0,
      description: `${service} failed at what it was told`,
    });
    this.alarm(`${name}Unavailable`, answered("temporarily_unavailable"), {
      above: 0,
      description: `${service} could not do what it was told, and said to come again`,
    });
  }

  /**
   * Rings when what the canary revoked worked for longer than is promised, at one place that it looks at; for the place
   * that it looks at in every stage, also when nothing is measured.
   * @param place end of the alarm's name, and the class of the metric with a small letter
   */
  ofCanary(place: string, boundMillis: number): void {
    // at AWS it looks once an hour
    const period = place === "Aws" ? Duration.hours(1) : Duration.minutes(15);
    const by = { service: "canary", class: place.toLowerCase() };
    const waited = this.own("RefusalMillis", by, { statistic: "Maximum", period });
    const where = `${place.toLowerCase()} ${boundMillis} ms after its revocation`;
    const missing = place === "Introspection" ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING;
    const silent = missing === TreatMissingData.BREACHING ? ", or nobody measures" : "";
    this.alarm(`Canary${place}`, waited, {
      above: boundMillis,
      description: `a session was still good by ${where}${silent}`,
      missing,
    });
  }

  /** Rings for any message in a dead-letter queue. */
  ofQueue(name: string, queue: IQueue): void {
    const waiting = queue.metricApproximateNumberOfMessagesVisible({ period, statistic: "Maximum" });
    this.alarm(name, waiting, { above: 0, description: `${name} holds messages` });
  }

  /**
   * Rings when messages wait too long: a queue that is not read drops its messages silently at the end of their
   * retention.
   */
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

  /** A metric that this deployment's functions publish, with the dimensions of `lambdas/metrics`. */
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
