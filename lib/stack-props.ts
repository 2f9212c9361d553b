import type { StackProps } from "aws-cdk-lib";
import type { Stage } from "./settings/stage.ts";

/**
 * Name, place and description of a stack; the Region must be known (a customer-managed table key needs it), the account
 * need not be.
 */
export function stackProps(stage: Stage, part: string, what: string): StackProps {
  return {
    stackName: `lanyard-${stage.name}-${part}`,
    description: `Lanyard ${stage.name}: ${what}`,
    env: { region: stage.region, ...(stage.account && { account: stage.account }) },
    tags: { "lanyard:stage": stage.name },
  };
}
