import { createHash } from "node:crypto";
import { Aws, Duration, Lazy, Stack } from "aws-cdk-lib";
import { Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import { Policy } from "aws-cdk-lib/aws-iam";
import type { CfnFunction } from "aws-cdk-lib/aws-lambda";
import type { Construct } from "constructs";
import { allow, type Target } from "../function/grant.ts";
import { LanyardFunction } from "../function/lanyard-function.ts";
import type { ServiceFunctionProps } from "./service-function.ts";

/** How often the watch runs, in minutes. */
export const driftWatchMinutes = 10;

/** Input of the watch. */
interface DriftWatchProps extends ServiceFunctionProps {
  /** Every other function of the deployment. */
  readonly watched: readonly LanyardFunction[];
}

/**
 * Regularly compares every function and its role's trust with what was deployed (threat 45). It needs no trail, and no
 * events of IAM, which reach EventBridge only in us-east-1. It has no URL and changes only its own rows.
 */
export class DriftWatch extends LanyardFunction {
  constructor(scope: Construct, id: string, props: DriftWatchProps) {
    super(scope, id, { ...props, name: "drift-watch" });
    const { watched, state } = props;
    this.tellMarks(watched);
    // it is deployed last, so that a change made after it was not made by the deployment
    for (const one of watched) if (Stack.of(one) === Stack.of(this)) this.function.node.addDependency(one.function);
    this.grantLooking(watched);
    state.tables.grantBaselines(this);
    state.tables.grantRecordsOfChanges(this);
    new Rule(this, "OnSchedule", {
      description: "Functions and their roles are compared with what was deployed",
      schedule: Schedule.rate(Duration.minutes(driftWatchMinutes)),
      targets: [new LambdaFunction(this.function, { retryAttempts: 2 })],
    });
  }

  private tellMarks(watched: readonly LanyardFunction[]): void {
    const marks = watched.map((one) => ({ name: one.function.functionName, mark: templateMark(one) }));
    // its own settings contain the marks of the others and so change with each of them; its own mark is made from these
    // and its code. The settings cannot contain its own name, which is not known before they are
    const own = { name: "", mark: ownMark(this, marks) };
    const pairs = [...marks, own].map(({ name, mark }) => [name, mark]);
    this.tell({ deployedMarks: Stack.of(this).toJsonString(pairs) });
  }

  private grantLooking(watched: readonly LanyardFunction[]): void {
    const why = "compares code and settings with what was deployed";
    const actions = ["lambda:GetFunctionConfiguration"];
    this.grant({ actions, on: watched.map(targetOf), why });
    // of its own: with every function that a stage can have the two together are longer than one policy may be
    const ofRoles = new Policy(this, "OfRoles", { roles: [this.role] });
    const grant = {
      actions: ["iam:GetRole"],
      on: [...watched, this].map(({ node, role }) => ({ name: `role of ${node.id}`, arn: role.roleArn })),
      why: "compares whom each role trusts with what was deployed",
    };
    allow(this.role, grant, ofRoles);
    this.function.node.addDependency(ofRoles);
    // the function waits for its role's other rights; this right names the function, so it is a policy of its own
    const ofItself = new Policy(this, "OfItself", { roles: [this.role] });
    allow(this.role, { actions, on: [targetOf(this)], why }, ofItself);
  }
}

/** The ARN is built from the name, since a reference to the ARN would be a second export of the other stack. */
const targetOf = ({ node, function: { functionName } }: LanyardFunction): Target => ({
  name: node.id,
  arn: `arn:${Aws.PARTITION}:lambda:${Aws.REGION}:${Aws.ACCOUNT_ID}:function:${functionName}`,
});

/**
 * The template's mark of a function, as one short word; another word means another deployment. It is computed last,
 * when nothing of the function changes any more.
 */
const templateMark = (of: LanyardFunction): string =>
  Lazy.string({
    produce: () => {
      const { Resources } = Stack.of(of).resolve((of.function.node.defaultChild as CfnFunction)._toCloudFormation());
      const [properties] = Object.values(Resources as Record<string, { Properties: unknown }>).map((r) => r.Properties);
      return word(JSON.stringify(properties));
    },
  });

const ownMark = (made: LanyardFunction, others: readonly { readonly mark: string }[]): string =>
  Lazy.string({
    produce: () => {
      const stack = Stack.of(made);
      const code = (made.function.node.defaultChild as CfnFunction).code;
      return word(JSON.stringify(stack.resolve([code, others.map(({ mark }) => mark)])));
    },
  });

const word = (text: string): string => createHash("sha256").update(text).digest("base64url").slice(0, 16);
