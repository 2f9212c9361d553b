import { describe, expect, test } from "vitest";
import { stageOf } from "../../../lib/settings/stage.ts";
import { account, all, bare, one, synthesized } from "../synthesized.ts";

const made = synthesized({ awsCredentials: { accounts: [account, "444455556666"], lifeSeconds: 120 } }).templates;
const without = synthesized(bare).templates;

interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: unknown;
}
const statements = all(made, "AWS::IAM::Policy").flatMap(({ id, it }) =>
  (it.Properties.PolicyDocument as { Statement: Statement[] }).Statement.map((statement) => ({ id, ...statement })),
);

describe("the function that gives AWS credentials", () => {
  test("threat 10: may assume the target roles of the accounts that the stage names, tagged and with a source identity, and no others", () => {
    const sts = statements.filter(({ Action }) => [Action].flat().some((one) => one.startsWith("sts:")));
    expect(sts.map(({ id }) => id.slice(0, 11))).toEqual(["Credentials"]);
    const { Effect, Action, Resource } = sts[0] as Statement;
    expect([Effect, Action]).toEqual(["Allow", ["sts:AssumeRole", "sts:SetSourceIdentity", "sts:TagSession"]]);
    expect(JSON.stringify(Resource)).toBe(
      JSON.stringify(
        [account, "444455556666"].map((of) => ({
          "Fn::Join": ["", ["arn:", { Ref: "AWS::Partition" }, `:iam::${of}:role/lanyard/target/*`]],
        })),
      ),
    );
  });

  test("is told accounts and life, by which it refuses before it asks AWS", () => {
    const { Environment } = one(made.Service, "AWS::Lambda::Function", "Credentials").Properties as {
      Environment: { Variables: Record<string, unknown> };
    };
    expect(Environment.Variables).toMatchObject({
      LANYARD_AWS_ACCOUNTS: `${account},444455556666`,
      LANYARD_AWS_CREDENTIALS_LIFE_SECONDS: "120",
    });
  });

  test("has a role of a name that the owners of roles can trust before it is there", () => {
    const role = one(made.Service, "AWS::IAM::Role", "CredentialsRole");
    expect(role.Properties.RoleName).toBe("lanyard-dev-eu-west-1-credentials");
  });

  test("signs with no key: no key's policy names it but that of nonces", () => {
    const keys = all(made, "AWS::KMS::Key").filter(({ it }) => JSON.stringify(it).includes("eu-west-1-credentials"));
    expect(keys.map(({ id }) => id)).toEqual([]);
  });
});

describe("a stage whose agents take roles by themselves", () => {
  const variablesOf = (of: typeof made, name: string) =>
    (
      one(of.Service, "AWS::Lambda::Function", name).Properties as {
        Environment: { Variables: Record<string, unknown> };
      }
    ).Environment.Variables;
  const own = synthesized({ awsCredentials: { accounts: [account], webIdentity: true } }).templates;
  const ofToken = (of: typeof made) =>
    JSON.stringify(all(of, "AWS::IAM::Policy").filter(({ id }) => id.startsWith("TokenRole")));

  test("threat 10: has tokens for them stored as what a stop finds, by the function that signs them, and in no other", () => {
    expect(variablesOf(own, "Token")).toMatchObject({ LANYARD_AWS_ACCOUNTS: account });
    expect(variablesOf(made, "Token").LANYARD_AWS_ACCOUNTS).toBeUndefined();
    expect(ofToken(own)).toMatch(/Vends/);
    expect(ofToken(made)).not.toMatch(/Vends/);
    // it may assume none of them: the agent does
    expect(ofToken(own)).not.toMatch(/sts:/);
  });

  test("threat 10: stops in AWS what outlives its session, however short all other credentials are", () => {
    expect(all(own, "AWS::Lambda::Function").filter(({ id }) => id.startsWith("AwsStop"))).toHaveLength(1);
    expect(all(made, "AWS::Lambda::Function").filter(({ id }) => id.startsWith("AwsStop"))).toHaveLength(0);
    expect(variablesOf(own, "Publisher")).toMatchObject({ LANYARD_AWS_OWN_ROLES: "true" });
  });
});

describe("a stage without awsCredentials", () => {
  test("has no such function, names its role nowhere, and is otherwise the same", () => {
    expect(JSON.stringify(without)).not.toMatch(/eu-west-1-credentials|LANYARD_AWS_/);
    const types = (of: typeof without) =>
      Object.values(of).flatMap(({ Resources }) =>
        Object.entries(Resources).map(([id, { Type }]) => `${Type} ${id.replace(/[0-9A-F]{8}$/, "")}`),
      );
    const same = synthesized({ ...bare, awsCredentials: { accounts: [account] } }).templates;
    const more = types(same).filter((one) => !types(without).includes(one));
    expect(
      more.every((one) => /^AWS::(Lambda|IAM|Logs|CloudWatch)::\w+ Credentials/.test(one)),
      more.join("\n"),
    ).toBe(true);
    expect(more.length).toBeGreaterThan(4);
  });
});

describe("the setting awsCredentials", () => {
  const settings = (awsCredentials: unknown) => () => stageOf("dev", { awsCredentials });
  test("defaults to a minute", () => {
    expect(settings({ accounts: [account] })().awsCredentials).toEqual({
      ...{ accounts: [account], lifeSeconds: 60, webIdentity: false },
    });
    expect(settings(undefined)().awsCredentials).toBeUndefined();
  });

  test.each([
    ["no accounts", { accounts: [] }, "awsCredentials.accounts: must be a list of 1 to 50"],
    ["all accounts", { accounts: ["*"] }, "awsCredentials.accounts.0: must be the account's twelve digits"],
    ["an ARN", { accounts: ["arn:aws:iam::111122223333:root"] }, "awsCredentials.accounts.0"],
    ["a number", { accounts: [111122223333] }, "awsCredentials.accounts.0"],
    ["one twice", { accounts: [account, account] }, `awsCredentials.accounts: ${account} is named twice`],
    [
      "no life",
      { accounts: [account], lifeSeconds: 0 },
      "awsCredentials.lifeSeconds: must be a whole number from 1 to 900",
    ],
    ["an hour", { accounts: [account], lifeSeconds: 3_600 }, "awsCredentials.lifeSeconds"],
    ["a word for yes", { accounts: [account], webIdentity: "yes" }, "awsCredentials.webIdentity"],
    ["true", true, "awsCredentials: must be an object"],
    ["a word that there is not", { accounts: [account], role: "x" }, "awsCredentials.role: there is no such setting"],
  ])("refuses %s", (_, given, message) => {
    expect(settings(given)).toThrow(message);
  });

  test("goes with nonces at its endpoint, which without it nobody could demand", () => {
    const nonces = { dpopNonces: ["credentials"] };
    expect(() => stageOf("dev", nonces)).toThrow("dpopNonces: there is no endpoint credentials without awsCredentials");
    expect(stageOf("dev", { ...nonces, awsCredentials: { accounts: [account] } }).dpopNonces).toEqual(["credentials"]);
  });
});
