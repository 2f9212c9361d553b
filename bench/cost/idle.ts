import { all, bare, synthesized } from "../../test/stack/synthesized.ts";
import type { Bench, Row } from "../row.ts";
import { billOf, type Line } from "./lines.ts";
import { idleLogLines } from "./log.ts";

/** A bill's sum a month, in dollars, of a deployment that nobody calls. */
const mostDollars = 12;
const mostAlarms = 20;
const minutesAMonth = 30 * 24 * 60;

/** What is signed each minute where nothing is revoked: the lists of this hour and the next, and the document of cuts. */
const emptyDocuments = 3;
/** The watch on drift prints one metric in every hour; the others print when something is called. */
const idleMetrics = 1;
/** Requests by which the rotator looks at one key. */
const requestsALook = 2;

/** What the templates of a stage hold that is paid for by its number. */
export interface Counted {
  readonly keys: number;
  /** Keys that the rotator keeps ready beside those that sign, one a kind. */
  readonly standbys: number;
  readonly alarms: number;
  /** CloudWatch charges an alarm by the metrics it reads. */
  readonly alarmMetrics: number;
  readonly urls: number;
  /** Runs by schedule a month. */
  readonly scheduled: number;
}

/**
 * Counts what stands in the templates of the default stage.
 * @param more settings of it that are set beside
 */
export function countTemplates(more: Parameters<typeof synthesized>[0] = {}): Counted {
  const { templates } = synthesized({ ...bare, ...more });
  const of = (type: string) => all(templates, type).map(({ it }) => it.Properties);
  const alarms = of("AWS::CloudWatch::Alarm") as { Metrics?: { MetricStat?: object }[] }[];
  const keys = of("AWS::KMS::Key");
  const rates = of("AWS::Events::Rule").flatMap(({ ScheduleExpression: rate }) => minutesOf(String(rate ?? "")) ?? []);
  return {
    keys: keys.length,
    standbys: keys.filter((key) => JSON.stringify(key).includes("RotatorDisables")).length,
    alarms: alarms.length,
    alarmMetrics: alarms.reduce(
      (sum, { Metrics }) => sum + (Metrics ? Metrics.filter(({ MetricStat }) => MetricStat).length : 1),
      0,
    ),
    urls: all(templates, "AWS::Lambda::Url").length,
    scheduled: rates.reduce((sum, minutes) => sum + minutesAMonth / minutes, 0),
  };
}

function minutesOf(rate: string): number | undefined {
  const [, count, unit] = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(rate) ?? [];
  const minutes = { minute: 1, hour: 60, day: 1_440 }[unit ?? ""];
  return minutes === undefined ? undefined : Number(count) * minutes;
}

/** Lines of an idle month. */
export function idleLines({ keys, standbys, alarmMetrics, scheduled }: Counted): readonly Line[] {
  const looks = (minutesAMonth / 5) * 2 * standbys * requestsALook;
  return [
    { what: "keys of the stack", count: keys, price: "key" },
    { what: "their standbys", count: standbys, price: "key" },
    { what: "alarms", count: alarmMetrics, price: "alarmMetric" },
    { what: "our own metrics", count: idleMetrics, price: "metric" },
    { what: "signatures of empty lists and cuts", count: minutesAMonth * emptyDocuments, price: "signRsa2048" },
    { what: "looks at the keys", count: looks, price: "otherKeyRequest" },
    { what: "invocations by schedule", count: scheduled, price: "invocation" },
    { what: "their time (assumed, 100 ms)", count: scheduled * 0.1 * 0.5, price: "gigabyteSecondArm" },
    ...idleLogLines(),
  ];
}

/** Runs of the canary a month, and of those that wait for AWS. */
const canaryRuns = { all: minutesAMonth / 5 + minutesAMonth / 60, withAws: minutesAMonth / 60 };
/** Assumed of one run, by what the parts of it are counted at elsewhere: identity, session and token; rows; records. */
const ofOneRun = { signatures: 3, writeUnits: 45, records: 7, seconds: 4, secondsWithAws: 62 };

/** Lines of a month of the canary, where the stage lends roles and nobody else calls. */
export function canaryLines(): readonly Line[] {
  const { all, withAws } = canaryRuns;
  const seconds = (all - withAws) * ofOneRun.seconds + withAws * ofOneRun.secondsWithAws;
  return [
    { what: "its metrics", count: 4, price: "metric" },
    { what: "its alarms", count: 4, price: "alarmMetric" },
    // answers and latency of attest, token, introspect, revoke and credentials, and of what credentials refuses it
    { what: "metrics of the functions that it calls", count: 12, price: "metric" },
    { what: "invocations by schedule", count: all, price: "invocation" },
    { what: "its time (assumed)", count: seconds * 0.5, price: "gigabyteSecondArm" },
    { what: "signatures (assumed)", count: all * ofOneRun.signatures, price: "signRsa2048" },
    { what: "write units (assumed)", count: all * ofOneRun.writeUnits, price: "writeUnit" },
    { what: "events of its records (assumed)", count: all * ofOneRun.records, price: "event" },
  ];
}

/** Dollars a month of a deployment that nobody calls, by what its templates hold. */
export const idleCost: Bench = {
  name: "cost/idle",
  quick: true,
  async measure(): Promise<readonly Row[]> {
    const counted = countTemplates();
    return [
      { section: "cost", name: "alarms of the default stage", value: counted.alarms, unit: "", goal: mostAlarms },
      ...billOf("idle, a month", idleLines(counted), mostDollars),
      ...billOf("the canary, a month", canaryLines()),
    ];
  },
};
