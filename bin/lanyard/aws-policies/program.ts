import { Argument } from "commander";
import type { CommandLine } from "../deployment/command-line.ts";
import { example } from "../terminal/help.ts";
import { type AwsPoliciesOptions, policyNames, runAwsPolicies } from "./command.ts";

const collect = (value: string, all: readonly string[]): readonly string[] => [...all, value];

/** Adds `aws-policies`. */
export function awsPoliciesCommands({ program, terminal }: CommandLine): void {
  example(
    program
      .command("aws-policies")
      .description("print a policy for AWS Organizations that guards the stop, or stops every session at AWS")
      .addArgument(
        new Argument(
          "<policy>",
          "guard: a service control policy, for good; stop: one for an emergency; stop-at-resources: a resource control policy for the same",
        ).choices(policyNames),
      )
      .option("--deployer <arn>", "guard: pattern of a role that deploys; may be repeated", collect, [])
      .option("--issued-before <time>", "only credentials from before: 15m (ago), or a date; all unless it is given")
      .option("--service <name>", "stop-at-resources: a service to close; may be repeated", collect, [])
      .action((name: string, options: AwsPoliciesOptions) => runAwsPolicies(name, options, terminal)),
    "aws-policies guard --deployer 'arn:aws:iam::*:role/cdk-*-cfn-exec-role-*' > guard.json",
    "aws-policies stop --issued-before 2026-12-01T09:30:00Z > stop.json",
    "aws-policies stop-at-resources --service s3 --service dynamodb > stop-at-resources.json",
  );
}
