import { Stack } from "aws-cdk-lib";
import { CfnDashboard } from "aws-cdk-lib/aws-cloudwatch";
import type { IQueue } from "aws-cdk-lib/aws-sqs";
import { Construct } from "constructs";
import type { LanyardFunction } from "./function/lanyard-function.ts";
import type { Stage } from "./settings/stage.ts";

/** What is drawn. */
interface DashboardProps {
  readonly stage: Stage;
  /** Every function of the deployment. */
  readonly functions: readonly LanyardFunction[];
  /** Functions that follow a stream, and so may be behind it. */
  readonly following: readonly LanyardFunction[];
  /** Queues in which something lies only when it went wrong, by the name of their alarm. */
  readonly deadLetters: Readonly<Record<string, IQueue>>;
  /** Queue of what the log of audit records lacks. */
  readonly gaps: IQueue;
  /** Name of the delivery stream of audit records. */
  readonly streamName: string;
}

type Text = string;
/** A row of a widget's metrics: a metric, or an expression that finds them. */
type Row = readonly (Text | Readonly<Record<string, Text>>)[];

/** One graph. */
interface Graph {
  readonly title: string;
  readonly stat: "Sum" | "Maximum" | "p50" | "p99";
  readonly rows: readonly Row[];
}

const columns = 24;
const widget = { width: 12, height: 6 } as const;
const periodSeconds = 300;
/** Namespace and dimensions of what our functions publish by class. */
const ofOwn = "{Lanyard,class,service,stage}";

/**
 * One dashboard of CloudWatch for a deployment: what is issued, refused and revoked, how long it takes, and whether the
 * audit trail keeps up. It draws what the functions publish anyhow (`lambdas/metrics`) and what AWS counts for nothing,
 * so that it costs its own price and no metric more. Our own metrics are found by their dimensions, function and class
 * of answer: no class must be listed here to be seen.
 */
export class Dashboard extends Construct {
  constructor(scope: Construct, id: string, props: DashboardProps) {
    super(scope, id);
    const { stage } = props;
    const graphs = [...answers(stage.name), ...trail(props), ...platform(props), ...canary(stage)];
    new CfnDashboard(this, "Dashboard", {
      // dashboards belong to the whole account, and the same stage may be in two of its Regions
      dashboardName: `lanyard-${stage.name}-${stage.region}`,
      dashboardBody: Stack.of(this).toJsonString({
        start: "-PT12H",
        periodOverride: "inherit",
        widgets: [note(stage), ...graphs.map((graph, index) => drawn(graph, { index, region: stage.region }))],
      }),
    });
  }
}

const note = ({ name, region }: Stage) => ({
  ...{ type: "text", x: 0, y: 0, width: columns, height: 1 },
  properties: { markdown: `**Lanyard ${name}, ${region}.** What to do when an alarm rings: docs/runbook.md` },
});

const drawn = (
  { title, stat, rows }: Graph,
  { index, region }: { readonly index: number; readonly region: string },
) => ({
  type: "metric",
  x: (index % 2) * widget.width,
  y: 1 + Math.floor(index / 2) * widget.height,
  ...widget,
  properties: { title, view: "timeSeries", region, stat, period: periodSeconds, metrics: rows },
});

/** Graphs of what our functions publish: counts as sums, times by two percentiles. */
const foundIn =
  (stage: string) =>
  (title: string, metricName: string, by: string): Graph => {
    const stats = metricName.endsWith("Millis") ? (["p50", "p99"] as const) : (["Sum"] as const);
    const search = `${ofOwn} MetricName="${metricName}" stage="${stage}" ${by}`;
    return {
      title,
      stat: stats[0],
      rows: stats.map((stat) => [
        { expression: `SEARCH('${search}', '${stat}', ${periodSeconds})`, id: stat.toLowerCase() },
      ]),
    };
  };

/** What is asked of the deployment and how it answers. */
function answers(stage: string): readonly Graph[] {
  const found = foundIn(stage);
  const only = (...services: readonly string[]) =>
    `class="ok" service=(${services.map((name) => `"${name}"`).join(" OR ")})`;
  return [
    found("Issued: identities, sessions and tokens, credentials", "Answers", only(...issuing)),
    found("Refused, by function and reason", "Answers", 'NOT class="ok"'),
    found("Revocations", "Answers", only("revoke", "admin-revoke")),
    found("Latency of answers, p50 and p99, ms", "LatencyMillis", 'class="ok"'),
  ];
}

const issuing = ["attest", "attest-iam", "token", "credentials"] as const;

/** The way of an audit record. */
function trail({ following, deadLetters, gaps, streamName }: DashboardProps): readonly Graph[] {
  const waiting = (label: string, { queueName }: IQueue): Row => [
    ...["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queueName],
    { label },
  ];
  const behind = following.map((one): Row => [...ofFunction("IteratorAge", one)]);
  const delivery = ["AWS/Firehose", "DeliveryToS3.DataFreshness", "DeliveryStreamName", streamName] as const;
  return [
    {
      title: "Age of the oldest record on its way: streams in ms, delivery in s",
      stat: "Maximum",
      rows: [...behind, [...delivery, { label: "delivery", yAxis: "right" }]],
    },
    { title: "Gaps in the log", stat: "Maximum", rows: [waiting("findings", gaps)] },
    {
      title: "Dead letters",
      stat: "Maximum",
      rows: Object.entries(deadLetters).map(([name, queue]) => waiting(name, queue)),
    },
  ];
}

/** What AWS counts of the functions. */
const platform = ({ functions }: DashboardProps): readonly Graph[] =>
  (["Throttles", "Errors"] as const).map((metricName) => ({
    title: `${metricName} of functions`,
    stat: "Sum",
    rows: functions.map((one) => ofFunction(metricName, one)),
  }));

const ofFunction = (metricName: string, { node, function: { functionName } }: LanyardFunction): Row => [
  ...["AWS/Lambda", metricName, "FunctionName", functionName],
  { label: node.id },
];

/** How long what was revoked still worked, as the canary measures it. */
const canary = ({ name, canary }: Stage): readonly Graph[] =>
  canary
    ? [foundIn(name)("Time to refusal after a revocation, p50 and p99, ms", "RefusalMillis", 'service="canary"')]
    : [];
