import { expect, test } from "vitest";
import { env } from "../../../lambdas/env.ts";
import { all, one, synthesized } from "../synthesized.ts";

const { templates } = synthesized({ dormantAfterDays: 45 });

test("the watch on agents looks four times a day, called by the clock alone, and knows the stage's days", () => {
  expect(one(templates.Service, "AWS::Events::Rule", "LifecycleWatch").Properties.ScheduleExpression).toBe(
    "rate(6 hours)",
  );
  const permissions = all(templates, "AWS::Lambda::Permission").filter(({ id }) => id.startsWith("LifecycleWatch"));
  expect(permissions.map(({ it }) => it.Properties.Principal)).toEqual(["events.amazonaws.com"]);
  const { Environment } = one(templates.Service, "AWS::Lambda::Function", "LifecycleWatch").Properties;
  const { Variables } = Environment as { Variables: Record<string, string> };
  expect(Variables[env.dormantAfterDays]).toBe("45");
  expect(JSON.stringify(all(templates, "AWS::Lambda::Url"))).not.toContain("LifecycleWatch");
});

test.each(["AgentsOverdue", "AgentsDormant"])("%s rings for the stage's own count, within a day", (name) => {
  const alarm = one(templates.Service, "AWS::CloudWatch::Alarm", `Watch${name}`);
  expect(alarm.Properties).toMatchObject({
    Namespace: "Lanyard",
    MetricName: name,
    Dimensions: [
      { Name: "service", Value: "lifecycle-watch" },
      { Name: "stage", Value: "dev" },
    ],
    Statistic: "Maximum",
    Period: 86_400,
    Threshold: 0,
    ComparisonOperator: "GreaterThanThreshold",
  });
});

test("a watch that is not called is told of, in a period CloudWatch takes", () => {
  const alarm = one(templates.Service, "AWS::CloudWatch::Alarm", "WatchLifecycleWatchSilent");
  const { Metrics, EvaluationPeriods } = alarm.Properties as {
    Metrics: { MetricStat?: { Period: number } }[];
    EvaluationPeriods: number;
  };
  const [period] = Metrics.flatMap(({ MetricStat }) => MetricStat?.Period ?? []);
  expect(period).toBeLessThanOrEqual(86_400);
  expect((period ?? 0) * EvaluationPeriods).toBeLessThanOrEqual(7 * 86_400);
});
