import { readFileSync } from "node:fs";
import { join } from "node:path";
import { App, type CfnElement, Stack } from "aws-cdk-lib";
import { Bucket } from "aws-cdk-lib/aws-s3";
import { expect, test } from "vitest";
import { TargetRole } from "../../../lib/index.ts";
import { validates } from "./ground.ts";

const file = join(import.meta.dirname, "../../../examples/target-role/template.json");

/** The example as CDK would write it, under the names that the example gives. */
function synthesized(): unknown {
  validates(false);
  const app = new App({ analyticsReporting: false });
  const stack = new Stack(app, "Archive", { env: { account: "111122223333", region: "eu-west-1" } });
  const bucket = new Bucket(stack, "Files", { bucketName: "support-desk-archive" });
  const lanyard = { account: "111122223333", region: "eu-west-1", stage: "local", trustDomain: "lanyard.local" };
  const role = new TargetRole(stack, "Target", {
    lanyard,
    agents: ["planner", "researcher"],
    stopWriter: false,
    roleName: "ticket-archive",
  });
  bucket.grantRead(role);
  for (const [element, name] of [
    [bucket, "Files"],
    [role.grant, "Grant"],
    [role.role, "Role"],
  ] as const)
    (element.node.defaultChild as CfnElement).overrideLogicalId(name);
  const { Resources } = app.synth().getStackByName("Archive").template as { Resources: Record<string, object> };
  return Object.fromEntries(
    Object.entries(Resources).flatMap(([name, { Metadata: _, ...rest }]: [string, { Metadata?: unknown }]) =>
      name === "CDKMetadata" ? [] : [[name, rest]],
    ),
  );
}

test("the example of a role without CDK is what the construct makes, word for word", () => {
  const { Resources } = JSON.parse(readFileSync(file, "utf8")) as { Resources: unknown };
  expect(Resources).toEqual(synthesized());
});
