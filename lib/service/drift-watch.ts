import { createHash } from "node:crypto";
import { Aws, Duration, Lazy, Stack } from "aws-cdk-lib";
import { Rule, Schedule } from "aws-cdk-lib/aws-events";
import { LambdaFunction } from "aws-cdk-lib/aws-events-targets";
import { Policy, PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { CfnFunction } from "aws-cdk-lib/aws-lambda";
import { env } from "../../lambdas/env.ts";
import { allow, allowDataKey, allowTable, inTransaction, rows, rowsInTransaction } from "../function/grant.ts";
import { LanyardFunction } from "../function/lanyard-function.ts";
import type { Ground } from "./ground.ts";

/** How often the watch looks. */
export const driftWatchMinutes = 10;

/**
 * Compares every function and its role's trust with what was deployed, on a schedule: it needs no trail, and no event of
 * IAM's, which reach EventBridge in us-east-1 alone. It has no URL and changes nothing but its own memory.
 * @param watched every other function of the deployment
 */
export function driftWatch(
  { scope, stage, dist, state }: Ground,
  watched: readonly LanyardFunction[],
): LanyardFunction {
  const { tables, keys } = state;
  const made = new LanyardFunction(scope, "DriftWatch", {
    stage,
    dist,
    name: "drift-watch",
    namedRole: "drift-watch",
    description: "Tells of functions that are not what was deployed",
    environment: { tracesTable: tables.traces.tableName, outboxTable: tables.outbox.tableName },
    memoryMegabytes: 512,
    timeoutSeconds: 120,
  });
  const { role } = made;
  const marks = watched.map((one) => ({ name: one.function.functionName, mark: templateMark(one) }));
  // its own settings hold the marks and so change with each of them: its own mark is theirs and its code's. They cannot
  // hold its own name, which is not known before them
  const own = { name: "", mark: ownMark(made, marks) };
  made.function.addEnvironment(
    env.deployedMarks,
    Stack.of(made).toJsonString([...marks, own].map(({ name, mark }) => [name, mark])),
  );
  // it is changed last: whatever was changed after it was not changed by the deployment
  for (const one of watched) if (Stack.of(one) === Stack.of(made)) made.function.node.addDependency(one.function);
  allow(role, ["lambda:GetFunctionConfiguration"], watched.map(arnOf));
  allow(
    role,
    ["iam:GetRole"],
    [...watched, made].map((one) => one.role.roleArn),
  );
  // the function waits for its role's other rights, and this one names the function
  new Policy(made, "OfItself", {
    roles: [role],
    statements: [new PolicyStatement({ actions: ["lambda:GetFunctionConfiguration"], resources: [arnOf(made)] })],
  });
  allowTable(role, tables.traces, ["Query"], rows("deployed"));
  allowTable(role, tables.traces, ["PutItem"], rowsInTransaction("deployed"));
  allowTable(role, tables.outbox, ["PutItem"], inTransaction);
  allowDataKey(role, keys.data);
  new Rule(made, "OnSchedule", {
    description: "Functions and their roles are compared with what was deployed",
    schedule: Schedule.rate(Duration.minutes(driftWatchMinutes)),
    targets: [new LambdaFunction(made.function, { retryAttempts: 2 })],
  });
  return made;
}

/** By name: an ARN from another stack would be a second export. */
const arnOf = ({ function: { functionName } }: LanyardFunction): string =>
  `arn:${Aws.PARTITION}:lambda:${Aws.REGION}:${Aws.ACCOUNT_ID}:function:${functionName}`;

/**
 * What the template says of a function, as one short word: another word is another deployment of it. Rendered at the very
 * end, when nothing of the function changes any more.
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
