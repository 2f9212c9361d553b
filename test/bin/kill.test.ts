import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadProfile } from "../../bin/lanyard/deployment/profile.ts";
import { openDeployment } from "./deployment.ts";

let deployment: Awaited<ReturnType<typeof openDeployment>>;
beforeEach(async () => {
  deployment = await openDeployment();
});
afterEach(() => deployment.close());

const url = (name: string) => `https://${name}.lambda-url.eu-west-1.on.aws/`;
const tables = {
  RevocationsTable: "State-Revocations1",
  OutboxTable: "State-Outbox1",
  RegistryTable: "State-Registry1",
  SubjectsTable: "State-Subjects1",
};
const outputs = {
  TrustDomain: "prod.example",
  Region: "eu-west-1",
  ...tables,
  OperatorKillRole: "arn:aws:iam::111122223333:role/lanyard-prod-eu-west-1-operator-kill",
  OcsfVersion: "1.9.0",
  IssuerUrl: url("iss"),
  AdminRevokeUrl: url("rev"),
  AdminWriteUrl: url("wri"),
  AdminReadUrl: url("rea"),
};

async function profileOf(values: object) {
  const file = join(deployment.folder, "outputs.json");
  await writeFile(file, JSON.stringify({ "lanyard-prod-state": values }));
  const { dynamo, ...profile } = await loadProfile({ outputs: file }, {}, deployment.folder);
  dynamo.destroy();
  return profile;
}

describe("lanyard kill", () => {
  const whole = [["agent", "planner"], ["principal", `p_${"a".repeat(32)}`], ["build", "sha256:4d7a"], ["everything"]];

  test.each(whole)(
    "%s asks nothing where the stage names nobody who may, and says what is missing",
    async (...target) => {
      const ended = await deployment.lanyard(["kill", ...target, "--reason", "r", "--yes"]);
      expect(ended).toMatchObject({ code: 2, out: "", err: expect.stringContaining("operators.kill of the stage") });
      expect(deployment.asked).toEqual([]);
    },
  );

  test.each(whole)("%s is not done where another deployment may be meant", async (...target) => {
    const env = { AWS_PROFILE: "prod" };
    const ended = await deployment.lanyard(["kill", ...target, "--reason", "r", "--yes"], { env });
    expect(ended).toMatchObject({ code: 2, err: expect.stringContaining("say --profile local") });
  });

  test.each([["kill"], ["kill", "session", "A".repeat(22)], ["kill", "agent"]])(
    "%s %s is called wrong",
    async (...args) => {
      expect((await deployment.lanyard(args.filter((one) => one !== undefined))).code).toBe(2);
    },
  );

  test("has what it needs from the stacks' outputs, all of it or none", async () => {
    expect((await profileOf(outputs)).kill).toEqual({
      role: outputs.OperatorKillRole,
      ocsf: "1.9.0",
      revocations: "State-Revocations1",
      outbox: "State-Outbox1",
      registry: "State-Registry1",
      subjects: "State-Subjects1",
    });
    for (const missing of ["OperatorKillRole", "OcsfVersion", ...Object.keys(tables)])
      expect((await profileOf({ ...outputs, [missing]: undefined })).kill).toBeUndefined();
  });

  test("is in a Region also where the functions' addresses name none", async () => {
    const own = "https://id.example";
    expect((await profileOf({ ...outputs, IssuerUrl: own })).region).toBe("eu-west-1");
  });
});
