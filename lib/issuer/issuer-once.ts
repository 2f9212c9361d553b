import { Aws, Fn } from "aws-cdk-lib";
import { CfnManagedPolicy } from "aws-cdk-lib/aws-iam";
import type { Construct } from "constructs";
import { rolesPrefix } from "../function/roles.ts";
import type { Stage } from "../settings/stage.ts";
import { originOfDomain } from "./http-api.ts";

/**
 * Remembers what the issuer is, and refuses a deployment that changes it, since all tokens, and all providers and trust
 * policies elsewhere, would become invalid. It remembers by a policy that is attached to nobody. Its description can
 * only be changed by replacing it, and CloudFormation cannot replace a resource that has a name of its own: such an
 * update fails and is rolled back as a whole.
 */
export function issuerOnce(scope: Construct, stage: Stage): CfnManagedPolicy {
  const kind = stage.domain ? originOfDomain(stage.domain) : "the URL of its discovery function";
  const name = `${rolesPrefix(stage)}issuer`;
  return new CfnManagedPolicy(scope, "IssuerOnce", {
    managedPolicyName: name,
    description: `The issuer of Lanyard ${stage.name} is ${kind}. It never changes: docs/day-two.md`,
    // a policy must have a statement; if somebody attaches it, it denies changing the policy itself
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
