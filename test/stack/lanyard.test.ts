/** The construct as teams use it: in an app, in a Stage, several times, beside stacks of their own. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CfnOutput, Stack, Stage } from "aws-cdk-lib";
import type { CloudAssembly } from "aws-cdk-lib/cx-api";
import { describe, expect, test } from "vitest";
import { Lanyard, type LanyardProps } from "../../lib/index.ts";
import { synthesized, team } from "./synthesized.ts";

const props: LanyardProps = { stage: "prod", trustDomain: "agents.example.com", operators: ["role/Operator"] };

const namesOf = (assembly: CloudAssembly) => assembly.stacks.map(({ stackName }) => stackName).sort();
const four = (stage: string) => ["audit", "issuer", "service", "state"].map((part) => `lanyard-${stage}-${part}`);
const templateOf = (assembly: CloudAssembly, name: string) => assembly.getStackByName(name).template;

/** CDK names permissions of rules by the whole way to them, the app's own ids included; nothing else. */
const bare = (template: unknown): unknown =>
  JSON.parse(JSON.stringify(template).replace(/AllowEventRule(Lanyard)?(\w+?)[0-9A-F]{8,}/g, "AllowEventRule$2"));

describe("a deployment in a team's app", () => {
  test("is four stacks whose names say what they are, whatever the construct is called", () => {
    const app = team();
    new Lanyard(app, "Identity", props);
    expect(namesOf(app.synth())).toEqual(four("prod"));
  });

  test("comes out as in this repository's own app, without one of its feature flags", () => {
    const { templates } = synthesized(
      {
        trustDomain: "agents.example.com",
        keys: {},
        securityEvents: false,
        decisions: false,
        approvals: false,
        approvalNotices: false,
        signals: false,
        awsCredentials: undefined,
      },
      { stage: "prod" },
    );
    const app = team();
    new Lanyard(app, "Lanyard", props);
    const assembly = app.synth();
    for (const part of ["State", "Audit", "Issuer", "Service"] as const)
      expect(bare(templateOf(assembly, `lanyard-prod-${part.toLowerCase()}`)), part).toEqual(bare(templates[part]));
  });

  test("changes nothing for the stacks beside it: its feature flags are its own", () => {
    const flag = "@aws-cdk/core:defaultCrossStackReferences";
    const app = team({ [flag]: "weak" });
    const lanyard = new Lanyard(app, "Lanyard", props);
    const beside = new Stack(app, "Beside");
    expect([lanyard.node.tryGetContext(flag), beside.node.tryGetContext(flag)]).toEqual(["strong", "weak"]);
  });

  test("is used by the team's own stacks through its properties", () => {
    const app = team();
    const lanyard = new Lanyard(app, "Lanyard", { ...props, region: "eu-central-1" });
    const own = new Stack(app, "Own", { env: { region: "eu-central-1" } });
    const { urls, auditBus, auditBucket, alarmTopic } = lanyard;
    const values = { ...urls, bus: auditBus.eventBusArn, bucket: auditBucket.bucketName, topic: alarmTopic.topicArn };
    for (const [name, value] of Object.entries(values)) new CfnOutput(own, name, { value });
    const { Outputs } = templateOf(app.synth(), "Own") as { Outputs: Record<string, { Value: unknown }> };
    expect(Object.keys(Outputs)).toEqual(Object.keys(values));
    for (const [name, { Value }] of Object.entries(Outputs))
      expect(JSON.stringify(Value), name).toContain("lanyard-prod-");
  });

  test("says itself what is wrong with a setting, all of it at once", () => {
    const wrong = { ...props, auditRetentionDays: 0, logLevel: "LOUD" } as unknown as LanyardProps;
    expect(() => new Lanyard(team(), "Lanyard", wrong)).toThrow(/auditRetentionDays: [\s\S]*logLevel: must be one of/);
  });

  test("asks for operators in every stage but dev", () => {
    const { operators: _, ...without } = props;
    expect(() => new Lanyard(team(), "Lanyard", without)).toThrow(/operators: name the roles/);
    expect(() => new Lanyard(team(), "Lanyard", { ...without, stage: "dev" })).not.toThrow();
  });
});

describe("where it stands", () => {
  test("not inside a stack, and it says so", () => {
    const stack = new Stack(team(), "Mine");
    expect(() => new Lanyard(stack, "Lanyard", props)).toThrow(
      "Mine/Lanyard: Lanyard is four stacks of its own and cannot stand inside the stack Mine; put it into the App or a Stage",
    );
  });

  test("in a Stage of a pipeline, whose Region and account it takes", () => {
    const app = team();
    const stage = new Stage(app, "Prod", { env: { region: "ap-southeast-2", account: "111122223333" } });
    new Lanyard(stage, "Lanyard", props);
    const nested = app.synth().getNestedAssembly("assembly-Prod");
    expect(namesOf(nested)).toEqual(four("prod"));
    for (const { environment } of nested.stacks)
      expect(environment).toMatchObject({ region: "ap-southeast-2", account: "111122223333" });
  });

  test("its own Region before that of the Stage", () => {
    const app = team();
    new Lanyard(new Stage(app, "Prod", { env: { region: "ap-southeast-2" } }), "Lanyard", {
      ...props,
      region: "us-west-2",
    });
    const [first] = app.synth().getNestedAssembly("assembly-Prod").stacks;
    expect(first?.environment.region).toBe("us-west-2");
  });

  test.each([
    ["two stages in one Region", { stage: "one" }, { stage: "two" }],
    ["one stage in two Regions", { region: "eu-west-1" }, { region: "us-east-1" }],
  ])("twice in one account: %s, without a name that both would take", (_, a, b) => {
    const app = team();
    new Lanyard(app, "First", { ...props, ...a });
    new Lanyard(app, "Second", { ...props, ...b });
    const { stacks } = app.synth();
    expect(stacks).toHaveLength(8);
    const roles = stacks.flatMap(({ template }) =>
      Object.values(
        (template as { Resources: Record<string, { Properties?: { RoleName?: string } }> }).Resources,
      ).flatMap(({ Properties }) => Properties?.RoleName ?? []),
    );
    expect(roles.length).toBeGreaterThan(20);
    expect(new Set(roles).size).toBe(roles.length);
    expect(new Set(stacks.map(({ stackName, environment }) => `${stackName} ${environment.region}`)).size).toBe(8);
  });

  test("each template is a file of its own, of the stack that its name says", () => {
    const app = team();
    new Lanyard(app, "First", { ...props, stage: "one" });
    new Lanyard(app, "Second", { ...props, stage: "two" });
    const { directory, stacks } = app.synth();
    const files = stacks.map(({ templateFile }) => templateFile);
    expect(new Set(files).size).toBe(8);
    for (const { templateFile, stackName } of stacks) {
      const { Description } = JSON.parse(readFileSync(join(directory, templateFile), "utf8")) as {
        Description: string;
      };
      expect(Description).toContain(`Lanyard ${stackName.split("-")[1]}: `);
    }
  });
});
