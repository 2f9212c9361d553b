import { App, CfnOutput, Stack } from "aws-cdk-lib";
import { AttributeType, TableV2 } from "aws-cdk-lib/aws-dynamodb";
import { ArnPrincipal, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { Bucket } from "aws-cdk-lib/aws-s3";
import { type DeployedLanyard, StopWriter, TargetRole } from "../../../lib/index.ts";
import { AgentsStack, type Hosted } from "./agents-stack.ts";

/** A team's CDK app, run as one: a bucket, a table, target roles that may use both, and perhaps the agents' own stack. */

interface Team {
  readonly outdir: string;
  readonly account: string;
  readonly lanyard: DeployedLanyard;
  /** ARN of the one session that the bucket's owner, careless, lets read everything. */
  readonly sessionArn: string;
  /** Agents that may have each target role, by its name. */
  readonly roles?: Readonly<Record<string, readonly string[]>>;
  /** Objects that a role may use, where it is not all of them, by its name. */
  readonly objects?: Readonly<Record<string, string>>;
  /** Folders of the code of the agents' functions; without them no such stack is made. */
  readonly agents?: Readonly<Record<Hosted, string>>;
}

const {
  outdir,
  account,
  lanyard,
  sessionArn,
  roles = { Files: ["planner"] },
  objects = {},
  agents,
} = JSON.parse(process.argv[2] ?? "") as Team;
const app = new App({ outdir });
const stack = new Stack(app, "Team", { env: { account, region: lanyard.region } });
const bucket = new Bucket(stack, "Bucket", { bucketName: "tickets" });
const table = new TableV2(stack, "Table", {
  tableName: "items",
  partitionKey: { name: "id", type: AttributeType.STRING },
});
const stopWriter = new StopWriter(stack, "Stop", { lanyard });
for (const [roleName, agents] of Object.entries(roles)) {
  const target = new TargetRole(stack, roleName, { lanyard, agents, roleName, stopWriter });
  bucket.grantReadWrite(target, objects[roleName]);
  table.grantReadWriteData(target);
  new CfnOutput(stack, roleName === "Files" ? "RoleArn" : `${roleName}RoleArn`, { value: target.roleArn });
}
bucket.addToResourcePolicy(
  new PolicyStatement({
    principals: [new ArnPrincipal(sessionArn)],
    actions: ["s3:GetObject"],
    resources: [bucket.arnForObjects("*")],
  }),
);
if (agents !== undefined) {
  const { stage, trustDomain = "" } = lanyard;
  new AgentsStack(app, "Agents", { env: { account, region: lanyard.region }, stage, trustDomain, code: agents });
}
app.synth();
