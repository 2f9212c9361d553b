import { Aws, Fn } from "aws-cdk-lib";
import { CfnManagedPolicy } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import { rolesPrefix } from "../function/roles.ts";
import type { Stage } from "../settings/stage.ts";
import { originOfDomain } from "./http-api.ts";

/**
 * Remembers what the issuer is, and refuses a deployment that makes it something else: tokens, providers and trust policies
 * elsewhere would be void. The memory is a policy that is attached to nobody. Its description can only change by replacing
 * it, and CloudFormation replaces nothing that has a name of its own: such an update fails, and is rolled back as a whole.
 */
export function issuerOnce(scope: Construct, stage: Stage): CfnManagedPolicy {
  const kind = stage.domain ? originOfDomain(stage.domain) : "the URL of its discovery function";
  const name = `${rolesPrefix(stage)}issuer`;
  return new CfnManagedPolicy(scope, "IssuerOnce", {
    managedPolicyName: name,
    description: `The issuer of Lanyard ${stage.name} is ${kind}. It never changes: docs/day-two.md`,
    // a policy must say something; should somebody attach it, they may not rewrite it
    policyDocument: {
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Deny",
          Action: "iam:CreatePolicyVersion",
          Resource: Fn.join("", ["arn:", Aws.PARTITION, ":iam::", Aws.ACCOUNT_ID, `:policy/${name}`]),
        },
      ],
    },
  });
}
