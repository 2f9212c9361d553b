import { type App, CfnOutput, Duration, Fn, Stack, type StackProps } from "aws-cdk-lib";
import { Code, FunctionUrlAuthType, Function as LambdaFunction, Runtime } from "aws-cdk-lib/aws-lambda";
import { SqsEventSource } from "aws-cdk-lib/aws-lambda-event-sources";
import { Queue } from "aws-cdk-lib/aws-sqs";
import { AgentRole } from "../../../lib/index.ts";

/** The agents' own stack, as their team deploys it beside Lanyard: a role each, and what they run on. */

interface AgentsProps extends StackProps {
  /** Name of the deployment's stage. */
  readonly stage: string;
  readonly trustDomain: string;
  /** Folder of each function's code. */
  readonly code: Readonly<Record<Hosted, string>>;
}

/** Agents that run in functions. */
export type Hosted = "desk" | "archivist" | "clerk";

export class AgentsStack extends Stack {
  constructor(scope: App, id: string, { stage, trustDomain, code, ...props }: AgentsProps) {
    super(scope, id, props);
    const issuer = Fn.getStackOutput(`lanyard-${stage}-issuer`, "IssuerUrl");
    const roleOf = (name: string) => new AgentRole(this, `${name}-role`, { issuer, roleName: name, path: "/agents/" });
    const functionOf = (name: Hosted) =>
      new LambdaFunction(this, name, {
        runtime: Runtime.NODEJS_24_X,
        handler: "index.handler",
        code: Code.fromAsset(code[name]),
        role: roleOf(name),
        timeout: Duration.seconds(30),
        memorySize: 256,
        environment: { ISSUER: issuer, AGENT: `spiffe://${trustDomain}/agent/${name}` },
      });
    const url = functionOf("desk").addFunctionUrl({ authType: FunctionUrlAuthType.NONE });
    const archivist = functionOf("archivist");
    const work = new Queue(this, "Work", {
      visibilityTimeout: Duration.minutes(3),
      deadLetterQueue: { queue: new Queue(this, "Undone"), maxReceiveCount: 3 },
    });
    archivist.addEventSource(new SqsEventSource(work, { batchSize: 5, reportBatchItemFailures: true }));
    const clerk = functionOf("clerk");
    const planner = roleOf("planner");
    work.grantSendMessages(planner);
    clerk.grantInvoke(planner);
    const names = { ArchivistName: archivist.functionName, ClerkName: clerk.functionName };
    const outputs = { DeskUrl: url.url, WorkUrl: work.queueUrl, ...names };
    for (const [name, value] of Object.entries(outputs)) new CfnOutput(this, name, { value });
  }
}
