import { describe, expect, test } from "vitest";
import { env } from "../../../lambdas/env.ts";
import { resolved } from "../resolved.ts";
import { all, one, type Synthesized, synthesized } from "../synthesized.ts";

const settings = { outboundIdentityFederation: true };
const made = synthesized(settings);

/** The marks as the watch finds them: by the name of the function. */
function marksOf({ templates }: Synthesized): Map<string, string> {
  const { Environment } = one(templates.Service, "AWS::Lambda::Function", "DriftWatch").Properties;
  const { Variables } = Environment as { Variables: Record<string, unknown> };
  return new Map(
    JSON.parse(String(resolved(templates, "Service", Variables[env.deployedMarks]))) as [string, string][],
  );
}

/** The watch's own name cannot stand in its own settings. */
const partOf = (name: string) => (name === "" ? "DriftWatch" : name.split("Function")[0]);

const functions = all(made.templates, "AWS::Lambda::Function").map(({ id }) => id);
const marks = marksOf(made);
const changed = (other: Synthesized) =>
  [...marksOf(other)].filter(([name, mark]) => marks.get(name) !== mark).map(([name]) => partOf(name));

describe("threat 45: the watch on what is deployed", () => {
  test("knows every function of every stack by a mark, itself included, and no two by the same", () => {
    expect([...marks.keys()].map(partOf).sort()).toEqual(functions.map(partOf).sort());
    expect(functions.length).toBeGreaterThan(15);
    for (const mark of marks.values()) expect(mark).toMatch(/^[A-Za-z0-9_-]{16}$/);
    expect(new Set(marks.values()).size).toBe(marks.size);
  });

  test("finds the same marks when nothing changed, so that a deployment of nothing is none", () => {
    expect(marksOf(synthesized(settings))).toEqual(marks);
  });

  test("finds another mark for a function of which the template says another thing, and for itself, and for no other", () => {
    expect(changed(synthesized({ ...settings, dormantAfterDays: 45 }))).toEqual(["LifecycleWatch", "DriftWatch"]);
    expect(changed(synthesized({ ...settings, auditRetentionDays: 45 }))).toEqual([
      "Sealer",
      "ObjectReader",
      "DriftWatch",
    ]);
    expect(
      changed(synthesized({ ...settings, reservedConcurrency: { attest: 5 }, lambdaConcurrency: 1_000 })),
    ).toContain("Attest");
  });

  test("is made after every function of its stack: whatever was changed later was changed by hand", () => {
    const { DependsOn } = one(made.templates.Service, "AWS::Lambda::Function", "DriftWatch");
    const others = Object.entries(made.templates.Service.Resources).flatMap(([id, { Type }]) =>
      Type === "AWS::Lambda::Function" && !id.startsWith("DriftWatch") ? [id] : [],
    );
    expect(others.length).toBeGreaterThan(12);
    expect(DependsOn).toEqual(expect.arrayContaining(others));
  });

  test("looks every ten minutes, called by the clock alone", () => {
    expect(one(made.templates.Service, "AWS::Events::Rule", "DriftWatch").Properties.ScheduleExpression).toBe(
      "rate(10 minutes)",
    );
    const permissions = all(made.templates, "AWS::Lambda::Permission").filter(({ id }) => id.startsWith("DriftWatch"));
    expect(permissions.map(({ it }) => it.Properties.Principal)).toEqual(["events.amazonaws.com"]);
    expect(JSON.stringify(all(made.templates, "AWS::Lambda::Url"))).not.toContain("DriftWatch");
  });

  test("leaves room in its settings, which Lambda bounds at 4 KB, for the longest stage, account and names", () => {
    const longest = synthesized(
      { ...settings, operators: ["role/Operator"], region: "ap-southeast-1" },
      { stage: `a${"b".repeat(19)}` },
    );
    const { Environment } = one(longest.templates.Service, "AWS::Lambda::Function", "DriftWatch").Properties;
    const { Variables } = Environment as { Variables: Record<string, unknown> };
    // CloudFormation gives a function without a name one of 64 characters at most
    const named = [...marksOf(longest).values()].map((mark) => ["x".repeat(64), mark]);
    const rest = JSON.stringify(resolved(longest.templates, "Service", { ...Variables, [env.deployedMarks]: "" }));
    expect(JSON.stringify(named).length + rest.length).toBeLessThan(4_096);
  });

  test("every role of a function is deployed with the trust that the watch takes for ours", () => {
    const roles = all(made.templates, "AWS::IAM::Role").filter(({ id }) => /Role[0-9A-F]{8}$/.test(id));
    const ofFunctions = roles.filter(({ id }) => !/^Delivery/.test(id));
    expect(ofFunctions).toHaveLength(functions.length);
    for (const { id, it } of ofFunctions)
      expect([id, it.Properties.AssumeRolePolicyDocument]).toEqual([
        id,
        {
          Version: "2012-10-17",
          Statement: [{ Action: "sts:AssumeRole", Effect: "Allow", Principal: { Service: "lambda.amazonaws.com" } }],
        },
      ]);
  });

  test("its alarm stays up for two looks, and reads this stage's count alone", () => {
    expect(
      Object.entries(made.templates.Service.Resources).find(([id]) => /^WatchDrift[0-9A-F]{8}$/.test(id))?.[1]
        .Properties,
    ).toMatchObject({
      Namespace: "Lanyard",
      MetricName: "Drift",
      Dimensions: [
        { Name: "service", Value: "drift-watch" },
        { Name: "stage", Value: "dev" },
      ],
      Statistic: "Maximum",
      Period: 1_200,
      Threshold: 0,
      ComparisonOperator: "GreaterThanThreshold",
    });
  });
});
