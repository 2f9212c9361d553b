/** Several deployments in one account: the same stage in two Regions, two stages in one. */
import { describe, expect, test } from "vitest";
import { type NamedRole, roleName } from "../../lib/function/roles.ts";
import { stageOf } from "../../lib/settings/stage.ts";
import { all, type Synthesized, synthesized } from "./synthesized.ts";

/** Properties that name a thing in an account, in all its Regions (or the world over, as buckets do). */
const global = [
  "AWS::IAM::Role RoleName",
  "AWS::IAM::ManagedPolicy ManagedPolicyName",
  "AWS::IAM::User UserName",
  "AWS::IAM::Group GroupName",
  "AWS::S3::Bucket BucketName",
  // CloudWatch keeps an account's dashboards together, whatever their Region
  "AWS::CloudWatch::Dashboard DashboardName",
];
/** Properties that name a thing in one Region of an account. */
const regional = [
  "AWS::Athena::WorkGroup Name",
  "AWS::Glue::Database DatabaseInput.Name",
  "AWS::SSM::Parameter Name",
  "AWS::Events::EventBus Name",
  "AWS::Events::Rule Name",
  "AWS::Lambda::Function FunctionName",
  "AWS::Logs::LogGroup LogGroupName",
  "AWS::CloudWatch::Alarm AlarmName",
  "AWS::DynamoDB::GlobalTable TableName",
  "AWS::KinesisFirehose::DeliveryStream DeliveryStreamName",
  "AWS::KMS::Alias AliasName",
  "AWS::SNS::Topic TopicName",
  "AWS::SQS::Queue QueueName",
];
/** Properties that name what stands elsewhere, or something within their own resource. */
const references = [
  "AWS::Athena::NamedQuery Name",
  "AWS::CloudWatch::Alarm MetricName",
  "AWS::Events::EventBusPolicy EventBusName",
  "AWS::Events::Rule EventBusName",
  "AWS::Glue::Table DatabaseName",
  "AWS::IAM::Policy PolicyName",
  "AWS::Lambda::EventSourceMapping FunctionName",
  "AWS::Lambda::Permission FunctionName",
  "AWS::Logs::LogStream LogGroupName",
];

interface Deployed extends Synthesized {
  readonly name: string;
  readonly region: string;
}
const deployed = (stage: string, region: string): Deployed => ({
  name: `${stage} in ${region}`,
  region,
  ...synthesized(
    {
      region,
      outboundIdentityFederation: true,
      dashboard: true,
      account: "111122223333",
      canary: {},
      cloudTrail: { bucket: "trail", accounts: ["111122223333"], regions: [region] },
      alarms: { email: "ops@example.com" },
      codeLookup: { lambda: { functions: ["planner"] }, ecs: { clusters: ["agents"], roles: ["planner"] } },
    },
    { stage },
  ),
});
const deployments = [deployed("dev", "eu-west-1"), deployed("dev", "us-east-1"), deployed("prod", "eu-west-1")];

/** What a template gives by name: `type property` and the name as text; a name that CloudFormation makes is none. */
const named = ({ templates }: Synthesized): { readonly as: string; readonly name: string }[] =>
  Object.values(templates).flatMap(({ Resources, Outputs }) => [
    ...Object.values(Resources).flatMap(({ Type, Properties = {} }) =>
      Object.entries(Properties)
        .filter(([key, value]) => /(^|[a-z])Name$/.test(key) && (typeof value === "string" || isBuilt(value)))
        .map(([key, value]) => ({ as: `${Type} ${key}`, name: JSON.stringify(value) })),
    ),
    ...Object.values(Outputs).flatMap(({ Export }) => (Export ? [{ as: "export", name: Export.Name }] : [])),
  ]);
/** Put together from literals: a name all the same. */
const isBuilt = (value: unknown): boolean => /"Fn::(Join|Sub)"/.test(JSON.stringify(value) ?? "");
const names = (made: Synthesized, kinds: readonly string[]) =>
  named(made)
    .filter(({ as }) => kinds.includes(as))
    .map(({ as, name }) => `${as} ${name}`);

describe("what a deployment gives a name", () => {
  test.each(deployments)("is known to be a name of the account, of a Region, or of neither: $name", (made) => {
    const known = [...global, ...regional, ...references, "export"];
    expect(named(made).filter(({ as }) => !known.includes(as))).toEqual([]);
    // else the clashes below would be looked for in nothing
    expect(names(made, global).length).toBeGreaterThan(8);
    expect(names(made, [...regional, "export"]).length).toBeGreaterThan(8);
  });

  const pairs = deployments.flatMap((a, i) => deployments.slice(i + 1).map((b) => [a, b] as const));
  test.each(pairs.map(([a, b]) => [`${a.name}, ${b.name}`, a, b] as const))("is given once: %s", (_, a, b) => {
    const kinds = a.region === b.region ? [...global, ...regional, "export"] : global;
    const others = new Set(names(b, kinds));
    expect(names(a, kinds).filter((name) => others.has(name))).toEqual([]);
  });

  test.each(deployments)("and once within it: $name", (made) => {
    const own = names(made, [...global, ...regional, "export"]);
    expect(own.filter((name, i) => own.indexOf(name) !== i)).toEqual([]);
  });
});

describe("policies that name roles", () => {
  test.each(deployments)("name those of their own deployment, and none of another: $name", (made) => {
    const own = all(made.templates, "AWS::IAM::Role").flatMap(({ it }) => (it.Properties.RoleName ?? []) as string);
    const text = JSON.stringify(made.templates);
    const mentioned = [...text.matchAll(/role\/(lanyard-[a-z0-9-]+)/g)].map(([, name = ""]) => name);
    expect(mentioned.length).toBeGreaterThan(20);
    // the sealer comes later
    const strange = mentioned.filter((name) => !own.includes(name) && !name.endsWith("-sealer"));
    // the watch on key policies knows the beginning of all names of this deployment's roles, which no other's have
    expect(new Set(strange)).toEqual(new Set([own[0]?.replace(/[a-z]+$/, "").replace(/(-\d-).*$/, "$1")]));
  });
});

describe("a role's name", () => {
  test("fits into IAM's 64 characters for the longest stage, Region and role", () => {
    const longest: NamedRole[] = ["registry-applier", "lifecycle-watch", "admin-rotate"];
    const stage = stageOf(`a${"b".repeat(19)}`, { region: "ap-southeast-1", operators: ["role/Operator"] });
    for (const role of longest) expect(roleName(stage, role).length).toBeLessThanOrEqual(64);
  });

  test("of one deployment is never another's, wherever the dashes in a stage's name stand", () => {
    const roles: NamedRole[] = ["attest", "attest-iam", "revoke", "admin-rotate"];
    const all = ["a-b", "a-b-eu-west-1", "eu-west-1", "a-b-attest"].flatMap((name) =>
      ["eu-west-1", "us-east-1", "eu-central-1"].flatMap((region) =>
        roles.map((role) => roleName(stageOf(name, { region, operators: ["role/Operator"] }), role)),
      ),
    );
    expect(new Set(all).size).toBe(all.length);
  });
});
