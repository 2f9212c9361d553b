import { App, Fn, Stack } from "aws-cdk-lib";
import { Cluster, ContainerImage, FargateTaskDefinition, LogDrivers } from "aws-cdk-lib/aws-ecs";
import { Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";

const app = new App();
/** What was given by `-c name=value`; throws for what is missing. */
const asked = (name) => app.node.getContext(name);
const { CDK_DEFAULT_ACCOUNT: account, CDK_DEFAULT_REGION: region } = process.env;
const stack = new Stack(app, "Researcher", { env: { account, region } });

new Cluster(stack, "Agents", { clusterName: "agents" });
const taskRole = new Role(stack, "TaskRole", {
  // of its own, and without rights: that it may be assumed by ECS alone is what the evidence stands on
  path: "/agents/",
  roleName: "researcher-task",
  assumedBy: new ServicePrincipal("ecs-tasks.amazonaws.com"),
});
const definition = new FargateTaskDefinition(stack, "Task", {
  family: "researcher",
  cpu: 256,
  memoryLimitMiB: 512,
  taskRole,
});
definition.addContainer("agent", {
  image: ContainerImage.fromAsset(app.node.tryGetContext("code") ?? "."),
  logging: LogDrivers.awsLogs({ streamPrefix: "researcher" }),
  environment: {
    ISSUER: Fn.getStackOutput(`lanyard-${asked("stage")}-issuer`, "IssuerUrl"),
    AGENT: asked("agent"),
    TICKETS: asked("tickets"),
  },
});
