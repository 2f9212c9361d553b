/** The dashboard draws what there is: metrics that our functions publish, and AWS's own of resources that are made. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { functionNames } from "../../lambdas/manifest.ts";
import { account, all, bare, one, region, synthesized, type Template } from "./synthesized.ts";

const lambdas = fileURLToPath(new URL("../../lambdas/", import.meta.url));

/** What our functions publish, as their code names it. */
const published = new Set(
  readdirSync(lambdas, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) => [...readFileSync(join(lambdas, file), "utf8").matchAll(/addMetric\(\s*"(\w+)"/g)])
    .map(([, name]) => name),
);

/** AWS's own metrics by namespace, and their one dimension, from the services' pages "Monitoring with CloudWatch". */
const ofAws: Readonly<Record<string, { readonly dimension: string; readonly names: readonly string[] }>> = {
  "AWS/Lambda": {
    dimension: "FunctionName",
    names: [
      "Invocations",
      "Errors",
      "Throttles",
      "Duration",
      "IteratorAge",
      "ConcurrentExecutions",
      "DeadLetterErrors",
    ],
  },
  "AWS/SQS": {
    dimension: "QueueName",
    names: ["ApproximateNumberOfMessagesVisible", "ApproximateAgeOfOldestMessage", "NumberOfMessagesSent"],
  },
  "AWS/Firehose": {
    dimension: "DeliveryStreamName",
    names: ["DeliveryToS3.DataFreshness", "DeliveryToS3.Success", "DeliveryToS3.Records", "IncomingRecords"],
  },
};

interface Widget {
  readonly type: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly properties: {
    readonly title?: string;
    readonly region?: string;
    readonly stat?: string;
    readonly period?: number;
    readonly metrics?: readonly (readonly unknown[])[];
  };
}

/** The body as CloudFormation would put it together: every reference is the logical id or export it names. */
function bodyOf(service: Template): { readonly widgets: readonly Widget[] } {
  const text = (value: unknown): string => {
    if (typeof value === "string") return value;
    const [[kind, of] = ["", ""]] = Object.entries(value as object);
    if (kind === "Fn::Join") return (of as [string, unknown[]])[1].map(text).join("");
    if (kind === "Ref" || kind === "Fn::ImportValue") return `of ${text(of)}`;
    if (kind === "Fn::GetAtt") return `of ${(of as string[])[0]}`;
    throw new Error(`the body holds ${kind}`);
  };
  return JSON.parse(text(one(service, "AWS::CloudWatch::Dashboard").Properties.DashboardBody));
}

const made = synthesized({ dashboard: true, account, canary: {} });
const { widgets } = bodyOf(made.templates.Service);
const rows = widgets.flatMap(({ properties }) => properties.metrics ?? []);
const expressions = rows.flatMap(([first]) =>
  typeof first === "object" ? [(first as { expression: string }).expression] : [],
);
const metrics = rows.filter(([first]) => typeof first === "string") as [string, string, string, string, object][];

test("no stage has a dashboard that did not ask for one", () => {
  expect(all(synthesized(bare).templates, "AWS::CloudWatch::Dashboard")).toEqual([]);
});

test("the dashboard is one that CloudWatch takes: graphs beside each other, each of its Region, statistic and period", () => {
  expect(widgets.length).toBeGreaterThan(8);
  const taken = new Set<string>();
  for (const { x, y, width, height, type, properties } of widgets) {
    expect(x + width).toBeLessThanOrEqual(24);
    for (let column = x; column < x + width; column++)
      for (let row = y; row < y + height; row++) {
        expect(taken.has(`${column} ${row}`), `${properties.title} lies on another`).toBe(false);
        taken.add(`${column} ${row}`);
      }
    if (type === "text") continue;
    expect(type).toBe("metric");
    expect(properties).toMatchObject({ title: expect.stringMatching(/./), region, stat: expect.stringMatching(/./) });
    expect((properties.period ?? 0) % 60).toBe(0);
    expect(properties.metrics?.length, properties.title).toBeGreaterThan(0);
  }
});

test("the dashboard draws only metrics of our own that some function publishes, by function and class alone", () => {
  expect(expressions.length).toBeGreaterThan(4);
  for (const expression of expressions) {
    const [, schema, term = ""] =
      /^SEARCH\('\{([^}]*)\} (.*)', '(?:Sum|p50|p99|Maximum)', \d+\)$/.exec(expression) ?? [];
    expect(schema, expression).toBe("Lanyard,class,service,stage");
    expect(term).toContain('stage="dev"');
    expect([...published]).toContain(/MetricName="(\w+)"/.exec(term)?.[1]);
    const [, services = ""] = /service=\(([^)]*)\)/.exec(term) ?? [];
    for (const [, name] of services.matchAll(/"([^"]*)"/g)) expect(functionNames).toContain(name);
  }
});

test("the dashboard draws only metrics of AWS that there are, of resources of this deployment", () => {
  const made = new Set(Object.values(bodyResources()));
  expect(metrics.length).toBeGreaterThan(20);
  for (const [namespace, name, dimension, of] of metrics) {
    expect(ofAws[namespace]?.names, namespace).toContain(name);
    expect(dimension).toBe(ofAws[namespace]?.dimension);
    expect(made, `${namespace} ${name} ${of}`).toContain(of.replace(/^of (of )?/, ""));
  }
});

/** What a reference may name: a resource of Service, or what another stack exports. */
function bodyResources(): string[] {
  const { Service, ...others } = made.templates;
  return [
    ...Object.keys(Service.Resources),
    ...Object.values(others).flatMap(({ Outputs }) =>
      Object.values(Outputs).flatMap(({ Export }) => Export?.Name ?? []),
    ),
  ];
}

test("every function is watched for throttles, and every queue of what went wrong is drawn", () => {
  const functions = all(made.templates, "AWS::Lambda::Function").length;
  const throttled = metrics.filter(([, name]) => name === "Throttles");
  expect(new Set(throttled.map(([, , , of]) => of)).size).toBe(functions);
  const alarmed = all(made.templates, "AWS::CloudWatch::Alarm").filter(
    ({ it }) => it.Properties.MetricName === "ApproximateNumberOfMessagesVisible",
  );
  const drawn = metrics.filter(([, name]) => name === "ApproximateNumberOfMessagesVisible");
  expect(new Set(drawn.map(([, , , of]) => of)).size).toBe(alarmed.length);
});

test("a stage with a dashboard and one without export the same, so that it can be taken away again", () => {
  const exportsOf = ({ templates }: typeof made) =>
    Object.values(templates).flatMap(({ Outputs }) =>
      Object.values(Outputs).flatMap(({ Export }) => Export?.Name ?? []),
    );
  expect(exportsOf(made).sort()).toEqual(exportsOf(synthesized({ account })).sort());
});
