import { App, CfnOutput, Stack } from "aws-cdk-lib";
import { AttributeType, TableV2 } from "aws-cdk-lib/aws-dynamodb";
import { ArnPrincipal, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { Bucket } from "aws-cdk-lib/aws-s3";
import { type DeployedLanyard, TargetRole } from "../../../lib/index.ts";

/** A team's CDK app, run as one: a bucket, a table, and a target role that may use both. */

interface Team {
  readonly outdir: string;
  readonly account: string;
  readonly lanyard: DeployedLanyard;
  /** ARN of the one session that the bucket's owner, careless, lets read everything. */
  readonly sessionArn: string;
}

const { outdir, account, lanyard, sessionArn } = JSON.parse(process.argv[2] ?? "") as Team;
const app = new App({ outdir });
const stack = new Stack(app, "Team", { env: { account, region: lanyard.region } });
const bucket = new Bucket(stack, "Bucket", { bucketName: "tickets" });
const table = new TableV2(stack, "Table", {
  tableName: "items",
  partitionKey: { name: "id", type: AttributeType.STRING },
});
const target = new TargetRole(stack, "Files", { lanyard, agents: ["planner"], roleName: "Files" });
bucket.grantReadWrite(target);
table.grantReadWriteData(target);
bucket.addToResourcePolicy(
  new PolicyStatement({
    principals: [new ArnPrincipal(sessionArn)],
    actions: ["s3:GetObject"],
    resources: [bucket.arnForObjects("*")],
  }),
);
new CfnOutput(stack, "RoleArn", { value: target.roleArn });
app.synth();
