import { type GetRoleCommand, IAMClient } from "@aws-sdk/client-iam";
import { type GetFunctionConfigurationCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createControlPlanes } from "../../../lambdas/aws/control-plane/control-planes.ts";
import { createBaselines } from "../../../lambdas/aws/dynamodb/baselines.ts";
import { randomIds } from "../../kit/keys.ts";
import { toRecord } from "../../kit/records.ts";
import { type Cloud, openCloud } from "../tables.ts";

const named = (name: string) => Object.assign(new Error(name), { name });
const configuration = {
  CodeSha256: "c29tZSBjb2Rl",
  Role: "arn:aws:iam::111122223333:role/of/ours",
  LastModified: "2026-11-30T09:24:15.123+0000",
  Handler: "index.handler",
  Runtime: "nodejs24.x",
  Environment: { Variables: { A: "1", B: "2" } },
};

/** Control planes of which Lambda tells `told`, and IAM `trust`; an error is thrown. */
function planes(told: unknown, trust: unknown = "%7B%7D") {
  const asked: string[] = [];
  const answer = (value: unknown) => (value instanceof Error ? Promise.reject(value) : Promise.resolve(value));
  const lambda = Object.assign(new LambdaClient({ region: "eu-west-1" }), {
    send: ({ input }: GetFunctionConfigurationCommand) => {
      asked.push(`function ${input.FunctionName} ${input.Qualifier ?? "as it is"}`);
      return answer(told);
    },
  });
  const iam = Object.assign(new IAMClient({ region: "eu-west-1" }), {
    send: ({ input }: GetRoleCommand) => {
      asked.push(`role ${input.RoleName}`);
      return answer(trust instanceof Error ? trust : { Role: { AssumeRolePolicyDocument: trust } });
    },
  });
  return { find: createControlPlanes(lambda, iam).find, asked };
}

describe("what Lambda and IAM tell of a function", () => {
  test("is its code, role and last change, and whom that role trusts", async () => {
    const { find, asked } = planes(configuration);
    expect(await find("token")).toMatchObject({
      codeSha256: "c29tZSBjb2Rl",
      roleArn: configuration.Role,
      modifiedAtMillis: Date.parse("2026-11-30T09:24:15.123Z"),
      trust: "%7B%7D",
    });
    expect(asked).toEqual(["function token as it is", "role ours"]);
  });

  test.each([
    ["another handler", { Handler: "other.handler" }],
    ["another runtime", { Runtime: "provided.al2023" }],
    ["a layer", { Layers: [{ Arn: "arn:aws:lambda:eu-west-1:999999999999:layer:foreign:1" }] }],
    ["one variable more", { Environment: { Variables: { A: "1", B: "2", AWS_LAMBDA_EXEC_WRAPPER: "/opt/foreign" } } }],
    ["a file system", { FileSystemConfigs: [{ Arn: "arn:aws:elasticfilesystem:x", LocalMountPath: "/mnt/x" }] }],
    ["another network", { VpcConfig: { SubnetIds: ["subnet-1"], SecurityGroupIds: ["sg-1"] } }],
  ])("differs in its settings by %s", async (_, change) => {
    const before = await planes(configuration).find("token");
    const after = await planes({ ...configuration, ...change }).find("token");
    expect(after?.settings).not.toBe(before?.settings);
  });

  test("is the same when AWS moves the runtime's version on, or tells the variables in another order", async () => {
    const before = await planes(configuration).find("token");
    const RuntimeVersionConfig = { RuntimeVersionArn: "arn:aws:lambda:eu-west-1::runtime:next" };
    const Environment = { Variables: { B: "2", A: "1" } };
    const after = await planes({ ...configuration, RuntimeVersionConfig, Environment }).find("token");
    expect(after).toEqual(before);
  });

  test("is nothing of a function that is not there, and no trust of a role that is gone or none of ours", async () => {
    expect(await planes(named("ResourceNotFoundException")).find("token")).toBeUndefined();
    for (const code of ["NoSuchEntity", "NoSuchEntityException", "AccessDenied"])
      expect((await planes(configuration, named(code)).find("token"))?.trust).toBeUndefined();
  });

  test("is an error when they do not answer, or not in full: that says nothing of the function", async () => {
    await expect(planes(named("TooManyRequestsException")).find("token")).rejects.toThrow("TooManyRequests");
    await expect(planes(named("AccessDeniedException")).find("token")).rejects.toThrow("AccessDenied");
    await expect(planes(configuration, named("Throttling")).find("token")).rejects.toThrow("Throttling");
    for (const part of ["CodeSha256", "Role", "LastModified"])
      await expect(planes({ ...configuration, [part]: undefined }).find("token")).rejects.toThrow("incomplete");
  });
});

describe("what is remembered of functions", () => {
  let cloud: Cloud;
  beforeAll(async () => {
    cloud = await openCloud();
  });
  afterAll(() => cloud.close());
  const known = [{ mark: "m", codeSha256: "c", roleArn: "r", settings: "s", atSeconds: 1 }];
  const record = () =>
    toRecord(
      { operation: "deployment.drift", outcome: "allowed", timeMillis: 1, requestId: "r", target: "function:token" },
      randomIds.id(),
    );

  test("comes back as it was kept, and is overwritten by the look that knew it alone", async () => {
    const store = createBaselines(cloud.client, cloud.tables);
    const first = { name: "token", revision: 1, known };
    const drift = { sinceSeconds: 7, mark: "m", told: "why" };
    expect(await store.keep(first, [])).toBe(true);
    const second = { ...first, revision: 2, drift };
    expect((await Promise.all([store.keep(second, [record()]), store.keep(second, [record()])])).sort()).toEqual([
      false,
      true,
    ]);
    expect(await store.all()).toEqual([second]);
  });
});
